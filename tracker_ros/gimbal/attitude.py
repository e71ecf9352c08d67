# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Attitudes as quaternions, their history, and directions in the reference frame."""

from __future__ import annotations

import math
from collections import deque
from typing import NamedTuple

Vector = tuple[float, float, float]


class Quaternion(NamedTuple):
    """Rotation from the camera's body (FRD) to the reference frame; of unit length."""

    w: float
    x: float
    y: float
    z: float


class Direction(NamedTuple):
    """A direction in the reference frame, radians.

    Attributes:
        azimuth: from the frame's x axis to the right, [-pi, pi].
        elevation: above the frame's horizontal plane, [-pi/2, pi/2].
    """

    azimuth: float
    elevation: float


FORWARD: Vector = (1.0, 0.0, 0.0)

BASELINE = 0.015
"""Seconds between two attitudes that a turn is measured over: of a shorter time noise would be most of it."""
LONGEST_TURN = 0.1
"""Seconds that the last turn is taken to go on; after that the last attitude holds."""


def from_yaw_pitch(yaw: float, pitch: float) -> Quaternion:
    """Return the attitude of a gimbal without roll: yaw about the vertical, then pitch."""
    cy, sy, cp, sp = math.cos(yaw / 2), math.sin(yaw / 2), math.cos(pitch / 2), math.sin(pitch / 2)
    return Quaternion(cy * cp, -sy * sp, cy * sp, sy * cp)


def from_optical(ray: Vector) -> Vector:
    """Turn a vector of the optical frame (right, down, forward) into one of the body (FRD)."""
    return ray[2], ray[0], ray[1]


def normalized(w: float, x: float, y: float, z: float) -> Quaternion:
    """Return the quaternion of unit length.

    Raises:
        ValueError: for one of no length, or with a number that is not finite.
    """
    length = math.sqrt(w * w + x * x + y * y + z * z)
    if not 1e-6 < length < math.inf:
        raise ValueError(f"({w:g}, {x:g}, {y:g}, {z:g}) is not an attitude")
    return Quaternion(w / length, x / length, y / length, z / length)


def rotate(q: Quaternion, v: Vector) -> Vector:
    """Rotate `v` from the body to the reference frame.

    ``v + 2 w (u x v) + 2 u x (u x v)`` with u = (x, y, z).
    """
    w, *u = q
    c = _cross(u, v)
    d = _cross(u, c)
    return v[0] + 2 * (w * c[0] + d[0]), v[1] + 2 * (w * c[1] + d[1]), v[2] + 2 * (w * c[2] + d[2])


def direction(v: Vector) -> Direction:
    """Return the direction of a vector of the reference frame; azimuth 0 for one that is vertical."""
    return Direction(math.atan2(v[1], v[0]), math.atan2(-v[2], math.hypot(v[0], v[1])))


def difference(a: float, b: float) -> float:
    """Return the angle from `b` to `a`, in [-pi, pi]."""
    return math.remainder(a - b, 2 * math.pi)


def slerp(a: Quaternion, b: Quaternion, share: float) -> Quaternion:
    """Return the attitude at `share` (0 to 1) of the shortest turn from `a` to `b`, at constant rate."""
    dot = a.w * b.w + a.x * b.x + a.y * b.y + a.z * b.z
    if dot < 0:
        b, dot = Quaternion(-b.w, -b.x, -b.y, -b.z), -dot
    angle = math.acos(min(dot, 1.0))
    if angle < 1e-6:  # the sine would divide by nothing
        first, second = 1 - share, share
    else:
        first = math.sin((1 - share) * angle) / math.sin(angle)
        second = math.sin(share * angle) / math.sin(angle)
    return normalized(*(first * p + second * q for p, q in zip(a, b, strict=True)))


class AttitudeHistory:
    """The attitudes of the last `seconds`, to be asked for the one at an image's exposure.

    Args:
        seconds: how far back; the longest delay of an image.
        reach: seconds by which a question may lie beyond the newest attitude, or before the oldest.
    """

    def __init__(self, seconds: float = 2.0, reach: float = 0.3):
        self._seconds, self._reach = seconds, reach
        self._samples: deque[tuple[float, Quaternion]] = deque()

    def tune(self, seconds: float) -> None:
        """Reach so far back from now on."""
        self._seconds = seconds

    def add(self, stamp: float, attitude: Quaternion) -> None:
        """Append an attitude. A stamp that jumps back starts the history anew; a late one is ignored."""
        samples = self._samples
        if samples and stamp <= samples[-1][0]:
            if samples[-1][0] - stamp < self._seconds:
                return
            samples.clear()
        samples.append((stamp, attitude))
        while samples[0][0] < stamp - self._seconds:
            samples.popleft()

    def at(self, stamp: float) -> Quaternion | None:
        """Return the attitude at a time, interpolated (slerp); None where it is not known.

        Beyond the newest sample the last turn goes on for `LONGEST_TURN`, measured over at least `BASELINE`;
        before the oldest it is the oldest.
        """
        samples = self._samples
        if not samples or not samples[0][0] - self._reach <= stamp <= samples[-1][0] + self._reach:
            return None
        if stamp <= samples[0][0] or len(samples) == 1:
            return samples[0][1]
        if stamp > samples[-1][0]:
            return self._ahead(stamp)
        later = next((i for i in range(len(samples) - 1, 0, -1) if samples[i - 1][0] <= stamp), 1)
        (t0, a), (t1, b) = samples[later - 1], samples[later]
        return slerp(a, b, (stamp - t0) / (t1 - t0))

    def _ahead(self, stamp: float) -> Quaternion:
        """Return the attitude at a time after the newest sample."""
        newest, b = self._samples[-1]
        for oldest, a in reversed(self._samples):
            if newest - oldest >= BASELINE:
                return slerp(a, b, 1 + min(stamp - newest, LONGEST_TURN) / (newest - oldest))
        return b

    def clear(self) -> None:
        """Forget all attitudes."""
        self._samples.clear()


def _cross(a: list[float] | Vector, b: Vector) -> Vector:
    return a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]
