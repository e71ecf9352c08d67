# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Files that are whole or are not there, whenever the process dies or the disk fills up."""

from __future__ import annotations

import glob
import itertools
import os
import shutil
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

_STALE = 3600.0
"""Seconds after which a part is what a killed process left: no write takes that long."""


class WriteError(OSError):
    """A file that cannot be written. The message names it and says why, in one line."""


def name_for_libraries(path: Path) -> str:
    """Return a path as text for a library in C++: some crash on a name that is not UTF-8, or miss the file.

    Raises:
        ValueError: naming the path.
    """
    try:
        str(path).encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"{path}: this name is not UTF-8; give the file another one") from error
    return str(path)


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file, and its folders where they are missing.

    Args:
        path: of the file; it is as it was until all of it is written beside it.
        content: bytes, or text that becomes UTF-8; what UTF-8 cannot hold, of a file's name, is escaped.

    Raises:
        WriteError: naming the file, which is as it was.
    """
    write_together({path: content})


def write_together(contents: Mapping[Path, str | bytes]) -> None:
    """Write files that belong together: all of them, or none where one cannot be written.

    Raises:
        WriteError: naming the file that cannot be written; the others are as they were.
    """
    for path in contents:
        require_file(path)
    parts = {path: part_of(path) for path in contents}
    try:
        for path, part in parts.items():
            content = contents[path]
            path.parent.mkdir(parents=True, exist_ok=True)
            remove_stale_parts(path)
            with part.open("wb") as file:
                file.write(content.encode(errors="backslashreplace") if isinstance(content, str) else content)
                file.flush()
                os.fsync(file.fileno())  # or a power cut may leave the new name with nothing in it
        for path, part in parts.items():
            os.replace(part, path)
    except OSError as error:
        raise WriteError(f"cannot write {path}: {error.strerror}") from error
    finally:
        for part in parts.values():
            with suppress(OSError):
                part.unlink()


def require_file(path: Path) -> None:
    """Make sure that a name is free or a file's: root could replace a device such as /dev/null by a file.

    Raises:
        WriteError: for a device, a pipe, a folder, or a link that leads nowhere or in circles.
    """
    if path.is_symlink() and not path.exists():
        raise WriteError(f"cannot write {path}: it is a link that leads nowhere")
    if path.exists() and not path.is_file():
        raise WriteError(f"cannot write {path}: it is {'a folder' if path.is_dir() else 'a device'}, no file")


def require_separate(outputs: Sequence[Path], inputs: Iterable[Path] = ()) -> None:
    """Make sure that what a command writes is nothing that it reads, and that it writes no file twice.

    Files are compared, not their names: one may be called by several, as `o.mp4` and `$PWD/o.mp4`.

    Args:
        outputs: the files that the command is going to write, as the user calls them.
        inputs: those that it reads; names of nothing are passed over.

    Raises:
        WriteError: naming both.
    """
    there = [path for path in outputs if path.exists()]
    for read, path in itertools.product(inputs if there else (), there):
        if read.exists() and is_same(path, read):
            raise WriteError(f"cannot write {path}: this command reads it, as {read}; give another name")
    for one, other in itertools.combinations(outputs, 2):
        if is_same(one, other):
            raise WriteError(f"cannot write both {one} and {other}: they are one file; give another name")


def obstacle(folder: Path) -> str:
    """Return why nothing can be written into a folder that is there or can be made; '' if it can."""
    there = next(path for path in (folder, *folder.parents) if path.exists())
    if not there.is_dir():
        return f"{there} is no folder"
    return "" if os.access(there, os.W_OK) else f"you may not write to {there}"


def is_same(one: Path, other: Path) -> bool:
    """Return whether two names are those of one file or folder, which need not be there."""
    if one.exists() and other.exists():
        return os.path.samefile(one, other)
    return os.path.realpath(one) == os.path.realpath(other)


def part_of(path: Path, suffix: str = "") -> Path:
    """Return the name under which a file, or a folder, is written until it is whole.

    Two processes may write the same: each has a part of its own, and the last one counts.

    Args:
        suffix: which the part has to end in, for a library that looks at it.
    """
    return path.with_name(f".{path.name}.{os.getpid()}.part{suffix}")


def remove_stale_parts(path: Path, suffix: str = "") -> None:
    """Remove what killed processes left of this file or folder, as `part_of` names it.

    By age: others may run on another machine.
    """
    for part in path.parent.glob(f".{glob.escape(path.name)}.*.part{suffix}"):
        with suppress(OSError):
            if time.time() - part.stat().st_mtime > _STALE:
                shutil.rmtree(part) if part.is_dir() else part.unlink()
