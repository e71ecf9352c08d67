# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The distance of a target: from the depth inside its box, or from the height above flat ground."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from tracker_ros.optics.lens import Vector

INNER = 0.5
"""Share of a box's width and height that depth is taken from: towards its edges it shows the background."""
ENOUGH = 0.1
"""Share of those pixels that must have a depth."""
SHALLOWEST = math.sin(math.radians(1.0))
"""Nearer to the horizon a small error of the attitude is a large one of the distance."""


class NoDistance(ValueError):
    """There is no distance to this target. The message says why."""


def median_depth(depth: npt.NDArray[np.generic], box: tuple[float, float, float, float]) -> float:
    """Return the median of the valid depth in the middle of a box, in the unit of `depth`.

    Args:
        depth: [H, W] along the optical axis, registered to the image of the box; 0, negative and not finite
            are holes (REP 118).
        box: centre, width and height in pixels.

    Raises:
        NoDistance: when fewer than `ENOUGH` of the pixels there have a depth.
    """
    cx, cy, w, h = box
    rows, columns = _span(cy, max(h * INNER, 1.0)), _span(cx, max(w * INNER, 1.0))
    part = np.asarray(depth[rows, columns], dtype=np.float64)
    valid = part[np.isfinite(part) & (part > 0)]
    if valid.size == 0 or valid.size < ENOUGH * part.size:
        share = 100 * valid.size / max(part.size, 1)
        raise NoDistance(f"only {share:.0f} % of the depth image inside the box is valid")
    return float(np.median(valid))


def _span(centre: float, length: float) -> slice:
    """Return the pixels that an interval touches; what lies before the first one is left out."""
    return slice(max(math.floor(centre - length / 2), 0), max(math.ceil(centre + length / 2), 0))


def up_of(tilt: float) -> Vector:
    """Return the upward direction for a camera without roll that looks `tilt` radians below the horizon."""
    return 0.0, -math.cos(tilt), -math.sin(tilt)


def ground_distance(ray: Vector, up: Vector, height: float) -> float:
    """Return the length of a unit `ray` from the camera to flat ground.

    Args:
        ray, up: unit vectors of one frame.
        height: metres of the camera above the ground.

    Raises:
        NoDistance: when the ray does not come down to the ground, or too flat to tell where.
    """
    descent = -sum(a * b for a, b in zip(ray, up, strict=True))
    if descent < SHALLOWEST:
        raise NoDistance("the target is seen at or above the horizon, where no ground is")
    return height / descent
