# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Clips: the parts of a training set, one target each, whose frames are read in any order."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
import numpy.typing as npt

from tracker_ros.data.sequence import DataError, Frames, ImageFrames, VideoFrames, opened_video, read_image

Image = npt.NDArray[np.uint8]
Boxes = npt.NDArray[np.float64]
_log = logging.getLogger(__name__)

#: A side smaller than this many pixels says nothing about the target.
SMALLEST_SIDE = 4.0


class BadImage(ValueError):
    """A frame that cannot be decoded; the message names the file."""


class LeftOut:
    """Counts the files that cannot be used, and names the first of them in the log.

    Args:
        where: the folder that they are in.
    """

    def __init__(self, where: Path):
        self._where, self._count, self._first = where, 0, ""

    def add(self, why: str) -> None:
        """Note a file that is left out, by why."""
        self._first, self._count = self._first or why, self._count + 1

    def tell(self) -> None:
        """Report how many there were, if any."""
        if self._count:
            _log.warning("%s: %d files left out, the first: %s", self._where, self._count, self._first)


def each_image(paths: Iterable[Path], root: Path) -> Iterator[tuple[Path, Image]]:
    """Read images, RGB uint8 [H, W, 3]; those that cannot be used are counted and named in the log."""
    left_out = LeftOut(root)
    for path in paths:
        try:
            image = read_image(path)
        except DataError as error:
            left_out.add(str(error))
        else:
            yield path, image
    left_out.tell()


class Pictures(Protocol):
    """Frames that can be read in any order."""

    def __len__(self) -> int: ...

    def read(self, index: int) -> Image:
        """Return RGB uint8 [H, W, 3].

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

    def path(self, index: int) -> Path:
        """Return the file of a frame."""
        return self.paths[index]

    def read(self, index: int) -> Image:
        """Return the frame `index`, decoded now."""
        try:
            return read_image(self.path(index))
        except DataError as error:
            raise BadImage(str(error)) from error


@dataclass(frozen=True)
class VideoFile:
    """Frames of a video file, found by seeking, or by counting from the first where that fails."""

    path: Path
    count: int

    def __len__(self) -> int:
        return self.count

    def read(self, index: int) -> Image:
        """Return the frame `index`, decoded now."""
        (image,) = self.stretch(index, 1)
        return image

    def stretch(self, first: int, count: int) -> Iterator[Image]:
        """Decode `count` frames in their order, without seeking for each."""
        with opened_video(self.path) as video:
            video.set(cv2.CAP_PROP_POS_FRAMES, first)
            # A file without an index of its frames stays at the first without a word.
            behind = first - int(video.get(cv2.CAP_PROP_POS_FRAMES))
            sought = behind >= 0 and all(video.grab() for _ in range(behind))
            for index in range(first, first + count):
                found, image = video.read() if sought else (False, None)
                if not found:
                    raise BadImage(f"{self.path}: frame {index} of {self.count} cannot be decoded")
                yield np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)


def stretch(pictures: Pictures, first: int, count: int) -> Iterator[Image]:
    """Read `count` frames in their order; a video is decoded once and not sought in for each.

    Raises:
        BadImage: when one cannot be decoded.
    """
    if not isinstance(pictures, VideoFile):
        yield from (pictures.read(first + i) for i in range(count))
    else:
        yield from pictures.stretch(first, count)


@dataclass(frozen=True)
class Decoded:
    """Frames that lie in memory already."""

    images: tuple[Image, ...]

    def __len__(self) -> int:
        return len(self.images)

    def read(self, index: int) -> Image:
        """Return the frame `index`."""
        return self.images[index]


def pictures_of(frames: Frames, name: str) -> Pictures:
    """Return the frames of a sequence, to be read in any order.

    Raises:
        DataError: for frames that are neither image files nor a video.
    """
    if isinstance(frames, VideoFrames):
        return VideoFile(frames.path, len(frames))
    if isinstance(frames, ImageFrames):
        return ImageFiles(frames.paths)
    raise DataError(f"{name}: frames of a {type(frames).__name__} cannot be read singly")


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
