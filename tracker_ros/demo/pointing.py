# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Pointing errors of the gimbal, from the target's true places in the images."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rich.table import Table

from tracker_ros.demo.scores import Moment, Summary
from tracker_ros.geometry import Box
from tracker_ros.gimbal.loop import Pointing, summarize
from tracker_ros.optics.camera import Camera


def off_axis(camera: Camera, box: Box) -> float:
    """Return the angle in radians from the optical axis to the middle of a box."""
    right, down, forward = camera.ray(box.cx, box.cy)
    return math.atan2(math.hypot(right, down), forward)


def judge(moments: Sequence[Moment], camera: Camera) -> Pointing:
    """Return the pointing over the images of a flight, those that the tracker never saw included.

    Raises:
        ValueError: when no image has a known target.
    """
    known = [(moment.off_axis, moment.truth) for moment in moments if moment.truth is not None]
    errors = [(angle, math.hypot(box.cx - camera.cx, box.cy - camera.cy)) for angle, box in known]
    # The simulated camera's optical axis goes through the middle of its images.
    inside = [0 <= box.cx <= 2 * camera.cx and 0 <= box.cy <= 2 * camera.cy for _, box in known]
    return summarize(errors, inside)


def add_rows(table: Table, pointing: Pointing, summary: Summary) -> None:
    """Add the pointing to the table at the end of a flight."""
    lost = sum(change.state == "LOST" for change in summary.changes)
    table.add_section()
    table.add_row("pointing error, RMS", f"{pointing.rms_deg:.2f} deg, {pointing.rms_px:.1f} px")
    table.add_row("target in view", f"{pointing.in_view:.1%}")
    table.add_row("losses", f"{pointing.losses} from the image, {lost} by the tracker")
