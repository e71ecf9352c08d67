# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Sequence lists and frame ranges that data sets publish apart from their files: config/eval."""

from __future__ import annotations

import csv
from pathlib import Path

from tracker_ros.config_files import config_folders
from tracker_ros.data.sequence import DataError
from tracker_ros.data.text import read_text


def shipped_file(name: str) -> Path:
    """Return a file of config/eval; the source tree's own comes before an installed one.

    Raises:
        DataError: when there is none of this name.
    """
    folders = [folder / "eval" for folder in config_folders()]
    for folder in folders:
        if (folder / name).is_file():
            return folder / name
    known = sorted({path.name for folder in folders for path in folder.glob("*") if path.is_file()})
    raise DataError(f"no file config/eval/{name}; there are: {', '.join(known)}")


def read_names(name: str) -> list[str]:
    """Read sequence names, one a line, from the file `name` or the shipped list of that name.

    Raises:
        DataError: when there is neither, or the file names none.
    """
    path = Path(name) if Path(name).is_file() else shipped_file(f"{name}.txt")
    names = [line.strip() for line in read_text(path).splitlines() if line.strip()]
    if not names:
        raise DataError(f"the list {path} names no sequence: write one name a line")
    return names


def read_table(name: str) -> list[dict[str, str]]:
    """Read a shipped CSV table as rows by its header."""
    with shipped_file(f"{name}.csv").open(newline="") as file:
        return list(csv.DictReader(file))
