# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Files that a command is to write: whether they can be written, asked before hours of work."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from tracker_ros.data.sequence import DataError
from tracker_ros.evaluation.specs import TrackerSpec
from tracker_ros.files import WriteError, obstacle, require_file

_BEGINNINGS = {"--csv": b"group,tracker,", "--submission": b"PK", "--json": b'{\n "machine"'}
"""First bytes of a file that the option wrote before: it may be written again, wherever it lies."""


def require_outputs(outputs: Mapping[str, Path | None], reads: Iterable[Path]) -> None:
    """Make sure that files can be written, are two where two are asked for, and replace nothing that is read.

    Args:
        outputs: by the option that names them; None where it was not given.
        reads: files, and folders with files, that the command reads.

    Raises:
        DataError: naming the option and the file.
    """
    inputs = {place for path in reads for place in (_place(path), path.resolve())}
    taken: dict[Path, str] = {}
    for option, path in outputs.items():
        if path is None:
            continue
        _require_writable(option, path)
        place = _place(path)
        if taken.setdefault(place, option) != option:
            raise DataError(f"{taken[place]} and {option} name the same file, {path}: give two names")
        if place.exists() and _is_read(option, place, inputs):
            raise DataError(f"{option} {path} would replace a file that is read: give another name")


def require_folder(option: str, folder: Path) -> None:
    """Make sure that a folder is there and may be written to, or can be made.

    Raises:
        DataError: naming the option and what is in the way.
    """
    if why := obstacle(folder.absolute()):
        raise DataError(f"{option} {folder}: {why}; give another place")


def files_of(specs: Iterable[TrackerSpec]) -> list[Path]:
    """Return files and folders that trackers are made of; names that are no files do no harm among them."""
    words = [word for spec in specs for word in (spec.name, *(spec.weights or "").split(","), spec.weights)]
    return [Path(word) for word in words if word]


def _require_writable(option: str, path: Path) -> None:
    try:
        require_file(path)
    except WriteError as error:
        raise DataError(f"{option}: {error}; give another name") from error
    require_folder(option, path.parent)


def _place(path: Path) -> Path:
    """Return where a name stands: a link is replaced itself, not what it leads to."""
    return path.parent.resolve() / path.name


def _is_read(option: str, place: Path, inputs: set[Path]) -> bool:
    if place in inputs:
        return True
    if inputs.isdisjoint(place.parents):
        return False
    with place.open("rb") as file:
        beginning = _BEGINNINGS[option]
        return file.read(len(beginning)) != beginning
