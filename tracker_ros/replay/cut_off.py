# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""MCAP files whose recorder was switched off: their messages are there, their end is not.

A recorder writes the footer when it ends, and readers look for it first. A footer that names no summary is
enough for them: they then look at the records one by one (https://mcap.dev/spec).
"""

from __future__ import annotations

import functools
import io
import logging
import struct
from pathlib import Path
from typing import BinaryIO, cast

_MAGIC = b"\x89MCAP0\r\n"
_FOOTER, _DATA_END, _LAST_KIND = 0x02, 0x0F, 0x0F
_END = struct.pack("<BQQQI", _FOOTER, 20, 0, 0, 0) + _MAGIC
_log = logging.getLogger(__name__)


class EndedFile:
    """The whole records of a file that was cut off, with an end: a path as rosbags takes it."""

    def __init__(self, path: Path, whole: int) -> None:
        self._path, self._whole, self.suffix = path, whole, path.suffix

    def __str__(self) -> str:
        return str(self._path)

    def exists(self) -> bool:
        """Return whether the file is there."""
        return self._path.exists()

    def is_dir(self) -> bool:
        """Return false: it is a file."""
        return False

    def open(self, mode: str) -> BinaryIO:
        """Open it for reading."""
        return cast(BinaryIO, io.BufferedReader(_Ended(self._path, self._whole)))


def with_end(path: Path) -> Path | EndedFile:
    """Return an MCAP file that lacks its end as one that has it; any other path as it is."""
    if path.suffix != ".mcap" or not path.is_file():
        return path
    whole = _whole_part(path, path.stat().st_size)
    return path if whole is None else EndedFile(path, whole)


@functools.lru_cache(maxsize=16)  # a bag is opened several times, and this is to be told once
def _whole_part(path: Path, size: int) -> int | None:
    """Return the bytes of whole records of a file of `size` bytes; None where its end is there."""
    with path.open("rb") as file:
        if file.read(len(_MAGIC)) != _MAGIC:
            return None
        file.seek(max(size - len(_MAGIC), 0))
        if file.read() == _MAGIC and size > len(_MAGIC):
            return None
        place = len(_MAGIC)
        while len(head := _at(file, place, 9)) == 9:
            kind, length = struct.unpack("<BQ", head)
            # A power cut may also leave zeros in place of what was written last.
            if not 0 < kind <= _LAST_KIND or kind in (_FOOTER, _DATA_END) or place + 9 + length > size:
                break
            place += 9 + length
    _log.warning("%s was cut off: what is whole of it is read, %d of %d bytes", path, place, size)
    return place


def _at(file: BinaryIO, place: int, count: int) -> bytes:
    file.seek(place)
    return file.read(count)


class _Ended(io.RawIOBase):
    """The first `whole` bytes of a file, and an end."""

    def __init__(self, path: Path, whole: int) -> None:
        self._file, self._whole, self._place = path.open("rb"), whole, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = (0, self._place, self._whole + len(_END))[whence]
        self._place = max(start + offset, 0)
        return self._place

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        if self._place < self._whole:
            data = _at(self._file, self._place, min(len(buffer), self._whole - self._place))
        else:
            data = _END[self._place - self._whole :][: len(buffer)]
        buffer[: len(data)] = data
        self._place += len(data)
        return len(data)

    def close(self) -> None:
        self._file.close()
        super().close()
