# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Downloading a set of weights: resumed where it broke off, and kept only if it is genuine.

The system's proxy settings (HTTPS_PROXY, NO_PROXY) are respected. A mirror, a folder or an address under
which the files lie by their names, takes the place of the publishers' servers.
"""

from __future__ import annotations

import os
import shutil
import urllib.error
import urllib.request
from collections.abc import Callable
from http.client import HTTPException
from pathlib import Path
from typing import Any, BinaryIO

from tracker_ros.files import WriteError
from tracker_ros.weights.manifest import Entry, WeightsError, cache, missing, verify

#: Names a mirror where no option does.
VARIABLE = "TRACKER_ROS_WEIGHTS_MIRROR"
TIMEOUT = 30.0
ATTEMPTS = 3
_BLOCK = 1 << 20
_RANGE_NOT_SATISFIABLE = 416

#: Is given the bytes that are here and the bytes in all, 0 where the server does not say.
Progress = Callable[[int, int], None]


def download(entry: Entry, mirror: str = "", progress: Progress | None = None) -> Path:
    """Bring the entry's file into the weights folder, from the mirror if there is one.

    What arrived before a connection broke stays as NAME.part, and the next call goes on from there.

    Raises:
        WeightsError: when the file cannot be had, or is not the one that the manifest describes.
    """
    mirror = mirror or os.environ.get(VARIABLE, "")
    target = cache() / entry.file
    part = target.with_name(f"{target.name}.part")
    target.parent.mkdir(parents=True, exist_ok=True)
    if mirror and "://" not in mirror:
        _copy(Path(mirror) / entry.file, part, entry)
    else:
        url = f"{mirror.rstrip('/')}/{entry.file}" if mirror else entry.source
        if not url.startswith(("https://", "http://")):
            raise missing(entry)
        _receive(url, part, entry, progress or (lambda here, whole: None))
    try:
        verify(entry, part)
    except WeightsError:
        part.unlink()
        raise
    part.replace(target)
    return target


def _copy(source: Path, part: Path, entry: Entry) -> None:
    if not source.is_file():
        raise WeightsError(f"the mirror has no {source} for weights '{entry.name}'")
    shutil.copyfile(source, part)


def _receive(url: str, part: Path, entry: Entry, progress: Progress) -> None:
    for attempt in range(1, ATTEMPTS + 1):
        try:
            _append(url, part, progress)
            return
        except urllib.error.HTTPError as error:
            if error.code == _RANGE_NOT_SATISFIABLE and part.exists():
                # What is here is no beginning of the file (or all of it, which the checksum will not say).
                part.unlink()
                continue
            raise _failed(url, entry, f"the server answers {error.code} ({error.reason})") from error
        except WriteError:
            raise
        except (OSError, HTTPException) as error:
            if attempt == ATTEMPTS:
                reason = getattr(error, "reason", error)
                raise _failed(url, entry, f"{reason}; what came is kept, call again to go on") from error
    raise _failed(url, entry, "the server refuses to send it from its beginning")


def _append(url: str, part: Path, progress: Progress) -> None:
    """Receive what is still missing of the file."""
    here = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={here}-"} if here else {})
    # An opener of its own: the module's shared one keeps the proxies of its first call.
    with urllib.request.build_opener().open(request, timeout=TIMEOUT) as reply:
        if here and reply.status != 206:
            here = 0
        whole = _length(reply, here)
        with part.open("ab" if here else "wb") as stream:
            while block := reply.read(_BLOCK):
                _write(stream, block, part)
                here += len(block)
                progress(here, whole)
    if whole and here < whole:
        raise ConnectionError(f"the connection ended after {here} of {whole} bytes")


def _write(stream: BinaryIO, block: bytes, part: Path) -> None:
    """Write at once, so that a full disk is not taken for a broken connection."""
    try:
        stream.write(block)
        stream.flush()
    except OSError as error:
        raise WriteError(f"cannot write {part}: {error.strerror}") from error


def _length(reply: Any, here: int) -> int:
    rest = reply.headers.get("Content-Length", "")
    return here + int(rest) if rest.isdigit() else 0


def _failed(url: str, entry: Entry, why: str) -> WeightsError:
    return WeightsError(
        f"{url} cannot be had: {why}. Behind a proxy set HTTPS_PROXY; without a network put {entry.file} into"
        f" {cache()} by hand, or name a folder or server that has it with --mirror"
    )
