# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Cutting exemplar and search crops out of images, with the box in crop pixels."""

from __future__ import annotations

import math

import cv2
import numpy as np
import numpy.typing as npt

from tracker_ros.training.contract import PairSpec

Image = npt.NDArray[np.uint8]
Array = npt.NDArray[np.float64]

_BORDERS = {"replicate": cv2.BORDER_REPLICATE, "mean": cv2.BORDER_CONSTANT, "zero": cv2.BORDER_CONSTANT}


def exemplar_extent(spec: PairSpec, w: float, h: float) -> Array:
    """Return [2] width and height in image pixels of the exemplar crop around a box of w x h.

    Raises:
        ValueError: for a context that `PairSpec` does not describe.
    """
    if spec.context == "siamfc":
        margin = spec.amount * (w + h)
        return np.full(2, math.sqrt((w + margin) * (h + margin)))
    if spec.context == "padding":
        return np.array([w, h]) * (1 + spec.amount)
    if spec.context == "area":
        return np.full(2, spec.amount * math.sqrt(w * h))
    raise ValueError(f"unknown context '{spec.context}'; use 'siamfc', 'padding' or 'area'")


def cut(
    image: Image, box: Array, spec: PairSpec, side: int, shift: Array | None = None, scale: float = 1.0
) -> tuple[Image, Array]:
    """Return a crop [side, side, 3] around a box (cx, cy, w, h), and the box in its pixels.

    Args:
        image: RGB uint8 [H, W, 3].
        shift: [2] where the target's centre lies relative to the crop's middle, in crop pixels.
        scale: size of the target relative to what the spec gives it.
    """
    zoom = scale * spec.exemplar / exemplar_extent(spec, box[2], box[3])
    middle = np.full(2, side / 2) + (0 if shift is None else shift)
    matrix = np.column_stack([np.diag(zoom), middle - zoom * box[:2]])
    fill = tuple(image.mean(axis=(0, 1)).tolist()) if spec.border == "mean" else (0.0, 0.0, 0.0)
    crop = warp(image, matrix, (side, side), _BORDERS[spec.border], fill)
    return crop, np.concatenate([middle, box[2:] * zoom])


def warp(
    source: Image,
    matrix: Array,
    size: tuple[int, int],
    border: int = cv2.BORDER_CONSTANT,
    fill: tuple[float, ...] = (0.0, 0.0, 0.0, 0.0),
) -> Image:
    """Warp `source` by a [2, 3] matrix (source to destination, corner convention) to a size (width, height).

    Where it shrinks by more than two, whole blocks are averaged first, so that detail does not alias.
    """
    zoom = math.sqrt(abs(float(np.linalg.det(matrix[:, :2]))))
    if zoom < 0.5:
        block = int(1 / zoom)
        small = (max(1, source.shape[1] // block), max(1, source.shape[0] // block))
        ratio = np.array([source.shape[1] / small[0], source.shape[0] / small[1]])
        source = np.asarray(cv2.resize(source, small, interpolation=cv2.INTER_AREA), np.uint8)
        matrix = np.column_stack([matrix[:, :2] * ratio, matrix[:, 2]])
    # OpenCV counts from the centre of the first pixel, this package from its corner.
    shifted = matrix.copy()
    shifted[:, 2] += matrix[:, :2] @ [0.5, 0.5] - 0.5
    flags = {"flags": cv2.INTER_LINEAR, "borderMode": border, "borderValue": fill}
    warped = cv2.warpAffine(source, shifted, size, **flags)
    return np.asarray(warped, np.uint8)
