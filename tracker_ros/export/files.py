# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Files that are whole or are not there."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path


class ArchiveError(ValueError):
    """An archive that must not or cannot be used. The message says why, in one line."""


def replace_files(contents: Mapping[Path, bytes]) -> None:
    """Write files that belong together: all of them, or none where one cannot be written.

    Raises:
        ArchiveError: naming the file that cannot be written.
    """
    parts = {path: path.with_name(f".{path.name}.part") for path in contents}
    try:
        for path, part in parts.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            part.write_bytes(contents[path])
        for path, part in parts.items():
            os.replace(part, path)
    except OSError as error:
        raise ArchiveError(f"{path} cannot be written: {error.strerror}") from error
    finally:
        for part in parts.values():
            with suppress(OSError):
                part.unlink()
