# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Requests of `tracker_ros train` that cannot be met as they are, refused before anything is trained."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from tracker_ros.arguments import refuse_idle
from tracker_ros.files import WriteError, obstacle, require_file, require_separate
from tracker_ros.training.recipes import RecipeError
from tracker_ros.weights.loader import require_safetensors

_DEVICES = re.compile("auto|-1|[1-9][0-9]*|[0-9]+(,[0-9]+)+|[0-9]+,")
_LENGTH = {"epochs", "pairs_per_epoch", "seed"}
_MACHINE = {"devices", "num_nodes", "strategy", "accelerator", "workers"}
_RUN = {"recipe", "data", "out", "resume", "time_limit", "save_every", *_LENGTH, *_MACHINE}
_EFFECTIVE = {
    "list": set[str](),
    # Some of these have no effect either: `_adapt` says why.
    "adapt": _RUN,
    "smoke": {"recipe"},
    # Length and seed stand in the model card.
    "from": {"recipe", "export", "half", *_LENGTH},
    "dry-run": {"recipe", "data", *_LENGTH},
}
"""Attributes of the arguments that still have an effect with an option; the first one given counts."""


def devices(text: str) -> str:
    """Read ``--devices``, as Lightning takes it.

    Raises:
        ValueError: for text that names no device.
    """
    if not _DEVICES.fullmatch(text):
        raise ValueError(f"'{text}' names no device: give how many, a list such as 0,2, or auto for all")
    return text


def refuse_idle_options(args: argparse.Namespace) -> None:
    """Refuse the options that have no effect beside the others.

    Raises:
        ValueError: naming them.
    """
    for mode, used in _EFFECTIVE.items():
        name = {"from": "source", "dry-run": "dry_run"}.get(mode, mode)
        if getattr(args, name) not in (None, False):
            refuse_idle(args.parser, args, f"--{mode}", {name, *used})
            return
    used = {*_RUN, "export"}
    if args.export is not None:
        used.add("half")
    refuse_idle(args.parser, args, "a training without --export", used)


def check_outputs(args: argparse.Namespace) -> None:
    """Make sure that what a training leaves can be written, and read again, before it takes hours.

    Raises:
        WeightsError: for weights that no command could read.
        RecipeError: for a card that would replace another file.
        WriteError: for a place where nothing can be written, and a file that is read.
    """
    if args.out is not None:
        if args.out.exists() and not args.out.is_dir():
            raise WriteError(f"--out {args.out} is there and is no folder: give another name")
        _require_place(args.out / "last.ckpt")
    if args.export is None:
        return
    require_safetensors(args.export)
    card = args.export.with_suffix(".md")
    for path in (args.export, card):
        require_file(path)
        _require_place(path)
    require_separate([args.export, card], [path for path in (args.source, args.resume) if path is not None])
    if card.exists() and "SHA-256" not in card.read_text(errors="replace"):
        raise RecipeError(f"{card} is there and is no model card: give --export another name")


def _require_place(path: Path) -> None:
    """Make sure that a file can be made; its folders may be missing."""
    if why := obstacle(path.parent):
        raise WriteError(f"cannot write {path}: {why}")
