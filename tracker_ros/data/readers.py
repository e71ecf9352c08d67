# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Find the sequences under a folder, in this package's plain layout or a data set's published one."""

from __future__ import annotations

import fnmatch
import itertools
import os
import re
from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path

from tracker_ros.data.boxes import read_boxes
from tracker_ros.data.sequence import DataError, Frames, ImageFrames, Sequence, VideoFrames, opened_video
from tracker_ros.data.text import read_text

IMAGE_SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".webp", ".tif", ".tiff", ".ppm", ".pgm", ".pnm"}
)
VIDEO_SUFFIXES = frozenset({".mp4", ".avi", ".mkv", ".mov", ".mpg", ".webm", ".m4v", ".ts", ".mpeg", ".wmv"})
_NUMBER, _SECONDS = re.compile(r"([0-9]+)"), re.compile(r"[0-9]+\.[0-9]+")


def read_folders(root: Path) -> list[Sequence]:
    """Read sequences ``NAME/`` (or `root` itself) with frames and ``groundtruth.txt``, sorted by name.

    Frames are one video file, or images in ``img/``, ``imgs/``, ``color/`` or the folder itself, in the
    order of `frame_order`. ``attributes.txt`` may list attributes, separated by commas or white space.
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
    attributes = read_text(listed).replace(",", " ").split() if listed.is_file() else ()
    frames = find_frames(folder)
    return Sequence(folder.name, frames, truth, attributes=frozenset(attributes))


def find_frames(folder: Path) -> Frames:
    """Return the frames of one folder: its only video file, or the images of its image folder.

    Raises:
        DataError: where there is neither, or both: neither can be told to be the one that is meant.
    """
    videos = _files(folder, VIDEO_SUFFIXES)
    if len(videos) > 1:
        raise DataError(f"{folder} holds {len(videos)} videos; one is expected")
    listed = (list_images(folder / name) for name in ("img", "imgs", "color", "."))
    images = next((found for found in listed if found), ())
    if videos and images:
        raise DataError(
            f"{folder} holds a video, {videos[0].name}, and {len(images)} images, the first of them"
            f" {images[0].relative_to(folder)}: name the video's file, or move one of the two"
        )
    if videos:
        return video_frames(videos[0])
    if images:
        return ImageFrames(images)
    raise DataError(f"{folder} holds neither a video nor images{_what_else(folder)}")


def _what_else(folder: Path) -> str:
    """Name the suffixes of the files that a folder holds in place of frames, and those that are read."""
    others = Counter(p.suffix or "no suffix" for p in folder.iterdir() if p.is_file() and is_visible(p))
    if not others:
        return ""
    found = ", ".join(f"{count} of {suffix}" for suffix, count in others.most_common(3))
    return f", but files with other suffixes ({found}); images end in {', '.join(sorted(IMAGE_SUFFIXES))}"


def video_frames(path: Path) -> VideoFrames:
    """Return all frames of a video file.

    Raises:
        DataError: when not even the first can be decoded.
    """
    with opened_video(path) as video:
        if not video.grab():
            raise DataError(f"{path} holds no frame that OpenCV can decode")
    return VideoFrames(path)


def list_images(folder: Path) -> tuple[Path, ...]:
    """List the image files of a folder in the order of `frame_order`; none where there is no folder.

    Raises:
        DataError: where two files have one name but for the suffix: that would be a frame twice.
    """
    images = _files(folder, IMAGE_SUFFIXES) if folder.is_dir() else []
    for one, other in itertools.pairwise(images):
        if one.stem == other.stem:
            raise DataError(f"{folder} holds a frame twice, as {one.name} and {other.name}: keep one of them")
    return tuple(images)


def _files(folder: Path, suffixes: frozenset[str]) -> list[Path]:
    found = (p for p in folder.iterdir() if p.suffix.lower() in suffixes and is_visible(p))
    # A link that leads nowhere stays: a frame that is missing is told, not passed over.
    return sorted((p for p in found if not p.is_dir()), key=frame_order)


def files_below(folder: Path, suffixes: frozenset[str]) -> list[Path]:
    """List the files of these suffixes anywhere under a folder, sorted by path; hidden ones are left out."""
    found = (p for p in folder.rglob("*") if p.suffix.lower() in suffixes and is_visible(p))
    return sorted(p for p in found if not p.is_dir())


def is_visible(path: Path) -> bool:
    """Return whether a file is not hidden: some systems leave ._0001.jpg beside the 0001.jpg they copy."""
    return not path.name.startswith(".")


def frame_order(path: Path) -> tuple[list[str | Decimal], str]:
    """Return a key that sorts files by the numbers in their names: 2.png before 10.png, as 02.png is.

    A name that is a decimal number is a time in seconds: 1.25.png comes before 1.5.png.
    """
    if _SECONDS.fullmatch(path.stem):
        return ["", Decimal(path.stem), ""], path.name
    parts: list[str | Decimal] = list(_NUMBER.split(path.stem))
    parts[1::2] = map(Decimal, parts[1::2])
    return parts, path.name


def require(path: Path, dataset: str, root: Path | None = None) -> Path:
    """Return `path` if it exists, else the one-line error that says which data set misses what and where."""
    if os.path.exists(path):
        return path
    if root is None:
        raise DataError(f"{dataset}: {path} does not exist")
    # A list that was damaged may hold any name.
    raise DataError(f"{dataset}: {os.path.relpath(path, root)[:200]} missing under {root}")


def named_sequences(sequences: Iterable[Sequence], patterns: Iterable[str]) -> list[Sequence]:
    """Return the sequences whose name matches one of the glob `patterns`; all when there are none.

    Raises:
        DataError: when a pattern matches nothing.
    """
    every = list(sequences)
    wanted = matching((s.name for s in every), patterns)
    return [s for s in every if s.name in wanted]


def matching(names: Iterable[str], patterns: Iterable[str]) -> set[str]:
    """Return the names that match one of the glob `patterns`; all when there are none.

    A name is itself before it is a pattern: ``a[1]`` is the sequence of that name where there is one.

    Raises:
        DataError: when a pattern matches nothing.
    """
    every, wanted = list(names), list(patterns)
    found: set[str] = set()
    for pattern in wanted:
        here = {pattern}.intersection(every) or {n for n in every if fnmatch.fnmatchcase(n, pattern)}
        if not here:
            raise DataError(f"no sequence is named '{pattern}'; there are: {', '.join(every)}")
        found |= here
    return found if wanted else set(every)
