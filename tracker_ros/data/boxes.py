# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Text files of boxes, as data sets and tracking toolkits write them."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tracker_ros.data.sequence import Boxes, DataError
from tracker_ros.data.text import read_text
from tracker_ros.geometry import Box

_SEPARATOR = re.compile(r"[,;\s]+")


def parse_box(text: str) -> Box:
    """Return a box from 'x,y,w,h' (top-left corner and size in pixels), as command lines take it.

    Raises:
        DataError: for anything else.
    """
    try:
        x, y, w, h = (float(part) for part in text.split(","))
    except ValueError:
        raise DataError(f"'{text}' is not x,y,w,h in pixels") from None
    if not (np.isfinite([x, y, w, h]).all() and w > 0 and h > 0):
        raise DataError(f"'{text}' is no box: it needs finite numbers and a size above 0")
    return Box.from_xywh(x, y, w, h)


def read_boxes(path: Path) -> Boxes:
    """Return [N, 4] x, y, w, h from a text file of one region a line.

    A line holds 4 numbers (x, y, w, h), an even number of 6 or more (the corners of a polygon, which
    becomes its axis-aligned bounding box), a VOT mask (``m`` x, y, w, h, run lengths: its window is
    taken) or a single number (VOT's code for a frame without a region: nan). Commas, semicolons, tabs
    and spaces separate; between semicolons a comma is a decimal one. ``nan`` marks an absent target.

    Raises:
        DataError: naming the file, the line and what was found.
    """
    lines = read_text(path).strip().splitlines()
    if not lines:
        raise DataError(f"{path} holds no boxes")
    _refuse_tables(path, lines)
    return np.array([_parse(path, number, line) for number, line in enumerate(lines, start=1)])


def _refuse_tables(path: Path, lines: list[str]) -> None:
    """Refuse MOTChallenge's lines (frame, id, x, y, w, h, ...), which would pass for polygons.

    Raises:
        DataError: where the first column counts the lines, as no corner's x does.
    """
    rows = [_fields(line) for line in lines]
    if len(rows[0]) not in (6, 10) or len(rows) < 3:
        return
    for first in ("0", "1"):
        if all(row[:1] == [str(number)] for number, row in enumerate(rows, start=int(first))):
            raise DataError(
                f"{path}: its lines begin with the frame's number; expected x,y,w,h of one target"
            )


def _parse(path: Path, number: int, line: str) -> list[float]:
    text = line.strip()
    fields = _fields(text.removeprefix("m"))
    if text.startswith("m"):
        fields = fields[:4]
    try:
        values = [float(field) for field in fields]
        if np.isinf(values).any():  # it would count as a frame without a target
            raise ValueError
    except ValueError:
        raise DataError(f"{path} line {number}: {line.strip()[:60]!r} is not x,y,w,h in numbers") from None
    if len(values) == 4:
        return values
    if len(values) == 1:
        return [float("nan")] * 4
    if len(values) >= 6 and len(values) % 2 == 0:
        xs, ys = values[0::2], values[1::2]
        return [min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys)]
    raise DataError(f"{path} line {number}: expected 4 or 8 numbers, found {len(values)}: {text[:60]!r}")


def _fields(line: str) -> list[str]:
    # A spreadsheet in most of Europe writes 10,5;20;30;40: taken apart at each comma it would be a polygon.
    if line.count(";") >= 3:
        line = line.replace(",", ".")
    return [field for field in _SEPARATOR.split(line.strip()) if field]


def read_corners(path: Path) -> npt.NDArray[np.float64] | None:
    """Read corners [N, K, 2] (x, y) if every line of the file is a polygon of K corners; None otherwise."""
    rows = [_fields(line) for line in read_text(path).strip().splitlines()]
    count = len(rows[0]) if rows else 0
    if count < 6 or count % 2 or any(len(row) != count for row in rows) or rows[0][0].startswith("m"):
        return None
    return np.array([[float(field) for field in row] for row in rows]).reshape(len(rows), -1, 2)


def read_numbers(path: Path) -> npt.NDArray[np.float64]:
    """Return [N] numbers from a text file, separated by commas or white space.

    Raises:
        DataError: naming the file that is missing or holds something else.
    """
    fields = [field for field in _SEPARATOR.split(read_text(path)) if field]
    try:
        return np.array([float(field) for field in fields])
    except ValueError as error:
        raise DataError(f"{path} is not a list of numbers: {str(error)[:100]}") from None


def read_flags(path: Path) -> npt.NDArray[np.bool_]:
    """Return [N] bool from a text file of 0 and 1, one a line or all on one line."""
    fields = [field for field in _SEPARATOR.split(read_text(path)) if field]
    if others := sorted(set(fields) - {"0", "1"}):
        raise DataError(f"{path} holds something other than 0 and 1: {others[0][:60]!r}")
    return np.array([field == "1" for field in fields], dtype=bool)
