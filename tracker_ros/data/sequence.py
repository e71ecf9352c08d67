# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""An annotated sequence: its frames, decoded when asked for, and the target's box in each."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import logging
import os
import re
import tempfile
from collections.abc import Iterable, Iterator
from collections.abc import Sequence as Indexable
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
import numpy.typing as npt

from tracker_ros.data.decoding import DecodeError, decode, require_pixels
from tracker_ros.files import name_for_libraries

Frame = npt.NDArray[np.uint8]
Boxes = npt.NDArray[np.float64]
_ADDRESS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):/{1,2}([^/].*)")
"""Such as rtsp://camera/stream, of which a `Path` keeps one slash."""
_log = logging.getLogger(__name__)


class DataError(ValueError):
    """A data set, sequence or annotation that cannot be used. The message is one line for people."""


class Frames(Protocol):
    """RGB frames uint8 [H, W, 3] in order; iterating never holds more than one of them."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Frame]: ...


def read_image(path: Path) -> Frame:
    """Return an image file as RGB uint8 [H, W, 3].

    Raises:
        DataError: when it is missing, cut off, of more than 8 bits or no image.
    """
    if path.is_fifo():
        raise DataError(f"{path} is a pipe, no file")
    try:
        return decode(np.fromfile(path, np.uint8), upright=True)
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}") from error
    except DecodeError as error:
        raise DataError(f"{path}: {error}") from error


@dataclasses.dataclass(frozen=True)
class ImageFrames:
    """Frames stored as one image file each."""

    paths: tuple[Path, ...]

    def __len__(self) -> int:
        return len(self.paths)

    def __iter__(self) -> Iterator[Frame]:
        return map(read_image, self.paths)


def each_frame(frames: Iterable[Frame]) -> Iterator[Frame | DataError]:
    """Yield every frame, or why it cannot be used: a broken image file does not end the others."""
    if not isinstance(frames, ImageFrames):
        yield from frames
        return
    for path in frames.paths:
        try:
            frame: Frame | DataError = read_image(path)
        except DataError as error:
            frame = error
        yield frame


@dataclasses.dataclass(frozen=True)
class VideoFrames:
    """The frames of a video file that decode, from its first.

    How many those are only decoding tells: a live recording states no number, one that was cut off
    states too large a number. So the first call of `len` decodes the whole file; iterating needs no `len`.
    """

    path: Path

    def __len__(self) -> int:
        return self._count

    @functools.cached_property
    def _count(self) -> int:
        with opened_video(self.path) as video:
            return sum(1 for _ in iter(video.grab, False))

    def __iter__(self) -> Iterator[Frame]:
        held = 0
        with opened_video(self.path) as video:
            while (read := video.read())[0]:
                held += 1
                yield np.asarray(cv2.cvtColor(read[1], cv2.COLOR_BGR2RGB), dtype=np.uint8)
            stated = video.get(cv2.CAP_PROP_FRAME_COUNT)
        if held < stated:
            _log.warning("%s states %d frames, of which %d can be decoded", self.path, stated, held)


@contextlib.contextmanager
def opened_video(path: Path) -> Iterator[cv2.VideoCapture]:
    """Open a video file, and close it in the end.

    Raises:
        DataError: when OpenCV cannot open it, or its name is not UTF-8, or its frames are too large.
    """
    if path.is_fifo():  # OpenCV would wait for somebody to write into it
        raise DataError(f"{path} is a pipe, no file")
    try:
        name = name_for_libraries(path)
    except ValueError as error:
        raise DataError(str(error)) from error
    if not path.exists():  # OpenCV would take it for an address, and ask a server
        if address := _ADDRESS.fullmatch(str(path)):
            raise DataError(
                f"{address[1]}://{address[2]} is an address: save what it gives, and name that file"
            )
        raise DataError(f"{path} does not exist")
    video = cv2.VideoCapture(name)
    try:
        if not video.isOpened():
            raise DataError(f"{path} is no video that OpenCV can read")
        sides = (int(video.get(side)) for side in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT))
        try:
            require_pixels(*sides)
        except DecodeError as error:
            raise DataError(f"{path}: {error}") from error
        yield video
    finally:
        video.release()


@dataclasses.dataclass(frozen=True)
class Sequence:
    """One target in one video.

    Attributes:
        name: unique in its data set; result files are named after it.
        frames: the images.
        truth: [N, 4] x, y, w, h in the annotation's own pixel coordinates, one row a frame; nan where
            the target is absent or not annotated. N may be 1 where only the first box is published.
        absent: [N] bool, True where the data set says that the target cannot be seen, whether or not a
            box is given (LaSOT); None where the data set does not say.
        attributes: the data set's names for what is hard here, as ``SV``, ``OCC``.
        tags: [N] bool by name, for attributes that a data set gives per frame (VOT).
        anchors: frames in which VOT2020 and later start a run, each with whether it goes forward.
        corners: [N, K, 2] x, y of a polygon's corners where the data set gives those (VOT to 2019); the
            truth is then its bounding box.
    """

    name: str
    frames: Frames
    truth: Boxes
    absent: npt.NDArray[np.bool_] | None = None
    attributes: frozenset[str] = frozenset()
    tags: dict[str, npt.NDArray[np.bool_]] = dataclasses.field(default_factory=dict)
    anchors: tuple[tuple[int, bool], ...] = ()
    corners: npt.NDArray[np.float64] | None = None

    def __post_init__(self) -> None:
        if len(self.truth) not in (1, len(self.frames)):
            raise DataError(
                f"sequence {self.name}: {len(self.frames)} frames but {len(self.truth)} annotated boxes"
            )
        for what, rows in {"flags of absence": self.absent, "polygons": self.corners, **self.tags}.items():
            if rows is not None and len(rows) != len(self.frames):
                raise DataError(f"sequence {self.name}: {len(self.frames)} frames but {len(rows)} {what}")
        if any(index >= len(self.frames) for index, _ in self.anchors):
            raise DataError(f"sequence {self.name}: an anchor lies beyond its {len(self.frames)} frames")
        if not np.isfinite(self.truth[0]).all() or not (self.truth[0, 2:] > 0).all():
            raise DataError(f"sequence {self.name}: the first frame has no usable box: {self.truth[0]}")

    def __len__(self) -> int:
        return len(self.frames)


def frame_size(frames: Frames) -> tuple[int, int]:
    """Return (width, height) of the first frame."""
    height, width = next(iter(frames)).shape[:2]
    return width, height


def random_access(frames: Frames, memory: int = 2 << 30) -> Indexable[Frame]:
    """Return all frames decoded once, for protocols that restart or run backwards.

    They lie in memory up to `memory` bytes and in a temporary file, deleted with the array, beyond.

    Raises:
        OSError: when the temporary file does not fit on its disk.
    """
    count = len(frames)
    decoded = iter(frames)
    first = next(decoded)
    if count * first.nbytes <= memory:
        return [first, *decoded]
    file = tempfile.TemporaryFile()
    # Pages of a map that the disk has no room for would kill the process.
    os.posix_fallocate(file.fileno(), 0, count * first.nbytes)
    store = np.memmap(file, dtype=np.uint8, mode="r+", shape=(count, *first.shape))
    store[0] = first
    for index, frame in enumerate(decoded, start=1):
        store[index] = frame
    return store  # type: ignore[return-value]
