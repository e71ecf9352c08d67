# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""A calibrated camera: from a pixel of its image to the direction that is seen there."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from tracker_ros.optics.lens import CameraError, Lens, Polynomial, Vector, make_lens

_ROTATION_ERROR = 1e-3
"""Calibration files print few digits."""


class Camera(NamedTuple):
    """A camera, and which part of its sensor an image shows.

    Pixels count from the *corner* of the first one, as boxes do; CameraInfo counts from its centre.

    Attributes:
        fx, fy, cx, cy: focal lengths and principal point in pixels of the whole sensor without binning.
        lens: its distortion.
        rotation: [9] row by row, from the lens's axes to those of the frame; None where they are the same.
        size: width and height of the images in pixels; halves where binning does not divide them.
        offset: pixels of the sensor left of and above the image.
        binning: pixels of the sensor in one of the image, across and down.
    """

    fx: float
    fy: float
    cx: float
    cy: float
    lens: Lens = Polynomial()
    rotation: tuple[float, ...] | None = None
    size: tuple[float, float] = (math.inf, math.inf)
    offset: tuple[float, float] = (0.0, 0.0)
    binning: tuple[int, int] = (1, 1)

    def ray(self, x: float, y: float) -> Vector:
        """Return the unit vector (right, down, forward) to a pixel of the image.

        Raises:
            CameraError: for a pixel that no direction is seen at, far outside the lens's range.
        """
        u = (x * self.binning[0] + self.offset[0] - self.cx) / self.fx
        v = (y * self.binning[1] + self.offset[1] - self.cy) / self.fy
        ray = self.lens.ray(u, v)
        if ray is None:
            raise CameraError(f"the calibration has no direction for pixel ({x:g}, {y:g})")
        if self.rotation is not None:
            ray = _turned(self.rotation, ray)
        length = math.sqrt(sum(value * value for value in ray))
        return ray[0] / length, ray[1] / length, ray[2] / length

    def extent(self, width: float, height: float, forward: float) -> tuple[float, float]:
        """Return the metres that so many pixels near the optical axis cover at a distance along it."""
        return (
            width * self.binning[0] / self.fx * forward,
            height * self.binning[1] / self.fy * forward,
        )

    def require_size(self, width: int, height: int) -> None:
        """Raise `CameraError` where an image of this size is not one of this calibration's."""
        if not all(abs(is_ - fits) < 1 for is_, fits in zip((width, height), self.size, strict=True)):
            own = " x ".join(f"{value:g}" for value in self.size)
            raise CameraError(
                f"camera_info is for images of {own} pixels, but the images have {width} x {height}:"
                " it belongs to another camera or resolution"
            )


def read_camera(info: Any, rectified: bool = False) -> Camera:
    """Read a camera from a sensor_msgs/CameraInfo, by attribute only.

    The binning and region of interest are applied to pixels, whose corners they keep. (image_geometry scales
    centres instead, which for 2 x 2 binning moves the direction by a quarter of a pixel of the image.)

    Args:
        info: the message.
        rectified: the images are rectified already (image_rect): P holds for them, without distortion.

    Raises:
        CameraError: for a camera that is not calibrated, or a calibration that contradicts itself.
    """
    k, p = info.k, info.p
    matrix = (p[0], p[5], p[2], p[6]) if rectified else (k[0], k[4], k[2], k[5])
    if not all(map(math.isfinite, (*matrix, *info.d))) or matrix[0] <= 0 or matrix[1] <= 0:
        raise CameraError("camera_info holds no calibration: its focal length is not a positive number")
    fx, fy, cx, cy = matrix
    size, offset, binning = _window(info)
    # Pixels of a rectified image are of the turned camera already.
    lens, rotation = (
        (Polynomial(), None) if rectified else (make_lens(info.distortion_model, info.d), _turn(info.r))
    )
    return Camera(fx, fy, cx + 0.5, cy + 0.5, lens, rotation, size, offset, binning)


def _window(info: Any) -> tuple[tuple[float, float], tuple[float, float], tuple[int, int]]:
    """Return the size and offset of the image on the sensor, and its binning."""
    if info.width <= 0 or info.height <= 0:
        raise CameraError("camera_info does not say how large its images are: width or height is 0")
    roi, binning = info.roi, (max(info.binning_x, 1), max(info.binning_y, 1))
    # Zeros mean the whole sensor.
    width, height = (roi.width, roi.height) if roi.width and roi.height else (info.width, info.height)
    if roi.x_offset + width > info.width or roi.y_offset + height > info.height:
        raise CameraError(
            f"camera_info's region of interest, {width} x {height} pixels at"
            f" ({roi.x_offset}, {roi.y_offset}), reaches over its sensor of {info.width} x {info.height}"
        )
    size = (width / binning[0], height / binning[1])
    return size, (float(roi.x_offset), float(roi.y_offset)), binning


def _turn(r: Sequence[float]) -> tuple[float, ...] | None:
    """Return R if it turns anything; a stereo camera's frame is that of its rectified image."""
    rotation = tuple(map(float, r))
    if not any(rotation) or rotation == (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0):
        return None
    rows = rotation[0:3], rotation[3:6], rotation[6:9]
    for i, one in enumerate(rows):
        for j, other in enumerate(rows):
            product = sum(a * b for a, b in zip(one, other, strict=True))
            if not abs(product - (i == j)) < _ROTATION_ERROR:
                raise CameraError(f"camera_info's matrix R is not a rotation: {list(r)}")
    return rotation


def _turned(r: Sequence[float], v: Vector) -> Vector:
    x, y, z = v
    return (
        r[0] * x + r[1] * y + r[2] * z,
        r[3] * x + r[4] * y + r[5] * z,
        r[6] * x + r[7] * y + r[8] * z,
    )
