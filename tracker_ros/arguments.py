# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Types of command-line arguments: numbers with a range, refused in a sentence that names the value."""

from __future__ import annotations

import argparse
import math
import os
import re
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
_NEGATIVE = re.compile(r"-[0-9.].*")


def argument(read: Callable[[str], T]) -> Callable[[str], T]:
    """Make the type of an argument from a function that raises ValueError with a sentence.

    argparse shows the sentence of its own error alone, in place of any other "invalid value".
    """

    def read_argument(text: str) -> T:
        try:
            return read(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return read_argument


def integer(low: int, high: int = 2**31 - 1) -> Callable[[str], int]:
    """Make the type of an argument that is a whole number from `low` to `high`."""

    def read(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = low - 1
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"'{text}' is not a whole number from {low} to {high}")
        return value

    return read


def number(
    low: float = -math.inf, high: float = math.inf, above: float = -math.inf
) -> Callable[[str], float]:
    """Make the type of an argument that is a finite number from `low` to `high`, and above `above`."""
    limits = [f"at least {low:g}"] * (low > -math.inf) + [f"at most {high:g}"] * (high < math.inf)
    limits += [f"above {above:g}"] * (above > -math.inf)
    wanted = f"a number {' and '.join(limits)}" if limits else "a finite number"

    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not (math.isfinite(value) and low <= value <= high and value > above):
            raise argparse.ArgumentTypeError(f"'{text}' is not {wanted}")
        return value

    return read


count, positive, not_negative, share = integer(1), number(above=0.0), number(low=0.0), number(0.0, 1.0)


def split(text: str) -> list[str]:
    """Split a list at its commas, without blanks."""
    return [part.strip() for part in text.split(",") if part.strip()]


def name_list(text: str) -> list[str]:
    """Read an argument that lists names, separated by commas; at least one."""
    if not (listed := split(text)):
        raise argparse.ArgumentTypeError(f"'{text}' names nothing")
    return listed


def add_names(
    parser: argparse.ArgumentParser, option: str, metavar: str, text: str, default: str = ""
) -> None:
    """Add an option that lists names, separated by commas; without a default its value is an empty list."""
    told = f"{text}, separated by commas"
    parser.add_argument(option, type=name_list, default=default or [], metavar=metavar, help=told)


def new_file(text: str) -> Path:
    """Read an argument that is a file to write, in a folder that is there; no device, no folder."""
    path = Path(text)
    folder = path.parent
    if not folder.is_dir():
        why = "is no folder" if folder.exists() else "does not exist"
        raise argparse.ArgumentTypeError(f"'{text}' cannot be written: its folder {folder} {why}")
    if not os.access(folder, os.W_OK):
        raise argparse.ArgumentTypeError(f"'{text}' cannot be written: you may not write to {folder}")
    if path.exists() and not path.is_file():
        raise argparse.ArgumentTypeError(f"'{text}' is there and is no file: give another name")
    return path


def refuse_idle(
    parser: argparse.ArgumentParser, args: argparse.Namespace, mode: str, used: Collection[str]
) -> None:
    """Refuse the options that would have no effect, by their names; one at its default is not given.

    Args:
        parser: of the command.
        mode: decides what has an effect, such as ``--smoke``.
        used: the attributes of `args` that have one.

    Raises:
        ValueError: naming the options.
    """
    idle = [
        action.option_strings[-1]
        for action in parser._actions
        if action.option_strings and action.dest not in used
        # The help has no attribute.
        if getattr(args, action.dest, action.default) != action.default
    ]
    if idle:
        raise ValueError(f"{mode} takes no notice of {', '.join(idle)}: leave that out")


def join_negative(words: Sequence[str]) -> list[str]:
    """Join an option and a value such as -5,50,20,20, which argparse takes for another option."""
    joined: list[str] = []
    for word in words:
        before = joined[-1] if joined else ""
        if _NEGATIVE.fullmatch(word) and before.startswith("--") and "=" not in before:
            joined[-1] = f"{before}={word}"
        else:
            joined.append(word)
    return joined
