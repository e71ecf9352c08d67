# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Printing of commands: results on standard output, errors on standard error, texts as they are."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

FILE_WIDTH = 200
"""Columns of what is written to a file or a pipe."""


def print_error(command: str, error: object) -> None:
    """Print why a command cannot do what was asked, on standard error: a program may read its output."""
    print(f"tracker_ros {command}: {error}", file=sys.stderr)


def make_console(**options: Any) -> Console:
    """Return a console that shows texts as they are: the brackets of a folder `data[old]` are no markup.

    A file or a pipe has no width: tables are not squeezed into 80 columns there, unless COLUMNS asks for it.

    Args:
        options: of `rich.console.Console`.
    """
    from rich import console  # takes a while, and an error needs none

    class TextConsole(console.Console):
        """Leaves a pipe that nobody reads to whoever prints; rich's own would end with status 1."""

        def on_broken_pipe(self) -> None:
            """Raise the error again: rich calls this while it handles the BrokenPipeError."""
            raise

    stream = sys.stderr if options.get("stderr") else sys.stdout
    if not stream.isatty() and "COLUMNS" not in os.environ:
        options.setdefault("width", FILE_WIDTH)
    return TextConsole(markup=False, emoji=False, highlight=False, **options)
