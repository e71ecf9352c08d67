# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""`tracker_ros train --list`: a line about every recipe."""

from __future__ import annotations

import shutil
import sys
import textwrap

from tracker_ros.training.recipes import Recipe, build, read_recipe, recipe_files


def print_recipes() -> None:
    """Print each recipe's paper, network, data, size and time, a line each."""
    names = sorted(recipe_files())
    width = max(map(len, names)) + 2
    # A program that reads this gets a line each, whatever its length.
    columns = shutil.get_terminal_size().columns if sys.stdout.isatty() else sys.maxsize
    for name in names:
        text = f"{name:{width}}{about(read_recipe(name))}"
        wrapped = textwrap.fill(text, columns, subsequent_indent=" " * width, break_on_hyphens=False)
        print(wrapped, flush=True)


def about(recipe: Recipe) -> str:
    """Describe what a recipe trains, and how long it takes."""
    module = build(recipe, with_initial=False)
    learns = sum(p.numel() for p in module.parameters() if p.requires_grad)
    loads = sum(t.numel() for t in module.tracker_state().values())
    pairs = recipe.pairs_per_epoch * recipe.epochs
    parts = [
        recipe.paper,
        recipe.network,
        "data " + ", ".join(str(entry["kind"]) for entry in recipe.data),
        f"{_millions(learns)} parameters learn, the tracker has {_millions(loads)}",
        f"{_millions(pairs) if pairs >= 100_000 else f'{pairs:,}'} pairs",
        recipe.time or "time: see --dry-run",
    ]
    return "; ".join(part for part in parts if part)


def _millions(count: int) -> str:
    return f"{count / 1e6:.2g} M"
