# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Figures of matplotlib as files that are whole or are not there."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tracker_ros.files import write_whole

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def save_figure(figure: Figure, path: Path, **options: Any) -> None:
    """Write a figure in the format that the suffix of `path` names.

    Args:
        options: as ``Figure.savefig`` takes them.

    Raises:
        tracker_ros.files.WriteError: naming the file, which is as it was.
    """
    content = io.BytesIO()
    figure.savefig(content, format=path.suffix.removeprefix("."), **options)
    write_whole(path, content.getvalue())
