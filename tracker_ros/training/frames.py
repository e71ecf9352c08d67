# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Frames of videos, decoded once.

A pair needs two frames of a video, and finding one by seeking costs as much as decoding a dozen. A
video that is thinned is decoded into JPEG files of a cache folder, which later trainings share.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from pathlib import Path

import cv2

from tracker_ros.config_files import user_cache
from tracker_ros.data.sequence import DataError, opened_video
from tracker_ros.files import write_whole
from tracker_ros.training.clips import Clip, ImageFiles, VideoFile

_QUALITY = [cv2.IMWRITE_JPEG_QUALITY, 95]


def thinned(clips: list[Clip], every: int) -> list[Clip]:
    """Keep every so many frames of clips in video files, decoded into the cache; leave others as they are.

    A clip of which no usable frame remains is dropped.

    Raises:
        DataError: for a video that cannot be read.
    """
    kept = []
    for clip in clips:
        if isinstance(clip.frames, VideoFile):
            files = kept_frames(clip.frames.path, every)
            clip = Clip(clip.name, files, clip.boxes[::every][: len(files)], clip.group)
        if len(clip.usable):
            kept.append(clip)
    return kept


def cache_folder() -> Path:
    """Return the folder of decoded frames.

    Raises:
        DataError: for a user without a home folder.
    """
    user = user_cache()
    if user is None:
        raise DataError("no folder for decoded frames: you have no home folder; set XDG_CACHE_HOME to one")
    return user / "frames"


def kept_frames(video: Path, every: int) -> ImageFiles:
    """Return every so many frames of a video, decoded now unless the cache has them.

    Raises:
        DataError: for a video that cannot be read.
    """
    if not video.is_file():
        raise DataError(f"{video} is missing")
    described = video.stat()
    key = f"{video.resolve()} {described.st_size} {described.st_mtime_ns} {every}"
    folder = cache_folder() / hashlib.sha256(key.encode()).hexdigest()[:32]
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        part = Path(tempfile.mkdtemp(dir=folder.parent, prefix="part-"))
        try:
            _decode(video, every, part)
            part.rename(folder)
        except OSError:
            if not folder.is_dir():  # unless another training was faster
                raise
        finally:
            shutil.rmtree(part, ignore_errors=True)
    return ImageFiles(tuple(sorted(folder.glob("*.jpg"))))


def _decode(video: Path, every: int, folder: Path) -> None:
    index = 0
    with opened_video(video) as capture:
        while capture.grab():
            if index % every == 0:
                found, image = capture.retrieve()
                if not found:
                    raise DataError(f"frame {index} of {video} cannot be decoded")
                # imwrite says nothing of a disk that is full.
                coded = cv2.imencode(".jpg", image, _QUALITY)[1]
                write_whole(folder / f"{index:06d}.jpg", coded.tobytes())
            index += 1
    if index == 0:
        raise DataError(f"{video} cannot be decoded")
