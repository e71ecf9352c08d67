# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Small pictures of vehicles and people seen from above, and how they are laid over a frame.

Sprites live in their own plane: x forward, y to the right, origin at the middle, metres. Colours are
RGB in [0, 255]; a sprite's colour is premultiplied by its alpha.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple, TypeVar

import cv2
import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
Color = tuple[float, float, float]
Pixel = TypeVar("Pixel", np.uint8, np.float32)

_SUPERSAMPLING = 4


class Sprite(NamedTuple):
    """A picture of one object.

    Attributes:
        rgba: [h, w, 4] float32, premultiplied RGB in [0, 255] and alpha in [0, 1].
        outline: [n, 2] metres, the convex polygon that bounds the object.
        resolution: pixels per metre of `rgba`.
        height: metres above the ground, which sets the length of the shadow.
    """

    rgba: npt.NDArray[np.float32]
    outline: FloatArray
    resolution: float
    height: float


def affine(scale: float, angle: float, dx: float, dy: float) -> FloatArray:
    """Return [3, 3] matrix: scale, then rotate by `angle` (x towards y, radians), then move."""
    c, s = scale * math.cos(angle), scale * math.sin(angle)
    return np.array([[c, -s, dx], [s, c, dy], [0.0, 0.0, 1.0]])


def transform(matrix: FloatArray, points: FloatArray) -> FloatArray:
    """Map points [n, 2] through a [3, 3] homography."""
    moved = points @ matrix[:2, :2].T + matrix[:2, 2]
    return moved if _is_affine(matrix) else moved / (points @ matrix[2:, :2].T + matrix[2, 2])


def warp(
    source: npt.NDArray[Pixel], matrix: FloatArray, width: int, height: int, endless: bool = False
) -> npt.NDArray[Pixel]:
    """Warp `source` through `matrix` (source to destination, corner convention) in a new image.

    Beyond its border lies nothing or, where it is `endless`, its other side.

    OpenCV counts from the centre of the first pixel and this package from its corner, hence the half
    pixel on either side.
    """
    half = affine(1.0, 0.0, 0.5, 0.5)
    centred = np.linalg.inv(half) @ matrix @ half
    warped: npt.NDArray[Pixel]
    border = cv2.BORDER_WRAP if endless else cv2.BORDER_CONSTANT
    how = {"flags": cv2.INTER_LINEAR, "borderMode": border}
    if _is_affine(matrix):
        warped = cv2.warpAffine(source, centred[:2], (width, height), **how)
    else:
        warped = cv2.warpPerspective(source, centred, (width, height), **how)
    return warped


def _is_affine(matrix: FloatArray) -> bool:
    return bool(matrix[2, 0] == 0 and matrix[2, 1] == 0 and matrix[2, 2] == 1)


class _Canvas:
    """Draws polygons in metres and antialiases by averaging a larger picture."""

    def __init__(self, length: float, width: float, resolution: float, margin: float = 0.2) -> None:
        self.scale = resolution * _SUPERSAMPLING
        shape = [math.ceil((size + 2 * margin) * resolution) * _SUPERSAMPLING for size in (width, length)]
        self.rgb = np.zeros((*shape, 3), np.float32)
        self.alpha = np.zeros(shape, np.float32)
        self.middle = np.array([shape[1], shape[0]]) / 2

    def pixels(self, points: FloatArray) -> npt.NDArray[np.int32]:
        # cv2 fills a pixel whose centre touches the polygon; 4 fractional bits keep the edge exact.
        return np.round((points * self.scale + self.middle - 0.5) * 16).astype(np.int32)

    def polygon(self, points: FloatArray, color: Color) -> None:
        at = [self.pixels(points)]
        cv2.fillPoly(self.rgb, at, color, shift=4)
        cv2.fillPoly(self.alpha, at, 1.0, shift=4)

    def shade(self, gain: npt.NDArray[np.float32]) -> None:
        self.rgb *= gain[..., None]

    def sprite(self, outline: FloatArray, resolution: float, height: float) -> Sprite:
        rgba = np.dstack([self.rgb * self.alpha[..., None], self.alpha])
        size = rgba.shape[1] // _SUPERSAMPLING, rgba.shape[0] // _SUPERSAMPLING
        small = cv2.resize(rgba, size, interpolation=cv2.INTER_AREA)
        return Sprite(small.astype(np.float32), outline, resolution, height)


def rounded(length: float, width: float, radius: float, taper: float = 0.0) -> FloatArray:
    """Return outline [n, 2] of a rectangle with round corners; `taper` narrows its front by that fraction."""
    corners = []
    for quarter in range(4):
        sx, sy = (1, 1, -1, -1)[quarter], (-1, 1, 1, -1)[quarter]
        turn = np.linspace(0, math.pi / 2, 6) + (quarter - 1) * math.pi / 2
        centre = np.array([sx * (length / 2 - radius), sy * (width / 2 - radius)])
        corners.append(centre + radius * np.stack([np.cos(turn), np.sin(turn)], axis=1))
    points = np.concatenate(corners)
    points[:, 1] *= 1 - taper * np.clip(points[:, 0] / (length / 2), 0, 1)
    return points


def _quad(x0: float, x1: float, y0: float, y1: float) -> FloatArray:
    """Return a trapezium across the vehicle: half width y0 at x0 and y1 at x1."""
    return np.array([[x0, -y0], [x0, y0], [x1, y1], [x1, -y1]])


def vehicle(kind: str, color: Color, resolution: float) -> Sprite:
    """Return a 'car', 'van' or 'truck' of one colour.

    Raises:
        ValueError: for another kind.
    """
    sizes = {"car": (4.6, 1.9, 1.5), "van": (5.4, 2.1, 2.3), "truck": (8.4, 2.5, 3.2)}
    if kind not in sizes:
        raise ValueError(f"vehicle kind '{kind}' is not one of {', '.join(sizes)}")
    length, width, height = sizes[kind]
    canvas = _Canvas(length, width, resolution)
    outline = rounded(length, width, 0.45 if kind == "car" else 0.22, 0.08)
    body = np.array(color)
    canvas.polygon(outline, _color(body * 0.72))
    canvas.polygon(outline * [0.965, 0.90], _color(body))
    if kind == "truck":
        _truck_top(canvas, body, length, width)
    else:
        _cabin(canvas, body, length, width, roof_end=-0.25 if kind == "car" else -0.44)
    # A soft highlight along the left side: the body is curved and the sun stands there.
    across = np.linspace(-1, 1, canvas.alpha.shape[0], dtype=np.float32)[:, None]
    canvas.shade(np.broadcast_to(1.04 - 0.10 * across - 0.06 * across**2, canvas.alpha.shape))
    return canvas.sprite(outline, resolution, height)


def _color(values: FloatArray) -> Color:
    r, g, b = (float(min(max(v, 0.0), 255.0)) for v in values)
    return r, g, b


def _cabin(canvas: _Canvas, body: FloatArray, length: float, width: float, roof_end: float) -> None:
    """Draw windscreen, windows, roof and lights of a car or van."""
    glass, half = (34.0, 42.0, 54.0), width / 2
    front, back = 0.20 * length, roof_end * length
    canvas.polygon(_quad(back - 0.09 * length, front + 0.09 * length, 0.78 * half, 0.84 * half), glass)
    canvas.polygon(_quad(back, front, 0.70 * half, 0.68 * half), _color(body * 1.08 + 8))
    for x in (0.06 * length, -0.10 * length):
        for side in (-1, 1):
            pillar = np.array([[x, 0.66], [x + 0.10, 0.66], [x + 0.10, 0.86], [x, 0.86]]) * [1, side * half]
            canvas.polygon(pillar, _color(body * 0.9))
    for side in (-1, 1):
        lamp = np.array([[0.44, 0.50], [0.475, 0.42], [0.465, 0.74], [0.44, 0.78]]) * [length, side * half]
        canvas.polygon(lamp, (235.0, 235.0, 215.0))
        tail = np.array([[-0.48, 0.45], [-0.46, 0.45], [-0.46, 0.80], [-0.48, 0.78]]) * [length, side * half]
        canvas.polygon(tail, (150.0, 22.0, 18.0))


def _truck_top(canvas: _Canvas, body: FloatArray, length: float, width: float) -> None:
    """Draw the box and the cab of a truck."""
    half = width / 2
    canvas.polygon(_quad(-0.48 * length, 0.22 * length, 0.96 * half, 0.96 * half), (222.0, 222.0, 216.0))
    for rib in np.linspace(-0.44, 0.18, 8) * length:
        canvas.polygon(_quad(rib, rib + 0.06, 0.94 * half, 0.94 * half), (196.0, 196.0, 190.0))
    canvas.polygon(_quad(0.22 * length, 0.245 * length, 0.96 * half, 0.9 * half), (40.0, 40.0, 42.0))
    canvas.polygon(_quad(0.40 * length, 0.45 * length, 0.84 * half, 0.80 * half), (34.0, 42.0, 54.0))


def person(shirt: Color, stride: float, resolution: float) -> Sprite:
    """Return a walker from above; `stride` in [-1, 1] is how far the left leg is in front."""
    canvas = _Canvas(0.9, 0.7, resolution)
    circle = np.stack([np.cos(np.arange(20) * math.pi / 10), np.sin(np.arange(20) * math.pi / 10)], axis=1)
    body = circle * [0.21, 0.34]
    limbs = []
    for side in (-1, 1):
        leg = circle * [0.20, 0.10] + [0.22 * stride * side, 0.11 * side]
        arm = circle * [0.15, 0.08] + [-0.16 * stride * side, 0.29 * side]
        canvas.polygon(leg, (52.0, 54.0, 68.0))
        canvas.polygon(arm, (205.0, 160.0, 130.0))
        limbs += [leg, arm]
    canvas.polygon(body, shirt)
    canvas.polygon(circle * 0.14 + [0.04, 0.0], (58.0, 42.0, 32.0))
    hull = cv2.convexHull(np.concatenate([body, *limbs]).astype(np.float32))[:, 0]
    return canvas.sprite(hull.astype(float), resolution, 1.75)


class Patch(NamedTuple):
    """The part of the image that a drawing touches: rows, columns and their origin."""

    rows: slice
    columns: slice
    x: int
    y: int

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) of the patch, pixels."""
        return self.columns.stop - self.columns.start, self.rows.stop - self.rows.start


def patch_around(points: Sequence[FloatArray], width: int, height: int, margin: int = 3) -> Patch | None:
    """Return the part of a `width` x `height` image that the points [n, 2] cover; None when there is none."""
    everything = np.concatenate(points)
    low = np.floor(everything.min(axis=0)).astype(int) - margin
    high = np.ceil(everything.max(axis=0)).astype(int) + margin
    x0, y0, x1, y1 = max(low[0], 0), max(low[1], 0), min(high[0], width), min(high[1], height)
    if x0 >= x1 or y0 >= y1:
        return None
    return Patch(slice(int(y0), int(y1)), slice(int(x0), int(x1)), int(x0), int(y0))


def polygon_mask(points: FloatArray, patch: Patch) -> npt.NDArray[np.float32]:
    """Return [h, w] float32 in [0, 1]: an antialiased convex polygon in image coordinates, over the patch."""
    width, height = patch.size
    mask = np.zeros((height, width), np.uint8)
    local = np.round((points - [patch.x + 0.5, patch.y + 0.5]) * 16).astype(np.int32)
    cv2.fillConvexPoly(mask, cv2.convexHull(local), 255, cv2.LINE_AA, shift=4)
    return mask.astype(np.float32) / np.float32(255)
