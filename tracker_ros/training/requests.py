# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Requests of `tracker_ros train` that cannot be met as they are, refused before anything is trained."""

from __future__ import annotations

import argparse
import re

from tracker_ros.arguments import refuse_idle

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
"""The attributes of the arguments that an option leaves an effect; the first that is given counts."""


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
