# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Build sources of pairs from a recipe's `data` entries: a folder and options each."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from tracker_ros.data.readers import VIDEO_SUFFIXES, files_below
from tracker_ros.data.sequence import DataError, VideoFrames
from tracker_ros.training.clips import Clip, LeftOut
from tracker_ros.training.contract import PairSpec
from tracker_ros.training.cropping import Image
from tracker_ros.training.datasets import READERS, read_vid
from tracker_ros.training.frames import thinned
from tracker_ros.training.materials import polygons, read_photos, segmented, stamps
from tracker_ros.training.sampling import ClipPairs, RenderedPairs, Source
from tracker_ros.training.selfsup import mine
from tracker_ros.training.synthesis import Chances, Cutout, SyntheticPairs

FEWEST_FRAMES = 20
"""A video for self-supervised clips has more than so many."""
CUTOUTS = {"stamps": stamps, "polygons": polygons, "segmented": segmented}
"""Kinds of folders with objects for 'synthetic', and what reads them."""
OPTIONS = ("gap", "every", "cap", "negative", "weight")
"""Keys of an entry of any kind but 'synthetic', which has those of `Chances`."""


@dataclass(frozen=True)
class Named:
    """A source with its share of the pairs and a fingerprint of what it draws from."""

    source: Source
    weight: float
    kind: str
    fingerprint: str


def _silent(text: str) -> None:
    """Discard the message."""


def open_sources(
    entries: list[dict[str, Any]],
    roots: Mapping[str, list[Path]],
    spec: PairSpec,
    tell: Callable[[str], None] = _silent,
) -> list[Named]:
    """Open the sources of a recipe.

    Args:
        entries: `Recipe.data`.
        roots: folders by kind, as given with ``--data KIND=FOLDER``; 'synthetic' takes its photographs
            from 'photos' and its cut-outs from 'stamps', 'polygons' and 'segmented'.
        spec: of the training module.
        tell: is given a line before and after each folder is read, which may take minutes.

    Raises:
        DataError: for a kind that is unknown or has no folder, an option that it does not have, or a
            folder that holds something else.
    """
    return [_open(dict(entry), roots, spec, tell) for entry in entries]


def folder_kinds(entries: list[dict[str, Any]]) -> list[str]:
    """List the kinds of folders that a recipe's `data` entries take, as ``--data`` names them."""
    kinds = [str(entry.get("kind", "")) for entry in entries]
    parts = {"synthetic": ("photos", *CUTOUTS)}
    return list(dict.fromkeys(part for kind in kinds for part in parts.get(kind, (kind,))))


def _open(
    entry: dict[str, Any], roots: Mapping[str, list[Path]], spec: PairSpec, tell: Callable[[str], None]
) -> Named:
    kind, weight = entry.pop("kind", ""), float(entry.pop("weight", 1.0))
    negative = float(entry.pop("negative", 0.0))
    if kind == "synthetic":
        return _synthetic(entry, roots, spec, weight, negative)
    readers: dict[str, Callable[[Path], list[Clip]]] = {**READERS, "unlabelled": mine_folder}
    if kind not in readers:
        raise DataError(f"unknown kind of data '{kind}'; known: synthetic, {', '.join(sorted(readers))}")
    if kind == "vid" and "splits" in entry:
        readers["vid"] = partial(read_vid, splits=entry.pop("splits"))
    gap, cap = int(entry.pop("gap", 100)), float(entry.pop("cap", 1.0))
    every = int(entry.pop("every", 0))
    _refuse(entry, kind, (*OPTIONS, "splits") if kind == "vid" else OPTIONS)
    clips = [clip for root in _roots(roots, kind) for clip in _told(kind, root, readers[kind], tell)]
    if every > 0:
        clips = thinned(clips, every)
    return Named(ClipPairs(clips, spec, gap, negative, cap), weight, kind, fingerprint(clips))


def _told(
    kind: str, root: Path, read: Callable[[Path], list[Clip]], tell: Callable[[str], None]
) -> list[Clip]:
    tell(f"{kind}: reading {root} ...")
    start = time.monotonic()
    clips = read(root)
    frames = sum(len(clip.usable) for clip in clips)
    tell(f"{kind}: {len(clips)} targets, {frames} boxes ({time.monotonic() - start:.1f} s)")
    return clips


def _synthetic(
    options: dict[str, Any], roots: Mapping[str, list[Path]], spec: PairSpec, weight: float, negative: float
) -> Named:
    known = [field.name for field in fields(Chances)]
    _refuse(
        {name: value for name, value in options.items() if name not in known},
        "synthetic",
        (*known, "negative", "weight"),
    )
    chances = Chances(**options)
    photos = [photo for root in _roots(roots, "photos") for photo in read_photos(root)]
    cutouts: list[Cutout] = []
    for kind, reader in CUTOUTS.items():
        cutouts += [cutout for root in roots.get(kind, []) for cutout in reader(root)]
    if not cutouts:
        raise DataError("data 'synthetic' needs cut-outs: --data stamps=, polygons= or segmented=FOLDER")
    digest = hashlib.sha256()
    for image in [*photos, *(cutout.rgba for cutout in cutouts)]:
        digest.update(image.tobytes())
    source = RenderedPairs(SyntheticPairs(photos, cutouts, spec, chances), negative)
    return Named(source, weight, "synthetic", digest.hexdigest())


def mine_folder(root: Path, side: int = 640, most: int = 300) -> list[Clip]:
    """Find self-supervised clips in every video under a folder.

    Args:
        side: frames are shrunk to this size.
        most: frames of each video; a longer one is thinned out by taking every second frame.
    """
    clips: list[Clip] = []
    left_out = LeftOut(root)
    for path in files_below(root, VIDEO_SUFFIXES):
        try:
            frames = _decode(path, side, 2 * most)
        except DataError as error:
            left_out.add(str(error))
            continue
        if len(frames) <= FEWEST_FRAMES:
            left_out.add(f"{path} has {len(frames)} frames")
            continue
        clips += mine(frames[:: 1 + (len(frames) > most)], path.name)
    left_out.tell()
    if not clips:
        raise DataError(f"no consistent track in the videos under {root}")
    return clips


def _decode(path: Path, side: int, most: int) -> list[Image]:
    frames: list[Image] = []
    for image in islice(VideoFrames(path), most):
        zoom = min(1.0, side / max(image.shape[:2]))
        frames.append(cv2.resize(image, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_AREA))
    return frames


def fingerprint(clips: list[Clip]) -> str:
    """Hash (SHA-256) the names and boxes of clips: identifies the data without reading images."""
    digest = hashlib.sha256()
    for clip in clips:
        digest.update(clip.name.encode())
        digest.update(np.ascontiguousarray(clip.boxes).tobytes())
    return digest.hexdigest()


def _roots(roots: Mapping[str, list[Path]], kind: str) -> list[Path]:
    if not roots.get(kind):
        raise DataError(f"the recipe needs data of the kind '{kind}': --data {kind}=FOLDER")
    return roots[kind]


def _refuse(unknown: dict[str, Any], kind: str, known: tuple[str, ...]) -> None:
    if unknown:
        named = ", ".join(sorted(unknown))
        raise DataError(f"data '{kind}' has no option {named}; it has {', '.join(known)}")
