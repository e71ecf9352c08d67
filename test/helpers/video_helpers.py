# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Videos of even frames; one as a live recording leaves it, and one that states more than it holds."""

from __future__ import annotations

import os
import struct
import threading
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

CODES = {".avi": "MJPG", ".mp4": "mp4v", ".webm": "VP80"}
SIZE = (64, 48)


def write_video(path: Path, greys: Sequence[int]) -> None:
    """A frame of each grey. A WebM goes through a pipe: without an index, and without a number of frames."""
    if path.suffix != ".webm":
        _write(path, greys)
        return
    pipe = path.with_name(f"pipe_{path.name}")
    os.mkfifo(pipe)
    copy = threading.Thread(target=lambda: path.write_bytes(pipe.read_bytes()))
    copy.start()
    _write(pipe, greys)
    copy.join()
    pipe.unlink()


def state_more_frames(path: Path, stated: int) -> None:
    """Change the numbers of frames in the headers of an AVI, as a recorder that was cut off leaves them."""
    data = bytearray(path.read_bytes())
    for name, offset in ((b"avih", 24), (b"strh", 40)):  # dwTotalFrames and dwLength, after name and size
        place = data.index(name) + offset
        struct.pack_into("<I", data, place, stated)
    path.write_bytes(data)


def _write(path: Path, greys: Sequence[int]) -> None:
    film = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*CODES[path.suffix]), 10, SIZE)
    assert film.isOpened(), f"OpenCV cannot write {path}"
    for grey in greys:
        film.write(np.full((SIZE[1], SIZE[0], 3), grey, np.uint8))
    film.release()
