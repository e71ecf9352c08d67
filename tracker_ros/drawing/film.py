# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Videos that are whole or are not there."""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType

import cv2

from tracker_ros.drawing.shapes import Picture
from tracker_ros.files import name_for_libraries, part_of, remove_stale_parts, require_file

_SUFFIX = ".mp4"
"""End of the name of a part, by which OpenCV knows the format."""


class Film:
    """Writes pictures as an MP4, which appears under its name once all of it can be read again.

    OpenCV says nothing of a disk that is full: the file is read again before it counts as written.

    Args:
        path: of the file.
        rate: pictures a second.

    Raises:
        OSError: where the path is a folder or a device.
    """

    def __init__(self, path: Path, rate: float) -> None:
        require_file(path)
        self._path, self._rate, self._count = path, rate, 0
        self._part = part_of(path, _SUFFIX)
        self._writer: cv2.VideoWriter | None = None

    def __enter__(self) -> Film:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if self._writer is not None:
                self._writer.release()
                if kind is None:
                    self._keep()
        finally:
            self._part.unlink(missing_ok=True)

    def write(self, picture: Picture) -> None:
        """Add an RGB picture uint8 [H, W, 3]; one of another size than the first is brought to that.

        Raises:
            OSError: when the file cannot be opened.
            ValueError: for a name that is not UTF-8.
        """
        if self._writer is None:
            remove_stale_parts(self._path, _SUFFIX)
            self._size = picture.shape[1], picture.shape[0]
            code = cv2.VideoWriter.fourcc(*"mp4v")
            self._writer = cv2.VideoWriter(name_for_libraries(self._part), code, self._rate, self._size)
            if not self._writer.isOpened():
                what = f"{self._size[0]} x {self._size[1]} at {self._rate:g} frames a second"
                raise OSError(f"{self._path} cannot be written as a video of {what}")
        if (picture.shape[1], picture.shape[0]) != self._size:
            picture = cv2.resize(picture, self._size, interpolation=cv2.INTER_AREA)
        self._writer.write(cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
        self._count += 1

    def _keep(self) -> None:
        video = cv2.VideoCapture(str(self._part))
        held = sum(1 for _ in iter(video.grab, False)) if video.isOpened() else 0
        video.release()
        if held != self._count:
            raise OSError(f"{self._path} cannot be written: {held} of {self._count} frames fit on the disk")
        os.replace(self._part, self._path)
