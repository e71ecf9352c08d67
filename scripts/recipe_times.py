#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Estimate the time of recipes on one core: what stands in their `time`, for `tracker_ros train --list`.

    python scripts/recipe_times.py [RECIPE ...]

Takes steps of the whole network on rendered pairs and prints the processor time of a pair and of the whole
training, without that of drawing pairs. A GPU is faster by far.
"""

from __future__ import annotations

import dataclasses
import sys
import time

import torch

from tracker_ros.training.dry_run import take_step
from tracker_ros.training.lengths import spoken
from tracker_ros.training.recipes import Recipe, build, read_recipe, recipe_files
from tracker_ros.training.sampling import PairDataset, collate
from tracker_ros.training.smoke import smoke_sources

#: Of each recipe; the first step is not counted.
BATCH, STEPS = 4, 3


def seconds(recipe: Recipe) -> float:
    """Return the processor time to learn from a pair."""
    module = build(recipe, with_initial=False)
    sources = smoke_sources(module.spec)
    module.prepare(sum(named.source.domains for named in sources))
    dataset = PairDataset([(n.source, n.weight) for n in sources], BATCH * STEPS, recipe.seed)
    optimizer = recipe.optimizer.build([{"params": [p for p in module.parameters() if p.requires_grad]}])
    module.train()
    taken = 0.0
    for step in range(STEPS):
        batch = collate([dataset[step * BATCH + i] for i in range(BATCH)])
        batch.pop("bad")
        start = time.process_time()
        take_step(module, recipe, batch, optimizer)
        taken += time.process_time() - start if step else 0.0
    return taken / (BATCH * (STEPS - 1))


def main(names: list[str]) -> None:
    """Print a line a recipe."""
    torch.set_num_threads(1)
    for name in names or sorted(recipe_files()):
        recipe = dataclasses.replace(read_recipe(name), precision="32-true")
        taken = seconds(recipe)
        whole = spoken(taken * recipe.pairs_per_epoch * recipe.epochs)
        print(f"{name:20} {taken:8.3f} s a pair; {whole}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
