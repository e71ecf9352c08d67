# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Readers of the data sets' published layouts. Each takes the folder that the archive unpacks to."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from tracker_ros.data.boxes import read_boxes, read_corners, read_flags, read_numbers
from tracker_ros.data.lists import read_table
from tracker_ros.data.readers import find_frames, list_images, read_folders, require
from tracker_ros.data.sequence import Boxes, DataError, Frames, ImageFrames, Sequence
from tracker_ros.data.text import read_text

T = TypeVar("T")

UAV123_ATTRIBUTES = ("SV", "ARC", "LR", "FM", "FOC", "POC", "OV", "BC", "IV", "VC", "CM", "SOB")


def read_otb(root: Path) -> list[Sequence]:
    """Read OTB2013, OTB50 and OTB100: ``NAME/img`` and ``NAME/groundtruth_rect.txt``.

    ``groundtruth_rect.K.txt`` gives the sequence NAME-K; an empty one is passed over. The benchmark
    uses only a part of five sequences (config/eval/otb_ranges.csv).
    """
    ranges = {row["name"]: (int(row["first"]), int(row["last"])) for row in read_table("otb_ranges")}
    attributes = {row["name"]: frozenset(row["attributes"].split()) for row in read_table("otb_attributes")}
    sequences = []
    for path in _glob(root, "OTB", "*/groundtruth_rect*.txt"):
        if not read_text(path).strip():
            continue
        number = path.name.removeprefix("groundtruth_rect").removesuffix(".txt").strip(".")
        name = f"{path.parent.name}-{number}" if number else path.parent.name
        images = _images(path.parent / "img", "OTB", root)
        if name in ranges:
            first, last = ranges[name]
            images = images[first - 1 : last]
        truth = read_boxes(path)
        sequences.append(
            Sequence(name, ImageFrames(images), truth, attributes=attributes.get(name, frozenset()))
        )
    return sequences


def read_uav123(root: Path, version: str = "UAV123") -> list[Sequence]:
    """Read UAV123, UAV123_10fps or UAV20L: ``data_seq/VERSION/FOLDER`` and ``anno/VERSION/NAME.txt``.

    Several sequences share a folder (config/eval/uav123.csv); UAV20L's frames are UAV123's. At 10 frames
    a second every third frame is left, so frame n there is frame 3n - 2 of UAV123.
    """
    folder = require(root / "anno" / version, version, root)
    frames = require(root / "data_seq" / ("UAV123" if version == "UAV20L" else version), version, root)
    step = 3 if version == "UAV123_10fps" else 1
    sequences = []
    for row in read_table("uav20l" if version == "UAV20L" else "uav123"):
        annotation = folder / f"{row['name']}.txt"
        if not annotation.is_file():
            continue
        first, last = ((int(row[key]) - 1) // step + 1 for key in ("first", "last"))
        images = tuple(frames / row["folder"] / f"{index:06d}.jpg" for index in range(first, last + 1))
        listed = folder / "att" / annotation.name
        flags = read_flags(listed) if listed.is_file() else np.zeros(len(UAV123_ATTRIBUTES), dtype=bool)
        if len(flags) != len(UAV123_ATTRIBUTES):
            raise DataError(f"{version}: {listed} holds {len(flags)} flags, not {len(UAV123_ATTRIBUTES)}")
        attributes = frozenset(a for a, on in zip(UAV123_ATTRIBUTES, flags, strict=True) if on)
        require(images[0], version, root)
        truth = read_boxes(annotation)
        sequences.append(Sequence(row["name"], ImageFrames(images), truth, attributes=attributes))
    return _some(sequences, version, root, f"anno/{version}/NAME.txt")


def read_tc128(root: Path) -> list[Sequence]:
    """Read Temple Color 128.

    ``NAME/NAME_gt.txt``, ``NAME/NAME_frames.txt`` (first, last) and ``NAME/img``.
    """
    sequences = []
    for path in _glob(root, "TC128", "*/*_gt.txt"):
        name = path.parent.name
        ranges = path.with_name(path.name.replace("_gt.txt", "_frames.txt"))
        numbers = read_numbers(require(ranges, "TC128", root))
        if len(numbers) < 2 or not np.isfinite(numbers).all():
            raise DataError(f"TC128: {ranges} does not say the first and the last frame")
        first, last = (int(value) for value in numbers[:2])
        images = tuple(path.parent / "img" / f"{index:04d}.jpg" for index in range(first, last + 1))
        require(images[0], "TC128", root)
        sequences.append(Sequence(name, ImageFrames(images), read_boxes(path)))
    return sequences


def read_nfs(root: Path, rate: int = 30) -> list[Sequence]:
    """Need for Speed: ``NAME/RATE/NAME.txt`` and ``NAME/RATE/NAME/*.jpg``, at 30 or 240 frames a second.

    A line holds an id, the corners x1 y1 x2 y2 and more. Most files at 30 carry the annotation at 240
    frames a second, of which every eighth line belongs to a frame.
    """
    sequences = []
    for path in _glob(root, "NfS", f"*/{rate}/*.txt"):
        images = _images(path.parent / path.stem, "NfS", root)
        corners = _corners(path)
        truth = np.concatenate([corners[:, :2], corners[:, 2:] - corners[:, :2]], axis=1)
        if len(truth) > 2 * len(images):
            truth = truth[::8]
        count = min(len(truth), len(images))
        if max(len(truth), len(images)) - count > 1:
            raise DataError(f"NfS: {path} annotates {len(truth)} frames and {len(images)} are there")
        sequences.append(Sequence(path.stem, ImageFrames(images[:count]), truth[:count]))
    return sequences


def _corners(path: Path) -> Boxes:
    """Return [N, 4] x1, y1, x2, y2 after the id in each line of a file of NfS."""
    corners = []
    for number, line in enumerate(read_text(path).strip().splitlines(), start=1):
        try:
            x1, y1, x2, y2 = (float(value) for value in line.split()[1:5])
        except ValueError:
            raise DataError(
                f"NfS: {path} line {number}: {line[:60]!r} is not an id and four numbers"
            ) from None
        corners.append([x1, y1, x2, y2])
    if not corners:
        raise DataError(f"NfS: {path} holds no boxes")
    return np.array(corners)


def read_dtb70(root: Path) -> list[Sequence]:
    """Read DTB70: ``NAME/img`` and ``NAME/groundtruth_rect.txt``."""
    return [
        Sequence(path.parent.name, ImageFrames(_images(path.parent / "img", "DTB70", root)), read_boxes(path))
        for path in _glob(root, "DTB70", "*/groundtruth_rect.txt")
    ]


def read_lasot(root: Path) -> list[Sequence]:
    """Read LaSOT.

    ``CLASS/NAME/`` with ``img``, ``groundtruth.txt``, ``full_occlusion.txt``, ``out_of_view.txt``.

    The target is absent where it is fully occluded or out of view. config/eval/lasot_test.txt lists the
    280 test sequences.
    """
    sequences = []
    for path in _glob(root, "LaSOT", "*/*/groundtruth.txt"):
        hidden = [
            read_flags(require(path.with_name(f"{kind}.txt"), "LaSOT", root))
            for kind in ("full_occlusion", "out_of_view")
        ]
        if len(hidden[0]) != len(hidden[1]):
            raise DataError(
                f"LaSOT: {path.parent}: occlusion and view are told for different numbers of frames"
            )
        frames = ImageFrames(_images(path.parent / "img", "LaSOT", root))
        sequences.append(Sequence(path.parent.name, frames, read_boxes(path), absent=hidden[0] | hidden[1]))
    return sequences


def read_got10k(root: Path) -> list[Sequence]:
    """Read GOT-10k's val or test folder: ``list.txt`` and ``NAME/`` with images and ``groundtruth.txt``.

    ``cover.label`` (0 to 8, absent in the test set, whose truth is the first box) says how much of the
    target can be seen; at 0 it is absent.
    """
    sequences = []
    for name in read_text(require(root / "list.txt", "GOT-10k", root)).split():
        truth = read_boxes(require(root / name / "groundtruth.txt", "GOT-10k", root))
        cover = root / name / "cover.label"
        absent = read_numbers(cover) == 0 if cover.is_file() else None
        frames = ImageFrames(_images(root / name, "GOT-10k", root))
        sequences.append(Sequence(name, frames, truth, absent=absent))
    return sequences


def read_trackingnet(root: Path) -> list[Sequence]:
    """Read one chunk of TrackingNet (TEST, TRAIN_0, ...): ``frames/NAME/0.jpg`` and ``anno/NAME.txt``.

    The test chunk's truth is the first box. Frames are numbered without leading zeros.
    """
    sequences = []
    require(root / "frames", "TrackingNet", root)
    for path in _glob(root, "TrackingNet", "anno/*.txt"):
        images = _images(root / "frames" / path.stem, "TrackingNet", root)
        sequences.append(Sequence(path.stem, ImageFrames(images), read_boxes(path)))
    return sequences


def read_vot(root: Path) -> list[Sequence]:
    """Return a VOT data set: ``list.txt`` and ``NAME/`` with ``groundtruth.txt``, images or ``color/``.

    Rotated boxes keep their corners and get their bounding box for the tracker. ``*.tag`` and
    ``*.label`` are attributes by frame, ``anchor.value`` the starts of VOT2020 and later.
    """
    sequences = []
    for name in read_text(require(root / "list.txt", "VOT", root)).split():
        folder = require(root / name, "VOT", root)
        truth = folder / "groundtruth.txt"
        frames = find_frames(require(truth, "VOT", root).parent)
        boxes, corners = read_boxes(truth), read_corners(truth)
        listed = sorted([*folder.glob("*.tag"), *folder.glob("*.label")])
        tags = {path.stem: _flags(path, len(frames)) for path in listed}
        attributes = frozenset(tag for tag, flags in tags.items() if flags.any())
        sequences.append(
            Sequence(
                name,
                frames,
                _padded(boxes, frames),
                attributes=attributes,
                tags=tags,
                anchors=_anchors(folder / "anchor.value"),
                corners=None if corners is None else _padded(corners, frames),
            )
        )
    return sequences


def _anchors(path: Path) -> tuple[tuple[int, bool], ...]:
    """Parse anchors: a positive value starts a forward run at its frame, a negative one a backward run."""
    values = read_numbers(path) if path.is_file() else np.zeros(0)
    forward = [(int(index), True) for index in np.flatnonzero(values > 0)]
    return (*forward, *((int(index), False) for index in np.flatnonzero(values < 0)))


def _flags(path: Path, length: int) -> npt.NDArray[np.bool_]:
    """Return the flags by frame; those left out at the end are false, as the toolkit has it."""
    flags = np.zeros(length, dtype=bool)
    read = read_flags(path)[:length]
    flags[: len(read)] = read
    return flags


def _padded(rows: Boxes, frames: Frames) -> Boxes:
    """Pad to one row per frame.

    Frames after the last annotated one have no known box; further rows are left out.
    """
    missing = max(len(frames) - len(rows), 0)
    return np.concatenate([rows[: len(frames)], np.full((missing, *rows.shape[1:]), np.nan)])


def _glob(root: Path, dataset: str, pattern: str) -> list[Path]:
    return _some(sorted(require(root, dataset).glob(pattern)), dataset, root, pattern)


def _some(found: list[T], dataset: str, root: Path, pattern: str) -> list[T]:
    if not found:
        raise DataError(f"{dataset}: {pattern} missing under {root}")
    return found


def _images(folder: Path, dataset: str, root: Path) -> tuple[Path, ...]:
    images = list_images(require(folder, dataset, root))
    return tuple(_some(list(images), dataset, root, f"{folder.relative_to(root)}/*.jpg"))


LAYOUTS: dict[str, Callable[[Path], list[Sequence]]] = {
    "folders": read_folders,
    "otb": read_otb,
    "uav123": read_uav123,
    "uav123_10fps": partial(read_uav123, version="UAV123_10fps"),
    "uav20l": partial(read_uav123, version="UAV20L"),
    "tc128": read_tc128,
    "nfs30": read_nfs,
    "nfs240": partial(read_nfs, rate=240),
    "dtb70": read_dtb70,
    "lasot": read_lasot,
    "got10k": read_got10k,
    "trackingnet": read_trackingnet,
    "vot": read_vot,
}


def read_sequences(root: Path, layout: str = "folders") -> list[Sequence]:
    """Return all sequences of the data set at `root`, in one of `LAYOUTS`.

    Raises:
        DataError: in one line, when the layout is unknown or something of it is missing.
    """
    if layout not in LAYOUTS:
        raise DataError(f"unknown layout '{layout}'; known: {', '.join(sorted(LAYOUTS))}")
    return LAYOUTS[layout](root)
