# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""What a training set consists of: clips, one target each, whose frames are read in any order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.uint8]
Boxes = npt.NDArray[np.float64]

#: A side smaller than this many pixels says nothing about the target.
SMALLEST_SIDE = 4.0


class BadImage(ValueError):
    """A frame that cannot be decoded; the message names the file."""


class Pictures(Protocol):
    """Frames that can be read in any order."""

    def __len__(self) -> int: ...

    def read(self, index: int) -> Image:
        """RGB uint8 [H, W, 3].

        Raises:
            BadImage: when it cannot be decoded.
        """
        ...


@dataclass(frozen=True)
class ImageFiles:
    """Frames stored as one image file each."""

    paths: tuple[Path, ...]

    def __len__(self) -> int:
        return len(self.paths)

    def read(self, index: int) -> Image:
        """Frame `index`, decoded now."""
        image = cv2.imread(str(self.paths[index]), cv2.IMREAD_COLOR)
        if image is None:
            raise BadImage(f"{self.paths[index]} is missing or is no image that OpenCV can read")
        return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)


@dataclass(frozen=True)
class VideoFile:
    """Frames of a video file, found by seeking."""

    path: Path
    count: int

    def __len__(self) -> int:
        return self.count

    def read(self, index: int) -> Image:
        """Frame `index`, decoded now."""
        video = cv2.VideoCapture(str(self.path))
        try:
            video.set(cv2.CAP_PROP_POS_FRAMES, index)
            found, image = video.read()
        finally:
            video.release()
        if not found:
            raise BadImage(f"{self.path}: frame {index} of {self.count} cannot be decoded")
        return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)


def stretch(pictures: Pictures, first: int, count: int) -> Iterator[Image]:
    """Read `count` frames in their order; a video is decoded once and not sought in for each.

    Raises:
        BadImage: when one cannot be decoded.
    """
    if not isinstance(pictures, VideoFile):
        yield from (pictures.read(first + i) for i in range(count))
        return
    video = cv2.VideoCapture(str(pictures.path))
    try:
        video.set(cv2.CAP_PROP_POS_FRAMES, first)
        for index in range(first, first + count):
            found, image = video.read()
            if not found:
                raise BadImage(f"{pictures.path}: frame {index} of {pictures.count} cannot be decoded")
            yield np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)
    finally:
        video.release()


@dataclass(frozen=True)
class Decoded:
    """Frames that lie in memory already."""

    images: tuple[Image, ...]

    def __len__(self) -> int:
        return len(self.images)

    def read(self, index: int) -> Image:
        """Frame `index`."""
        return self.images[index]


@dataclass(frozen=True)
class Clip:
    """One target in one video; a still photograph is a clip of one frame.

    Attributes:
        name: for messages.
        frames: the images.
        boxes: [N, 4] float64 (cx, cy, w, h) in pixels, nan where the target cannot be seen.
        group: recordings of one kind share it, so that no kind need outweigh the others; may be empty.
    """

    name: str
    frames: Pictures
    boxes: Boxes
    group: str = ""

    @cached_property
    def usable(self) -> npt.NDArray[np.intp]:
        """Indices of the frames that show the target with a box of a sensible size."""
        good = np.isfinite(self.boxes).all(1) & (np.nan_to_num(self.boxes[:, 2:]) >= SMALLEST_SIDE).all(1)
        return np.flatnonzero(good)
