# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""`tracker_ros train --dry-run`: what a recipe finds and what it will take, before it takes it."""

from __future__ import annotations

import resource
import time
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from tracker_ros.training.contract import PairTraining
from tracker_ros.training.lengths import spoken
from tracker_ros.training.recipes import Recipe, build
from tracker_ros.training.sampling import ClipPairs, PairDataset, collate
from tracker_ros.training.sources import Named, open_sources
from tracker_ros.training.validation import choose_runs, hold_out, recording

STEPS = 10
_WARM = 2


class Measured(NamedTuple):
    """Mean seconds of a step: to draw its batch, and to learn from it."""

    draw: float
    learn: float


def dry_run(recipe: Recipe, roots: Mapping[str, list[Path]]) -> None:
    """Open the data, take ten steps that are thrown away, and print what the whole training means.

    Raises:
        DataError, RecipeError, WeightsError: as the training itself would.
    """
    module = build(recipe)
    sources = open_sources(recipe.data, roots, module.spec, lambda text: print(text, flush=True))
    learned, held = hold_out(sources, recipe.validation.share)
    print(f"{recipe.name}: {recipe.module} {recipe.arguments or ''}")
    for line in found(learned, held):
        print(f"  {line}")
    runs = choose_runs(held, recipe.validation.runs, recipe.validation.frames)
    print(f"  validation: {recipe.validation.pairs} pairs and {len(runs)} short runs")
    steps = recipe.pairs_per_epoch // recipe.batch_size
    print(
        f"  {recipe.pairs_per_epoch} pairs an epoch, {recipe.epochs} epochs, batches of {recipe.batch_size}:"
        f" {steps * recipe.epochs} steps"
    )
    measured = measure(module, recipe, learned)
    size = sum(t.numel() * t.element_size() for t in module.state_dict().values())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"  memory: {peak:.0f} MiB at the peak; a checkpoint about {3 * size / 2**20:.0f} MiB")
    print(
        f"  a step: {measured.learn:.3g} s to learn, {measured.draw:.3g} s to draw (one process; --workers N"
        " shares it)"
    )
    count = steps * recipe.epochs
    print(
        f"  time: {spoken(count * measured.learn)} where drawing keeps up,"
        f" {spoken(count * (measured.learn + measured.draw))} without workers, on this machine as it is now"
    )


def found(learned: list[Named], held: list[Named]) -> list[str]:
    """Print a line about each source."""
    apart = {named.kind: named for named in held}
    total = sum(named.weight for named in learned)
    lines = []
    for named in learned:
        share = f"{named.weight / total:.0%} of the pairs"
        if not isinstance(named.source, ClipPairs):
            lines.append(f"{named.kind}: {share}, rendered")
            continue
        clips = named.source.clips
        other = apart[named.kind].source if named.kind in apart else None
        away = len({recording(c) for c in other.clips}) if isinstance(other, ClipPairs) else 0
        lines.append(
            f"{named.kind}: {share}, {len({recording(c) for c in clips})} recordings, {len(clips)} targets,"
            f" {sum(len(c.usable) for c in clips)} boxes; {away} recordings held out"
        )
    return lines


def measure(module: PairTraining, recipe: Recipe, sources: list[Named]) -> Measured:
    """Time ten steps on the processor, the first two not counted; the module changes."""
    module.prepare(sum(named.source.domains for named in sources))
    dataset = PairDataset([(n.source, n.weight) for n in sources], recipe.pairs_per_epoch, recipe.seed)
    learning = [p for p in module.parameters() if p.requires_grad]
    optimizer = recipe.optimizer.build([{"params": learning}])
    module.train()
    draw = learn = 0.0
    for step in range(STEPS):
        start = time.perf_counter()
        indices = range(step * recipe.batch_size, (step + 1) * recipe.batch_size)
        batch = collate([dataset[i % len(dataset)] for i in indices])
        batch.pop("bad")
        middle = time.perf_counter()
        take_step(module, recipe, batch, optimizer)
        if step >= _WARM:
            draw += (middle - start) / (STEPS - _WARM)
            learn += (time.perf_counter() - middle) / (STEPS - _WARM)
    return Measured(draw, learn)


def take_step(
    module: PairTraining, recipe: Recipe, batch: dict[str, Tensor], optimizer: torch.optim.Optimizer
) -> None:
    """Learn from a collated batch, as the trainer does, on the processor."""
    for name in ("exemplar", "search"):
        batch[name] = batch[name].float()
    with torch.autocast("cpu", torch.bfloat16) if "bf16" in recipe.precision else nullcontext():
        loss = module(recipe.augment(batch))["loss"]
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
