# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Readers of boxes in CSV tables: tracks of several targets in a video, and boxes in still pictures."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from tracker_ros.data.readers import find_frames
from tracker_ros.data.sequence import DataError
from tracker_ros.data.text import read_text
from tracker_ros.geometry import xywh_to_boxes
from tracker_ros.training.clips import Clip, ImageFiles, pictures_of

TRACKS, BOXES = "tracks.csv", "boxes.csv"
#: An id that was away for more frames than this may come back as another object: a clip of its own.
LONGEST_ABSENCE = 25


def read_tracks(root: Path) -> list[Clip]:
    """Read NAME/tracks.csv (frame,id,x,y,w,h; frames from 0) beside NAME's video or images.

    A clip a target. The name up to its first underscore is the clips' group.

    Raises:
        DataError: where there is no such table, or a line of one is not what its head says.
    """
    clips: list[Clip] = []
    for table in sorted(root.glob(f"*/{TRACKS}")):
        folder, frames = table.parent, find_frames(table.parent)
        pictures = pictures_of(frames, folder.name)
        tracks: dict[str, dict[int, list[float]]] = defaultdict(dict)
        for row, box in _rows(table, ("frame", "id")):
            frame = int(row["frame"])
            if not 0 <= frame < len(pictures):
                raise DataError(f"{table}: frame {frame} of a video of {len(pictures)} frames")
            tracks[row["id"]][frame] = box
        for name, track in sorted(tracks.items()):
            for start, part in _presences(track).items():
                boxes = np.full((len(pictures), 4), np.nan)
                boxes[list(part)] = xywh_to_boxes(np.array(list(part.values())))
                group = folder.name.partition("_")[0]
                clips.append(Clip(f"{folder.name}:{name}@{start}", pictures, boxes, group))
    return _found(clips, root, f"NAME/{TRACKS}")


def read_still_boxes(root: Path) -> list[Clip]:
    """Read NAME/boxes.csv (file,x,y,w,h,label) beside the pictures that it names; a clip a box.

    Raises:
        DataError: where there is no such table, or a line of one is not what its head says.
    """
    clips: list[Clip] = []
    for table in sorted(root.glob(f"*/{BOXES}")):
        for number, (row, box) in enumerate(_rows(table, ("file",))):
            name = f"{table.parent.name}/{row['file']}:{number}"
            pictures = ImageFiles((table.parent / row["file"],))
            clips.append(Clip(name, pictures, xywh_to_boxes(np.array([box])), table.parent.name))
    return _found(clips, root, f"NAME/{BOXES}")


def _rows(table: Path, wanted: tuple[str, ...]) -> Iterator[tuple[dict[str, str], list[float]]]:
    """Yield each line with its box x, y, w, h."""
    reader = csv.DictReader(io.StringIO(read_text(table), newline=""))
    missing = {*wanted, "x", "y", "w", "h"} - set(reader.fieldnames or ())
    if missing:
        raise DataError(f"{table} has no column {', '.join(sorted(missing))}")
    for row in reader:
        try:
            if "frame" in wanted:
                int(row["frame"])
            yield row, [float(row[side]) for side in "xywh"]
        except (TypeError, ValueError):
            text = ",".join(str(value) for value in row.values())
            raise DataError(f"{table}, line {reader.line_num}: {text[:60]!r} is no box") from None


def _presences(track: dict[int, list[float]]) -> dict[int, dict[int, list[float]]]:
    """Split a track (box by frame) where its target was long away; the parts by their first frame."""
    parts: dict[int, dict[int, list[float]]] = {}
    last = start = -LONGEST_ABSENCE - 2
    for frame in sorted(track):
        if frame - last > LONGEST_ABSENCE + 1:
            start = frame
        parts.setdefault(start, {})[frame] = track[frame]
        last = frame
    return parts


def _found(clips: list[Clip], root: Path, what: str) -> list[Clip]:
    usable = [clip for clip in clips if len(clip.usable)]
    if not usable:
        raise DataError(f"no box of a sensible size in a {what} under {root}")
    return usable
