# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The distortion models of sensor_msgs/CameraInfo, and the directions behind their distorted points."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

Vector = tuple[float, float, float]

_STEPS = 30
_CLOSE_ENOUGH = 1e-12


class CameraError(ValueError):
    """A calibration that cannot be used, or not for this image or pixel. The message says why."""


class Lens(Protocol):
    """Tells which direction is seen at a point of the image plane at unit distance."""

    def ray(self, u: float, v: float) -> Vector | None:
        """Return a vector (right, down, forward) of any length; None where the lens shows nothing."""
        ...


@dataclass(frozen=True)
class Polynomial:
    """``plumb_bob`` and ``rational_polynomial``: Brown's model as OpenCV's calib3d writes it.

    With a = right / forward, b = down / forward and r^2 = a^2 + b^2 the point appears at

        a' = a R + 2 p1 a b + p2 (r^2 + 2 a^2) + s1 r^2 + s2 r^4
        b' = b R + p1 (r^2 + 2 b^2) + 2 p2 a b + s3 r^2 + s4 r^4
        R = (1 + k1 r^2 + k2 r^4 + k3 r^6) / (1 + k4 r^2 + k5 r^4 + k6 r^6)

    Attributes:
        d: [12] k1, k2, p1, p2, k3, k4, k5, k6, s1, s2, s3, s4.
    """

    d: tuple[float, ...] = (0.0,) * 12

    def ray(self, u: float, v: float) -> Vector | None:
        """Solve `distorted` by Newton's method, from the point without distortion."""
        a, b = u, v
        for _ in range(_STEPS):
            (p, q), (paa, pab, pba, pbb) = self.distorted(a, b), self._slope(a, b)
            determinant = paa * pbb - pab * pba
            if not determinant > 0:  # beyond the fold of the lens's curve; nan ends here too
                return None
            da = ((u - p) * pbb - (v - q) * pab) / determinant
            db = ((v - q) * paa - (u - p) * pba) / determinant
            a, b = a + da, b + db
            if abs(da) + abs(db) < _CLOSE_ENOUGH * (1 + abs(a) + abs(b)):
                return a, b, 1.0
        return None

    def distorted(self, a: float, b: float) -> tuple[float, float]:
        """Distort the normalised point (a, b) as the lens does."""
        _, _, p1, p2, *_, s1, s2, s3, s4 = self.d
        r2 = a * a + b * b
        radial, _ = self._radial(r2)
        return (
            a * radial + 2 * p1 * a * b + p2 * (r2 + 2 * a * a) + r2 * (s1 + r2 * s2),
            b * radial + p1 * (r2 + 2 * b * b) + 2 * p2 * a * b + r2 * (s3 + r2 * s4),
        )

    def _radial(self, r2: float) -> tuple[float, float]:
        """Return R and its derivative by r^2; not a number beyond the denominator's first zero."""
        k1, k2, _, _, k3, k4, k5, k6, *_ = self.d
        above = 1 + r2 * (k1 + r2 * (k2 + r2 * k3))
        below = 1 + r2 * (k4 + r2 * (k5 + r2 * k6))
        if not below > 0:
            return math.nan, math.nan
        slope_above = k1 + r2 * (2 * k2 + 3 * r2 * k3)
        slope_below = k4 + r2 * (2 * k5 + 3 * r2 * k6)
        return above / below, (slope_above * below - above * slope_below) / (below * below)

    def _slope(self, a: float, b: float) -> tuple[float, float, float, float]:
        """Return the derivatives of `distorted`: of its first value by a and by b, then of its second."""
        _, _, p1, p2, *_, s1, s2, s3, s4 = self.d
        r2 = a * a + b * b
        radial, bend = self._radial(r2)
        cross = 2 * bend * a * b + 2 * p1 * a + 2 * p2 * b
        first, second = 2 * (s1 + 2 * r2 * s2), 2 * (s3 + 2 * r2 * s4)
        return (
            radial + 2 * bend * a * a + 2 * p1 * b + 6 * p2 * a + first * a,
            cross + first * b,
            cross + second * a,
            radial + 2 * bend * b * b + 6 * p1 * b + 2 * p2 * a + second * b,
        )


@dataclass(frozen=True)
class Equidistant:
    """``equidistant``: a fisheye lens (Kannala and Brandt 2006), as OpenCV's fisheye module writes it.

    A direction at the angle t from the optical axis appears at the distance
    t (1 + k1 t^2 + k2 t^4 + k3 t^6 + k4 t^8) from its middle.

    Attributes:
        d: [4] k1, k2, k3, k4.
    """

    d: tuple[float, ...]

    def ray(self, u: float, v: float) -> Vector | None:
        """Solve the radius for its angle by Newton's method; up to straight behind the camera."""
        radius = math.hypot(u, v)
        if radius < _CLOSE_ENOUGH:
            return 0.0, 0.0, 1.0
        k1, k2, k3, k4 = self.d
        angle = min(radius, math.pi)
        for _ in range(_STEPS):
            t2 = angle * angle
            seen = angle * (1 + t2 * (k1 + t2 * (k2 + t2 * (k3 + t2 * k4))))
            slope = 1 + t2 * (3 * k1 + t2 * (5 * k2 + t2 * (7 * k3 + t2 * 9 * k4)))
            if not slope > 0:
                return None
            step = (radius - seen) / slope
            angle += step
            if not 0 <= angle <= math.pi:
                return None
            if abs(step) < _CLOSE_ENOUGH * (1 + angle):
                sine = math.sin(angle) / radius
                return u * sine, v * sine, math.cos(angle)
        return None


def make_lens(model: str, d: Sequence[float]) -> Lens:
    """Return the lens of a CameraInfo's `distortion_model` and `d`.

    Raises:
        CameraError: for a model that is not known, or another number of coefficients than it has.
    """
    if not any(d):
        # No coefficients: drivers leave the model empty then, and a fisheye lens has its own curve.
        return Equidistant((0.0,) * 4) if model in FISHEYE and len(d) == 4 else Polynomial()
    if model in FISHEYE and len(d) == 4:
        return Equidistant(tuple(map(float, d)))
    if model == "plumb_bob" and len(d) in (4, 5) or model == "rational_polynomial" and len(d) in (5, 8, 12):
        return Polynomial((*map(float, d), *(0.0,) * (12 - len(d))))
    if model == "rational_polynomial" and len(d) == 14 and not any(d[12:]):
        return Polynomial(tuple(map(float, d[:12])))
    raise CameraError(
        f"distortion model '{model}' with {len(d)} coefficients is none of plumb_bob (5), rational_polynomial"
        " (8 or 12) and equidistant (4): rectify the images, track in those, and set the parameter rectified"
    )


FISHEYE = ("equidistant", "fisheye")
"""The second is what some drivers write for the first."""
