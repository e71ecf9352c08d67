# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Validate a training on recordings that it never draws from: its loss, and how well it tracks.

A recording is held out whole, with all its targets. The loss is that of a fixed set of pairs; tracking
is the success AUC of short runs of the tracker that the weights are for. Of two checkpoints the one that
tracks better is better, whatever their losses.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from tracker_ros.ops.boxes import iou
from tracker_ros.trackers import Tracker, create, preset_files, read_preset
from tracker_ros.training.clips import Clip, stretch
from tracker_ros.training.contract import PairTraining
from tracker_ros.training.recipes import Recipe, RecipeError
from tracker_ros.training.sampling import ClipPairs, PairDataset, collate
from tracker_ros.training.sources import Named
from tracker_ros.weights.loader import WeightsError, fill

#: Pairs drawn at once for the loss.
_BATCH = 8
_THRESHOLDS = torch.linspace(0, 1, 21)


class Verdict(NamedTuple):
    """A validation's figures; nan for what cannot be had."""

    loss: float
    auc: float

    @property
    def worth(self) -> float:
        """The measure by which checkpoints are compared: the AUC, or the loss where there is none."""
        return -self.loss if math.isnan(self.auc) else self.auc


@dataclass(frozen=True)
class Run:
    """A short run: `count` frames of a clip from `first` on."""

    clip: Clip
    first: int
    count: int


def recording(clip: Clip) -> str:
    """Name the recording that a clip is a target of."""
    return clip.name.partition(":")[0]


def hold_out(sources: Sequence[Named], share: float) -> tuple[list[Named], list[Named]]:
    """Split every source of clips by recordings: (to learn from, held out).

    Which ones depends on their names alone. A source of fewer than two recordings is not split, and
    rendered pairs are on both sides: they are made anew for every number of a draw.
    """
    learned, held = [], []
    for named in sources:
        source = named.source
        if not isinstance(source, ClipPairs):
            learned.append(named)
            held.append(named)
            continue
        names = sorted(
            {recording(c) for c in source.clips}, key=lambda n: hashlib.sha256(n.encode()).digest()
        )
        count = min(math.ceil(share * len(names)), len(names) - 1)
        away = set(names[:count])
        parts = [[c for c in source.clips if (recording(c) in away) is side] for side in (False, True)]
        learned.append(replace(named, source=source.of(parts[0])))
        if parts[1]:
            held.append(replace(named, source=source.of(parts[1])))
    return learned, held


def choose_runs(sources: Sequence[Named], count: int, frames: int) -> list[Run]:
    """Choose `count` short runs, spread over the clips and their lengths; [] without moving pictures."""
    clips = [c for named in sources if isinstance(named.source, ClipPairs) for c in named.source.clips]
    long = [c for c in clips if len(c.usable) >= max(frames // 2, 2)]
    # Clips of one recording are neighbours: taken in the order of a hash, all recordings come first.
    long.sort(key=lambda c: hashlib.sha256(c.name.encode()).digest())
    runs = []
    for number in range(count if long else 0):
        clip = long[number % len(long)]
        rounds, which = math.ceil(count / len(long)), number // len(long)
        first = int(clip.usable[which * max(len(clip.usable) - frames, 0) // max(rounds, 1)])
        runs.append(Run(clip, first, min(frames, len(clip.frames) - first)))
    return [run for run in runs if run.count > 1]


def success_auc(overlaps: Tensor) -> float:
    """Return the area under the success curve of IoUs [N] (OTB: 21 thresholds, strictly above)."""
    return float((overlaps.unsqueeze(1) > _THRESHOLDS).float().mean())


@torch.no_grad()
def follow(tracker: Tracker, run: Run, device: torch.device) -> Tensor:
    """Return IoUs [n] of a run's frames in which the target can be seen, save the first."""
    truth = torch.from_numpy(run.clip.boxes[run.first : run.first + run.count]).float()
    state: dict[str, Tensor] = {}
    found: list[Tensor] = []
    for index, image in enumerate(stretch(run.clip.frames, run.first, run.count)):
        frame = torch.from_numpy(np.ascontiguousarray(image)).permute(2, 0, 1).to(device)
        if index == 0:
            state = tracker.initialize(frame, truth[0].to(device))
            continue
        estimate = tracker.localize(frame, state)
        state = tracker.update(frame, state, estimate)
        if bool(torch.isfinite(truth[index]).all()):
            found.append(iou(estimate.box.cpu(), truth[index]))
    return torch.stack(found) if found else torch.empty(0)


class Validator:
    """Validates one training module again and again on the same pairs and runs.

    Args:
        recipe: its `validation` says how much.
        module: what is trained.
        held: sources that are not learned from.

    Raises:
        SettingsError: when the recipe's preset does not exist.
        RecipeError: when the weights are not for it.
    """

    def __init__(self, recipe: Recipe, module: PairTraining, held: Sequence[Named]) -> None:
        settings = recipe.validation
        self.seed = recipe.seed
        self.pairs: PairDataset | None = None
        if held and not module.by_domain:
            weighted = [(named.source, named.weight) for named in held]
            self.pairs = PairDataset(weighted, settings.pairs, recipe.seed + 1)
        self.tracker: Tracker | None = None
        self.runs = choose_runs(held, settings.runs, settings.frames)
        preset = settings.preset or (recipe.name if recipe.name in preset_files() else "")
        if self.runs and preset:
            described = read_preset(preset)
            self.tracker = create(described.tracker, described.settings)
            try:
                fill(self.tracker, module.tracker_state(), f"recipe {recipe.name}")
            except WeightsError as error:
                raise RecipeError(
                    f"{error}. Name the preset that the weights are for under 'validation' in the recipe, or"
                    " say 'validation: {runs: 0}' there"
                ) from error

    def __bool__(self) -> bool:
        """Return whether there is anything to validate on."""
        return self.pairs is not None or self.tracker is not None

    def __call__(self, module: PairTraining, device: torch.device) -> Verdict:
        """Validate; the module is in evaluation mode afterwards, the random numbers are as before."""
        module.eval()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seed)
            return Verdict(self._loss(module, device), self._auc(module, device))

    @torch.no_grad()
    def _loss(self, module: PairTraining, device: torch.device) -> float:
        if self.pairs is None:
            return float("nan")
        total = 0.0
        for start in range(0, len(self.pairs), _BATCH):
            samples = [self.pairs[i] for i in range(start, min(start + _BATCH, len(self.pairs)))]
            batch = {n: t.to(device) for n, t in collate(samples).items() if isinstance(t, Tensor)}
            for name in ("exemplar", "search"):
                batch[name] = batch[name].float()
            total += float(module(batch)["loss"]) * len(samples)
        return total / len(self.pairs)

    def _auc(self, module: PairTraining, device: torch.device) -> float:
        if self.tracker is None:
            return float("nan")
        fill(self.tracker, {n: t.float().cpu() for n, t in module.tracker_state().items()}, "the training")
        self.tracker.to(device).eval()
        scores = [success_auc(found) for run in self.runs if len(found := follow(self.tracker, run, device))]
        return float(np.mean(scores)) if scores else float("nan")
