# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Photographs and cut-outs on disk, for synthesis."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from tracker_ros.data.decoding import DecodeError, inspect
from tracker_ros.data.readers import IMAGE_SUFFIXES, files_below
from tracker_ros.data.sequence import DataError
from tracker_ros.data.text import read_text
from tracker_ros.training.clips import LeftOut, each_image
from tracker_ros.training.cropping import Image
from tracker_ros.training.synthesis import Cutout

#: Cut-outs are kept at this size: crops show targets smaller than this.
LARGEST_SIDE = 192
SMALLEST_SIDE = 12


def image_files(root: Path) -> list[Path]:
    """Return the image files under a folder, sorted.

    Raises:
        DataError: when there is none.
    """
    files = files_below(root, IMAGE_SUFFIXES)
    if not files:
        raise DataError(f"no images under {root}")
    return files


def read_photos(root: Path) -> list[Image]:
    """Read all photographs under a folder, RGB.

    Files that cannot be used are left out and named in the log.
    """
    return [image for _, image in each_image(image_files(root), root)]


def stamps(root: Path) -> list[Cutout]:
    """Read cut-outs from images with an alpha channel (PNG); the folder names the group."""
    found, left_out = [], LeftOut(root)
    for path in image_files(root):
        image = _with_alpha(path)
        if image is not None and image.ndim == 3 and image.shape[2] == 4 and image.dtype == np.uint8:
            found += trimmed(np.ascontiguousarray(image[..., [2, 1, 0, 3]]), f"stamp:{path.parent.name}")
        else:
            left_out.add(f"{path} is no 8-bit image with an alpha channel")
    left_out.tell()
    return found


def _with_alpha(path: Path) -> Image | None:
    """Return an image with the channels that it has, in OpenCV's order; None for what cannot be decoded."""
    data = np.fromfile(path, np.uint8)
    try:
        inspect(data)
    except DecodeError:
        return None
    return cv2.imdecode(data, cv2.IMREAD_UNCHANGED)


def polygons(root: Path) -> list[Cutout]:
    """Cut objects out of photographs by YOLO's polygon labels beside them; the class names the group."""
    found = []
    labelled = (path for path in image_files(root) if path.with_suffix(".txt").is_file())
    for path, image in each_image(labelled, root):
        height, width = image.shape[:2]
        label = path.with_suffix(".txt")
        for line in read_text(label).splitlines():
            kind, *values = line.split() or [""]
            if len(values) < 6:
                continue
            points = _points(values, label) * [width, height]
            alpha = np.zeros((height, width), np.uint8)
            fixed = np.round((points - 0.5) * 16).astype(np.int32)
            cv2.fillPoly(alpha, [fixed], 255, cv2.LINE_AA, shift=4)
            found += trimmed(np.dstack([image, alpha]), f"class:{kind}")
    return found


def _points(values: list[str], label: Path) -> npt.NDArray[np.float64]:
    try:
        return np.array([float(value) for value in values]).reshape(-1, 2)
    except ValueError as error:
        raise DataError(f"{label}: {' '.join(values)[:60]!r} is no polygon") from error


def segmented(root: Path, side: int = 256) -> list[Cutout]:
    """Cut out what stands in the middle of photographs, by GrabCut; each its own group.

    Only segments are kept that look like an object: one piece, 5 to 60 per cent of the photograph.

    Args:
        side: photographs are shrunk to this size first; GrabCut's time grows with their area.
    """
    found = []
    for path, image in each_image(image_files(root), root):
        zoom = min(1.0, side / max(image.shape[:2]))
        small = cv2.resize(image, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_AREA)
        # Its histograms are of OpenCV's order of colours.
        alpha = _grab_cut(np.ascontiguousarray(small[..., ::-1]))
        if alpha is not None:
            found += trimmed(np.dstack([small, alpha]), f"photo:{path.stem}")
    return found


def _grab_cut(image: Image) -> Image | None:
    height, width = image.shape[:2]
    mask = np.zeros((height, width), np.uint8)
    middle = (round(0.08 * width), round(0.08 * height), round(0.84 * width), round(0.84 * height))
    try:
        cv2.grabCut(image, mask, middle, np.zeros((1, 65)), np.zeros((1, 65)), 4, cv2.GC_INIT_WITH_RECT)
    except cv2.error:  # an image of one colour has no two models
        return None
    inside = np.isin(mask, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.uint8)
    inside = cv2.morphologyEx(inside, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(inside)
    if count < 2:
        return None
    largest = 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())
    area = stats[largest, cv2.CC_STAT_AREA]
    filled = area / (stats[largest, cv2.CC_STAT_WIDTH] * stats[largest, cv2.CC_STAT_HEIGHT])
    if not 0.05 <= area / (height * width) <= 0.6 or filled < 0.3:
        return None
    soft = cv2.GaussianBlur((labels == largest).astype(np.float32), (3, 3), 0)
    return np.asarray(soft * 255, np.uint8)


def trimmed(rgba: Image, group: str) -> list[Cutout]:
    """Return the cut-out without its empty margin, shrunk to `LARGEST_SIDE`; nothing if it is too small."""
    rows, columns = np.nonzero(rgba[..., 3] > 127)
    if len(rows) == 0:
        return []
    part = rgba[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    if min(part.shape[:2]) < SMALLEST_SIDE:
        return []
    zoom = LARGEST_SIDE / max(part.shape[:2])
    if zoom < 1:
        # Colours are averaged by weight of their alpha, or the margin's colour would bleed in.
        weighted = part.astype(np.float32)
        weighted[..., :3] *= weighted[..., 3:] / 255
        size = (max(2, round(part.shape[1] * zoom)), max(2, round(part.shape[0] * zoom)))
        weighted = cv2.resize(weighted, size, interpolation=cv2.INTER_AREA)
        weighted[..., :3] /= np.maximum(weighted[..., 3:] / 255, 1e-3)
        part = np.clip(weighted, 0, 255).astype(np.uint8)
    if min(part.shape[:2]) < SMALLEST_SIDE:
        return []
    return [Cutout.from_rgba(np.ascontiguousarray(part), group)]
