# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""From pixels to bearings: the pinhole with plumb_bob distortion of sensor_msgs/CameraInfo."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from tracker_ros.gimbal.attitude import Vector

_STEPS = 20
_CLOSE_ENOUGH = 1e-12


class CameraError(ValueError):
    """A calibration that cannot be used. The message says what is wrong with it."""


class Camera(NamedTuple):
    """Focal lengths and principal point in pixels, and the distortion k1, k2, p1, p2, k3.

    Pixels count from the *corner* of the first one, as boxes do; CameraInfo counts from its centre.
    """

    fx: float
    fy: float
    cx: float
    cy: float
    distortion: tuple[float, ...] = (0.0,) * 5

    def bearing(self, x: float, y: float) -> Vector:
        """The unit vector (forward, right, down) to a pixel of the image as it was taken.

        Newton's method on the distortion of `distorted`, from the undistorted pinhole.

        Raises:
            CameraError: for a pixel that no direction is seen at, far outside the lens's range.
        """
        u, v = (x - self.cx) / self.fx, (y - self.cy) / self.fy
        a, b = u, v
        for _ in range(_STEPS):
            (p, q), (paa, pab, pba, pbb) = self.distorted(a, b), self._slope(a, b)
            determinant = paa * pbb - pab * pba
            if not determinant > 0:  # beyond the fold of the lens's curve; nan ends here too
                break
            da = ((u - p) * pbb - (v - q) * pab) / determinant
            db = ((v - q) * paa - (u - p) * pba) / determinant
            a, b = a + da, b + db
            if abs(da) + abs(db) < _CLOSE_ENOUGH:
                length = math.sqrt(1 + a * a + b * b)
                return 1 / length, a / length, b / length
        raise CameraError(f"the calibration has no direction for pixel ({x:g}, {y:g})")

    def distorted(self, a: float, b: float) -> tuple[float, float]:
        """Where the lens puts the normalised point (a, b) = (right, down) / forward."""
        k1, k2, p1, p2, k3 = self.distortion
        r2 = a * a + b * b
        radial = 1 + r2 * (k1 + r2 * (k2 + r2 * k3))
        return (
            a * radial + 2 * p1 * a * b + p2 * (r2 + 2 * a * a),
            b * radial + p1 * (r2 + 2 * b * b) + 2 * p2 * a * b,
        )

    def _slope(self, a: float, b: float) -> tuple[float, float, float, float]:
        """The derivatives of `distorted`: of its first value by a and by b, then of its second."""
        k1, k2, p1, p2, k3 = self.distortion
        r2 = a * a + b * b
        radial = 1 + r2 * (k1 + r2 * (k2 + r2 * k3))
        bend = 2 * (k1 + r2 * (2 * k2 + 3 * r2 * k3))
        cross = bend * a * b + 2 * p1 * a + 2 * p2 * b
        return (
            radial + bend * a * a + 2 * p1 * b + 6 * p2 * a,
            cross,
            cross,
            radial + bend * b * b + 6 * p1 * b + 2 * p2 * a,
        )


def read_calibration(
    model: str, d: Sequence[float], k: Sequence[float], p: Sequence[float], rectified: bool
) -> Camera:
    """The camera of a CameraInfo's `distortion_model`, `d`, `k` [9] and `p` [12].

    Args:
        rectified: the images are rectified already (image_rect): P holds for them, without distortion.

    Raises:
        CameraError: for a camera that is not calibrated, or another model of distortion.
    """
    matrix = (p[0], p[5], p[2], p[6]) if rectified else (k[0], k[4], k[2], k[5])
    if not all(map(math.isfinite, (*matrix, *d))) or matrix[0] <= 0 or matrix[1] <= 0:
        raise CameraError("camera_info holds no calibration: its focal length is not a positive number")
    fx, fy, cx, cy = matrix
    if rectified or not any(d):
        return Camera(fx, fy, cx + 0.5, cy + 0.5)
    if model != "plumb_bob" or len(d) > 5:
        raise CameraError(
            f"distortion model '{model}' with {len(d)} coefficients is not plumb_bob with 5: "
            "rectify the images, track in those, and set the parameter rectified"
        )
    return Camera(fx, fy, cx + 0.5, cy + 0.5, (*map(float, d), *(0.0,) * (5 - len(d))))
