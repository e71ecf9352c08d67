# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""An index of a training set of numbered images: listed once, then mapped by every process that trains.

TrackingNet has 14 million images. Their paths take gigabytes as Python's objects, in every process that
lists them. The index is three plain files, of which processes share the pages that they look at:

    boxes.f64     N x 4, cx, cy, w, h of every frame
    usable.i32    the numbers of the frames that show their target, a clip after the other
    names.txt     the images' names, a line each
    clips.json    [name, folder, frames, usable frames, bytes of names] of each clip

A cache that cannot be written costs time and memory, never the training.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import logging
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from tracker_ros.config_files import user_cache
from tracker_ros.data.sequence import DataError, read_image
from tracker_ros.training.clips import BadImage, Clip, Image, ImageFiles

_log = logging.getLogger(__name__)
_FORM = "1"
"""Changes where other clips come of the same files."""
LONGEST_WAIT = 3600.0
"""Seconds that a process waits for another one that writes the index."""


class Listed(NamedTuple):
    """The source of a clip, before its images are listed."""

    name: str
    images: Path
    truth: Path
    flags: tuple[Path, ...] = ()


@dataclass(frozen=True)
class IndexedImages:
    """Frames stored as one image file each, whose names lie in an index."""

    folder: str
    names: npt.NDArray[np.uint8]
    count: int

    def __len__(self) -> int:
        return self.count

    def path(self, index: int) -> Path:
        """Return the file of a frame."""
        name = self.names.tobytes().split(b"\n")[index]
        return Path(self.folder, os.fsdecode(name))

    def read(self, index: int) -> Image:
        """Return the frame `index`, decoded now."""
        try:
            return read_image(self.path(index))
        except DataError as error:
            raise BadImage(str(error)) from error


def indexed(listed: list[Listed], root: Path, read: Callable[[Listed], Clip]) -> list[Clip]:
    """Return clips of a data set that have a usable frame, from its index; make that if need be.

    Args:
        listed: every clip; an index is for these, as long as neither their files nor folders change.
        root: of the data set.
        read: makes a clip of images in one folder.

    Raises:
        DataError: as `read` does, and where another process did not end to write the index.
    """
    user = user_cache()
    if user is None:
        return _usable(map(read, listed))
    folder = user / "index" / listing_digest(listed, root)
    try:
        with _alone(folder):
            if not _is_whole(folder):
                shutil.rmtree(folder, ignore_errors=True)
                _write(_usable_only(map(read, listed)), folder)
    except OSError as error:
        _log.warning("no index of %s is kept: %s. Every process lists the images itself", root, error)
        return _usable(map(read, listed))
    return list(_read(folder))


def listing_digest(listed: Iterable[Listed], root: Path) -> str:
    """Return a digest of where the clips lie and when their files and folders changed last."""
    digest = hashlib.sha256(f"{_FORM} {root.resolve()}".encode())
    for entry in listed:
        digest.update(f"\n{entry.name}".encode())
        for path in (entry.images, entry.truth, *entry.flags):
            stat = path.stat() if path.exists() else None
            changed = (stat.st_size, stat.st_mtime_ns) if stat else ()
            digest.update(f" {path.relative_to(root)} {changed}".encode())
    return digest.hexdigest()[:32]


def _usable_only(clips: Iterable[Clip]) -> Iterator[Clip]:
    return (clip for clip in clips if len(clip.usable))


def _usable(clips: Iterable[Clip]) -> list[Clip]:
    return list(_usable_only(clips))


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Lock out other processes while open; the lock of one that died is gone with it.

    Raises:
        DataError: after `LONGEST_WAIT`.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    place = folder.with_suffix(".lock")
    end = time.monotonic() + LONGEST_WAIT
    with place.open("w") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > end:
                    raise DataError(f"another process has held {place} for {LONGEST_WAIT:g} s") from None
                time.sleep(0.1)
        yield


def _write(clips: Iterable[Clip], folder: Path) -> None:
    """Write an index that appears whole; the clips are taken one at a time."""
    part = Path(tempfile.mkdtemp(dir=folder.parent, prefix="part-"))
    try:
        rows: list[list[Any]] = []
        with (
            (part / "boxes.f64").open("wb") as boxes,
            (part / "usable.i32").open("wb") as usable,
            (part / "names.txt").open("wb") as names,
        ):
            for clip in clips:
                assert isinstance(clip.frames, ImageFiles)
                joined = b"\n".join(os.fsencode(path.name) for path in clip.frames.paths)
                at = str(clip.frames.paths[0].parent)
                rows.append([clip.name, at, len(clip.boxes), len(clip.usable), len(joined)])
                boxes.write(np.asarray(clip.boxes, "<f8").tobytes())
                usable.write(np.asarray(clip.usable, "<i4").tobytes())
                names.write(joined)
        (part / "clips.json").write_text(json.dumps(rows))
        part.rename(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _rows(folder: Path) -> list[Any]:
    return list(json.loads((folder / "clips.json").read_text()))


def _is_whole(folder: Path) -> bool:
    """Return whether an index is complete: a machine may have lost its power while writing."""
    try:
        frames, seen, names = np.array([row[2:] for row in _rows(folder)]).sum(axis=0)
        wanted = {"boxes.f64": 32 * frames, "usable.i32": 4 * seen, "names.txt": names}
        return all((folder / name).stat().st_size == size for name, size in wanted.items())
    except (OSError, ValueError):
        return False


def _read(folder: Path) -> Iterator[Clip]:
    """Yield clips whose arrays are views of the mapped files."""
    boxes = _mapped(folder / "boxes.f64", "<f8").reshape(-1, 4)
    usable, names = _mapped(folder / "usable.i32", "<i4"), _mapped(folder / "names.txt", "u1")
    frame = shown = byte = 0
    for name, at, count, seen, length in _rows(folder):
        images = IndexedImages(at, names[byte : byte + length], count)
        clip = Clip(name, images, boxes[frame : frame + count])
        # What a cached property would find, and keep in every process.
        clip.__dict__["usable"] = usable[shown : shown + seen]
        yield clip
        frame, shown, byte = frame + count, shown + seen, byte + length


def _mapped(path: Path, dtype: str) -> npt.NDArray[Any]:
    # No file of nothing can be mapped. A plain view: each of a memmap's own views is a heavy object.
    return np.memmap(path, dtype, "r").view(np.ndarray) if path.stat().st_size else np.empty(0, dtype)
