# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The data that a result was made of: two data sets may both have a sequence ``s1``."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tracker_ros.data.sequence import DataError, ImageFrames, Sequence, VideoFrames
from tracker_ros.evaluation.results import read_manifest

SEQUENCES = "sequences"
"""Entry of a folder's manifest: the digest of each sequence that its runs are of."""
_PART = 1 << 20
"""Bytes that are read of a file's beginning, and of its end."""


def sequence_digest(sequence: Sequence) -> str:
    """Hash a sequence's length, annotations and frames.

    Of images the first, the middle and the last file count, of a video its size, beginning and end: all of
    a data set would take long to read. No path counts, so that a data set may be moved.
    """
    parts = hashlib.sha256(f"{len(sequence)} {sequence.anchors}".encode())
    for rows in (sequence.truth, sequence.corners):
        parts.update(b"" if rows is None else np.ascontiguousarray(rows).tobytes())
    for part in _parts(sequence.frames):
        parts.update(part)
    return parts.hexdigest()[:16]


def _parts(frames: object) -> Iterable[bytes]:
    """Yield what tells these frames from others; frames that are made of others yield theirs too."""
    if isinstance(frames, ImageFrames):
        last = len(frames) - 1
        yield from (_file(frames.paths[index]) for index in (0, last // 2, last))
    elif isinstance(frames, VideoFrames):
        yield _file(frames.path)
    elif dataclasses.is_dataclass(frames):
        yield type(frames).__name__.encode()
        for field in dataclasses.fields(frames):
            yield from _parts(getattr(frames, field.name))
    elif isinstance(frames, np.ndarray):
        yield np.ascontiguousarray(frames).tobytes()
    elif isinstance(frames, tuple):
        yield from (part for each in frames for part in _parts(each))
    elif isinstance(frames, Iterable) and not isinstance(frames, str):
        yield from _parts(next(iter(frames), None))
    else:
        yield repr(frames).encode()


def _file(path: Path) -> bytes:
    """Return a file's size, beginning and end; nothing of one that cannot be read, which its run reports."""
    if not path.is_file():  # a pipe would wait for somebody to write into it
        return b""
    try:
        with path.open("rb") as file:
            size = path.stat().st_size
            beginning = file.read(_PART)
            file.seek(max(size - _PART, len(beginning)))
            return f"{size} ".encode() + beginning + file.read(_PART)
    except OSError:
        return b""


def known_digests(manifest: Mapping[str, Any]) -> dict[str, str]:
    """Return the digests that a folder's manifest has, by the sequences' names; none of an older manifest."""
    digests = manifest.get(SEQUENCES)
    return digests if isinstance(digests, dict) else {}


def require_same_data(folder: Path, sequence: Sequence) -> None:
    """Make sure that the results in a tracker's folder are of this sequence, if its manifest says of which.

    Raises:
        DataError: when they are of another one of the same name.
    """
    known = known_digests(read_manifest(folder)).get(sequence.name)
    if known and known != sequence_digest(sequence):
        raise DataError(
            f"{folder} holds results of another sequence named '{sequence.name}', with other frames or"
            " annotations: give the data that they were made of, or run `tracker_ros eval` on these into"
            " another folder"
        )
