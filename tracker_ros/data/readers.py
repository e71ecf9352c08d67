# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Find the sequences under a folder, in this package's plain layout or a data set's published one."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable
from pathlib import Path

import cv2

from tracker_ros.data.boxes import read_boxes
from tracker_ros.data.sequence import DataError, Frames, ImageFrames, Sequence, VideoFrames

IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp"})
VIDEO_SUFFIXES = frozenset({".mp4", ".avi", ".mkv", ".mov", ".mpg", ".webm"})


def read_folders(root: Path) -> list[Sequence]:
    """Sequences ``NAME/`` (or `root` itself) with frames and ``groundtruth.txt``, sorted by name.

    Frames are one video file, or images in ``img/``, ``imgs/``, ``color/`` or the folder itself, in the
    order of their names. ``attributes.txt`` may list attributes, separated by commas or white space.
    """
    if (root / "groundtruth.txt").is_file():
        return [_read_folder(root)]
    folders = sorted(p.parent for p in require(root, "data").glob("*/groundtruth.txt"))
    if not folders:
        wanted = "NAME/groundtruth.txt and NAME/img or a video"
        raise DataError(f"no sequences under {root}: expected {wanted}")
    return [_read_folder(folder) for folder in folders]


def _read_folder(folder: Path) -> Sequence:
    truth = read_boxes(folder / "groundtruth.txt")
    listed = folder / "attributes.txt"
    attributes = listed.read_text().replace(",", " ").split() if listed.is_file() else ()
    frames = find_frames(folder)
    return Sequence(folder.name, frames, truth, attributes=frozenset(attributes))


def find_frames(folder: Path) -> Frames:
    """The frames of one folder: its only video file, else the images of its image folder."""
    videos = sorted(p for p in folder.iterdir() if p.suffix.lower() in VIDEO_SUFFIXES)
    if len(videos) > 1:
        raise DataError(f"{folder} holds {len(videos)} videos; one is expected")
    if videos:
        return video_frames(videos[0])
    for name in ("img", "imgs", "color", "."):
        images = list_images(folder / name)
        if images:
            return ImageFrames(images)
    raise DataError(f"{folder} holds neither a video nor images")


def video_frames(path: Path) -> VideoFrames:
    """All frames of a video file."""
    video = cv2.VideoCapture(str(path))
    count = int(video.get(cv2.CAP_PROP_FRAME_COUNT))
    video.release()
    if count < 1:
        raise DataError(f"{path} is no video that OpenCV can read")
    return VideoFrames(path, count)


def list_images(folder: Path) -> tuple[Path, ...]:
    """Image files of a folder in the order of their names; none where there is no folder."""
    if not folder.is_dir():
        return ()
    return tuple(sorted(p for p in folder.iterdir() if p.suffix.lower() in IMAGE_SUFFIXES))


def require(path: Path, dataset: str, root: Path | None = None) -> Path:
    """`path` if it exists, else the one-line error that says which data set misses what and where."""
    if not path.exists():
        where = f"{path.relative_to(root)} missing under {root}" if root else f"{path} does not exist"
        raise DataError(f"{dataset}: {where}")
    return path


def select(sequences: Iterable[Sequence], patterns: Iterable[str]) -> list[Sequence]:
    """Sequences whose name matches one of the glob `patterns`; all when there are none.

    Raises:
        DataError: when a pattern matches nothing.
    """
    every, wanted = list(sequences), list(patterns)
    for pattern in wanted:
        if not any(fnmatch.fnmatchcase(s.name, pattern) for s in every):
            known = ", ".join(s.name for s in every)
            raise DataError(f"no sequence is named '{pattern}'; there are: {known}")
    return [s for s in every if not wanted or any(fnmatch.fnmatchcase(s.name, p) for p in wanted)]
