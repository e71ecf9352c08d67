# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Result files: one text file of boxes a run, as other toolkits write and read them.

Written: OTB's ``TRACKER/SEQUENCE.txt`` (x,y,w,h a line) with ``SEQUENCE_time.txt`` (seconds a frame)
and ``SEQUENCE_score.txt`` beside it; GOT-10k's ``TRACKER/SEQUENCE/SEQUENCE_001.txt``; VOT's
``TRACKER/baseline/SEQUENCE/SEQUENCE_001.txt``. Read: these, and the layouts of pysot, pytracking and
the got10k package, whose separators and names of time files differ.
"""

from __future__ import annotations

import dataclasses
import json
import struct
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tracker_ros.data.boxes import read_boxes
from tracker_ros.data.sequence import Boxes, DataError
from tracker_ros.data.text import read_text
from tracker_ros.files import WriteError, write_whole

MANIFEST = "manifest.json"
CRASHED = ".crashed"
"""Suffix of a file with the traceback of a run that ended in an exception."""
SUFFIXES = (".txt", ".value", CRASHED)
"""Suffixes of the files that are written."""
_COMPANIONS = ("_time.txt", "_score.txt", "_says.txt")
_CODES = ("0", "1", "2")


@dataclasses.dataclass(frozen=True)
class Trajectory:
    """A tracker's answers in one run.

    Attributes:
        boxes: [N, 4] x, y, w, h; the first is the given box; nan where it said nothing.
        seconds: [N] time the tracker took for each frame, the first being its start; nan if unknown or
            if the tracker did not get the frame.
        scores: [N] its own certainty; nan if unknown.
        codes: [N] what VOT's protocols say of a frame (see `vot`; -1 for a box); None while
            another protocol runs.
        says: [N, 2] what a session said: its state (the values of TrackState.msg) and how many ids it
            had used; None where it was not asked.
    """

    boxes: Boxes
    seconds: npt.NDArray[np.float64]
    scores: npt.NDArray[np.float64]
    codes: npt.NDArray[np.int8] | None = None
    says: npt.NDArray[np.int64] | None = None

    @property
    def tracked_seconds(self) -> npt.NDArray[np.float64]:
        """The known times of frames that were tracked: not the first's, nor those of frames skipped."""
        spent = self.seconds[1:]
        return spent[np.isfinite(spent)]


def _keep(path: Path, text: str) -> None:
    """Write a result, as `write_whole` does; a `WriteError` says how to go on."""
    try:
        write_whole(path, text)
    except WriteError as error:
        raise WriteError(
            f"{error}. What is finished is kept: mend that and run the same command again"
        ) from error


def write_run(folder: Path, name: str, run: Trajectory) -> None:
    """Write ``NAME.txt`` and its companions; the boxes come last, so that they mark a finished run.

    `name` may hold folders. Runs of VOT's protocols get VOT's codes and its names for companions, so
    that vot-toolkit and pysot read them; GOT-10k's numbered repetitions share one file of times.
    """
    if run.codes is not None:
        _keep(folder / f"{name}_time.value", _number_lines(run.seconds))
        _keep(folder / f"{name}_confidence.value", _number_lines(run.scores))
        rows = zip(run.boxes, run.codes, strict=True)
        lines = [_line(box) if code < 0 else str(code) for box, code in rows]
        _keep(folder / f"{name}.txt", "\n".join(lines) + "\n")
        return
    if run.says is not None:
        said = "".join(f"{state} {number}\n" for state, number in run.says.tolist())
        _keep(folder / f"{name}_says.txt", said)
    repetition = _repetition(name)
    if repetition:
        _write_times(folder / f"{name[:-4]}_time.txt", run.seconds, repetition)
    else:
        _keep(folder / f"{name}_time.txt", _number_lines(run.seconds))
    _keep(Path(_score_path(str(folder / name), repetition)), _number_lines(run.scores))
    _keep(folder / f"{name}.txt", "".join(_line(box) + "\n" for box in run.boxes))


def _score_path(stem: str, repetition: int) -> str:
    # The got10k package takes every SEQUENCE_[0-9]*.txt for boxes, so a score must not be called that.
    return f"{stem[:-4]}_score{stem[-4:]}.txt" if repetition else f"{stem}_score.txt"


def _repetition(name: str) -> int:
    """Return the number of a GOT-10k repetition, ``SEQUENCE/SEQUENCE_001``; 0 for another name."""
    head, _, tail = name.rpartition("_")
    parent, _, stem = head.rpartition("/")
    return int(tail) if parent and parent == stem and len(tail) == 3 and tail.isdigit() else 0


def _write_times(path: Path, seconds: npt.NDArray[np.float64], column: int) -> None:
    """Put `seconds` into a column of a GOT-10k time file, which has one column a repetition."""
    rows = read_text(path).splitlines() if column > 1 and path.is_file() else [""] * len(seconds)
    fields = [row.split(",")[: column - 1] for row in rows]
    lines = [
        ",".join([*filter(None, field), f"{value:.6g}"]) for field, value in zip(fields, seconds, strict=True)
    ]
    _keep(path, "\n".join(lines) + "\n")


def _number_lines(values: npt.NDArray[np.float64]) -> str:
    return "".join(f"{value:.6g}\n" for value in values)


def _line(box: npt.NDArray[np.float64]) -> str:
    # Four decimals keep overlaps to 1e-4 for any target of a pixel or more.
    return ",".join(f"{value:.4f}" for value in box)


def write_crash(folder: Path, name: str, why: str) -> None:
    """Note that the run `name` ended in an exception, until it has a result."""
    _keep(folder / f"{name}{CRASHED}", why)


def crashed(folder: Path, name: str) -> bool:
    """Return whether the run `name` ended in an exception."""
    return (folder / f"{name}{CRASHED}").is_file()


def remove_runs(folder: Path, sequence: str, names: Iterable[str]) -> None:
    """Delete the runs `names` on a sequence with their companions, and all runs in a folder of its own."""
    for name in names:
        path = folder / name
        if path.parent.name == sequence and path.parent != folder:
            files = [file for suffix in SUFFIXES for file in path.parent.glob(f"*{suffix}")]
        else:
            files = [folder / f"{name}{tail}" for tail in (".txt", CRASHED, *_COMPANIONS)]
        for file in files:
            file.unlink(missing_ok=True)


def find_result(folder: Path, name: str) -> Path | None:
    """Return the file with a tracker's boxes for the run `name`, in any layout that is read; None if absent.

    Known: OTB's and pysot's ``NAME.txt``, vot-toolkit's ``NAME.bin``, pytracking's data set prefixes, the
    first repetition of GOT-10k's layout and of vot-toolkit's unsupervised experiment.
    """
    numbered = f"{name}_001.txt"
    candidates = [
        f"{name}.txt",
        f"{name}.bin",
        *(f"{prefix}_{name}.txt" for prefix in ("uav", "nfs", "tpl")),
        f"{name}/{numbered}",
        f"unsupervised/{name}/{numbered}",
    ]
    return next((folder / path for path in candidates if (folder / path).is_file()), None)


def read_result(folder: Path, name: str, length: int) -> Trajectory | None:
    """Return the run `name` of a tracker over `length` frames; None when there is no file.

    A file with too many rows is cut, as reference toolkits do.

    Raises:
        DataError: when the file has too few rows or cannot be read.
    """
    path = find_result(folder, name)
    if path is None:
        return None
    boxes, codes = read_vot_binary(path) if path.suffix == ".bin" else (read_boxes(path), _codes(path))
    if len(boxes) < length:
        raise DataError(f"{path} holds {len(boxes)} boxes for {length} frames")
    stem, repetition = str(path.with_suffix("")), _repetition(f"{path.parent.name}/{path.stem}")
    shared = f"{stem[:-4]}_time.txt" if repetition else f"{path.parent}/times/{path.stem}_time.txt"
    seconds = _companion((f"{stem}_time.value", f"{stem}_time.txt", shared), length, max(repetition, 1))
    scores = _companion((f"{stem}_confidence.value", _score_path(stem, repetition)), length, 1)
    return Trajectory(boxes[:length], seconds, scores, codes[:length], _read_says(f"{stem}_says.txt", length))


def _read_says(path: str, length: int) -> npt.NDArray[np.int64] | None:
    """Read the session's states that belong to a result file; None without one.

    Raises:
        DataError: when it has not a line with two numbers for each frame.
    """
    if not Path(path).is_file():
        return None
    try:
        rows = [[int(word) for word in line.split()] for line in read_text(Path(path)).splitlines()]
        return np.array(rows, dtype=np.int64).reshape(length, 2)
    except ValueError:
        raise DataError(f"{path} must have a state and a number for each of {length} frames") from None


def read_vot_binary(path: Path) -> tuple[Boxes, npt.NDArray[np.int8]]:
    """Read boxes [N, 4] and codes [N] from vot-toolkit's binary results.

    A version (int16) and a count (uint32), then for each frame a kind (uint8) with a code (0: uint32) or
    a rectangle (1: four float32), all little-endian.

    Raises:
        DataError: when the file is cut off or holds another kind, as masks.
    """
    data = path.read_bytes()
    try:
        _, count = struct.unpack_from("<hI", data)
        boxes, codes, offset = np.full((count, 4), np.nan), np.full(count, -1, np.int8), 6
        for index in range(count):
            kind = data[offset]
            if kind == 0:
                codes[index] = struct.unpack_from("<I", data, offset + 1)[0]
            elif kind == 1:
                boxes[index] = struct.unpack_from("<4f", data, offset + 1)
            else:
                raise DataError(f"{path} holds regions other than boxes, in frame {index}")
            offset += 5 if kind == 0 else 17
    except (struct.error, IndexError):
        raise DataError(f"{path} is cut off") from None
    return boxes, codes


def _codes(path: Path) -> npt.NDArray[np.int8]:
    """Return [N] VOT's code of each line, -1 for a line with a box."""
    lines = read_text(path).splitlines()
    return np.array([int(float(x)) if x.strip() in _CODES else -1 for x in lines if x.strip()], np.int8)


def _companion(paths: tuple[str, ...], length: int, column: int) -> npt.NDArray[np.float64]:
    """Return [length] numbers from the first of `paths` that exists, nan where there are none."""
    values = np.full(length, np.nan)
    for path in map(Path, paths):
        if path.is_file():
            rows = [line.replace(",", " ").split() for line in read_text(path).splitlines() if line.strip()]
            try:
                known = [float(row[min(column, len(row)) - 1]) for row in rows[:length]]
            except ValueError as error:
                raise DataError(f"{path} is not a list of numbers: {str(error)[:100]}") from None
            values[: len(known)] = known
            break
    return values


def read_manifest(folder: Path) -> dict[str, Any]:
    """Return the manifest of a result folder; empty when it has none, as folders of other toolkits."""
    path = folder / MANIFEST
    if not path.is_file():
        return {}
    try:
        return dict(json.loads(read_text(path)))
    except DataError:
        raise
    except (ValueError, TypeError, RecursionError) as error:
        raise DataError(f"{path} is no manifest in JSON: {error}") from None


def write_manifest(folder: Path, content: dict[str, Any]) -> None:
    """Write a result folder's manifest."""
    _keep(folder / MANIFEST, json.dumps(content, indent=2, sort_keys=True) + "\n")
