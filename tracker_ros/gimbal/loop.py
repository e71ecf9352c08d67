# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The closed loop in numbers: chase, camera, controller and gimbal in one process, without images."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from tracker_ros.data.chase import AHEAD, DEPRESSION, FIELD_OF_VIEW, Chase, Place
from tracker_ros.gimbal.attitude import Direction, Quaternion, Vector, direction, from_optical, rotate
from tracker_ros.gimbal.controller import Controller
from tracker_ros.gimbal.settings import ControlSettings
from tracker_ros.gimbal.simulated import GimbalModel, SimulatedGimbal
from tracker_ros.optics.camera import Camera

TICK = 0.002
CONTROL_EVERY, ATTITUDE_EVERY = 10, 5  # ticks: 50 Hz and 100 Hz
SIZE = (640, 480)
SETTLING = 2.0
"""Seconds from the start that are not counted: the gimbal turns to the target first."""


@dataclass(frozen=True)
class Conditions:
    """The path between an exposure and the controller.

    Attributes:
        rate: images a second.
        processing: seconds from exposure to detection, of a camera and a tracker that are quick.
        latency: seconds on top of that.
        drops: share of the images that are lost.
        noise: standard deviation of a detection's place, pixels an axis.
    """

    rate: float = 30.0
    processing: float = 0.03
    latency: float = 0.0
    drops: float = 0.0
    noise: float = 1.0


class Pointing(NamedTuple):
    """Statistics of how well a target was kept in the middle.

    Attributes:
        rms_deg, rms_px: of the angle between optical axis and line of sight, and of the target's distance
            from the image's middle.
        in_view: share of the exposures with the target's middle inside the image.
        losses: how often it left the image.
    """

    rms_deg: float
    rms_px: float
    in_view: float
    losses: int


def pinhole(width: int, height: int, field_of_view: float) -> Camera:
    """Return a camera without distortion, of a horizontal field of view in radians."""
    focal = width / 2 / math.tan(field_of_view / 2)
    return Camera(focal, focal, width / 2, height / 2)


def line_of_sight(chase: Chase, t: float) -> Direction:
    """Return the line from the drone to the vehicle, over a straight road along the x axis."""
    return direction(_between(chase.drone(t), chase.vehicle(t)))


def pixel(camera: Camera, attitude: Quaternion, seen: Direction) -> tuple[float, float] | None:
    """Project a direction into the image of a pinhole camera; None behind it."""
    level = math.cos(seen.elevation)
    v = (level * math.cos(seen.azimuth), level * math.sin(seen.azimuth), -math.sin(seen.elevation))
    forward, right, down = rotate(attitude._replace(w=-attitude.w), v)
    if forward <= 0:
        return None
    return camera.cx + camera.fx * right / forward, camera.cy + camera.fy * down / forward


def summarize(errors: Sequence[tuple[float, float]], inside: Sequence[bool]) -> Pointing:
    """Summarize exposures: (angle in radians, pixels) of each, and whether the image showed the target.

    Raises:
        ValueError: without any.
    """
    if not errors:
        raise ValueError("no exposure to judge the pointing by")
    angle, distance = np.sqrt(np.mean(np.square(errors), axis=0)).tolist()
    losses = sum(before and not now for before, now in zip(inside, inside[1:], strict=False))
    return Pointing(math.degrees(angle), distance, float(np.mean(inside)), losses)


def fly(
    settings: ControlSettings,
    conditions: Conditions,
    model: GimbalModel | None = None,
    seconds: float = 20.0,
    seed: int = 0,
) -> Pointing:
    """Chase a dodging vehicle with a simulated gimbal; the target is seen only inside the image."""
    rng = np.random.default_rng([seed, 2])
    chase, camera = Chase(seed), pinhole(*SIZE, math.radians(FIELD_OF_VIEW))
    gimbal = SimulatedGimbal(model or GimbalModel(), AHEAD, -DEPRESSION)
    controller = Controller(settings)
    arriving: deque[tuple[float, float, float, float]] = deque()
    errors, inside, exposures = [], [], 0
    for tick in range(round(seconds / TICK)):
        now = tick * TICK
        gimbal.advance(now)
        if tick % ATTITUDE_EVERY == 0:
            controller.attitudes.add(now, gimbal.attitude)
        if now * conditions.rate >= exposures:
            exposures += 1
            at = pixel(camera, gimbal.attitude, line_of_sight(chase, now)) or (math.inf, math.inf)
            shown = 0 <= at[0] <= SIZE[0] and 0 <= at[1] <= SIZE[1]
            if now >= SETTLING:
                errors.append(_error(camera, at))
                inside.append(shown)
            noise, lost = rng.normal(0, conditions.noise, 2), rng.random() < conditions.drops
            if shown and not lost:
                due = now + conditions.processing + conditions.latency
                arriving.append((due, now, at[0] + noise[0], at[1] + noise[1]))
        while arriving and arriving[0][0] <= now:
            _, exposed, x, y = arriving.popleft()
            attitude = controller.attitudes.at(exposed)
            if attitude is not None:
                controller.sight.observe(exposed, direction(rotate(attitude, from_optical(camera.ray(x, y)))))
        if tick % CONTROL_EVERY == 0:
            gimbal.command(now, controller.step(now, CONTROL_EVERY * TICK))
    return summarize(errors, inside)


def _error(camera: Camera, at: tuple[float, float]) -> tuple[float, float]:
    """Return the angle (radians) and distance (pixels) from the optical axis.

    Out of sight counts as 90 degrees.
    """
    distance = math.hypot(at[0] - camera.cx, at[1] - camera.cy)
    return math.atan(distance / camera.fx), min(distance, 2.0 * SIZE[0])


def _between(eye: Place, target: Place) -> Vector:
    a, b, c = (there - here for there, here in zip(target, eye, strict=True))
    return a, b, c
