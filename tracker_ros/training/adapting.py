# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Adapt the default tracker to a user's own footage, without labels, and keep the result only if it helps.

Consistent tracks are found in the videos (`selfsup`), a part of the footage is held out, and the heads are
fine-tuned on the rest. Both sets of weights then track the held-out part, and rendered flights, whose boxes
are exact. The new ones are written only where the whole bootstrap interval of the difference on the footage
lies above zero and nothing was forgotten on the flights: the tracks of the footage are patches that optical
flow can follow, and a network may learn patches at the expense of objects.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
import yaml

from tracker_ros.bootstrap import mean_interval
from tracker_ros.config_files import DEFAULT_PRESET
from tracker_ros.data.readers import VIDEO_SUFFIXES, files_below
from tracker_ros.data.sequence import DataError
from tracker_ros.data.synthetic import AerialScene
from tracker_ros.data.synthetic_traffic import START, TrafficScene
from tracker_ros.files import write_whole
from tracker_ros.trackers import Tracker, load, read_preset
from tracker_ros.training.clips import Clip, Decoded
from tracker_ros.training.exporting import export, model_card
from tracker_ros.training.recipes import Recipe, build
from tracker_ros.training.sampling import ClipPairs
from tracker_ros.training.sources import Named, fingerprint, mine_folder
from tracker_ros.training.stopping import SIGNAL
from tracker_ros.training.trainer import train
from tracker_ros.training.validation import Run, choose_runs, follow, hold_out, recording, success_auc
from tracker_ros.weights.loader import fill

RECIPE = "siamban_adapt"
NAME = "adapted"
"""Names the weights, their card and the preset that uses them."""
MOST_FRAMES = 2000
"""Decoded frames of all videos together, some 1.4 GB of memory."""
LEAST_FRAMES, USUAL_FRAMES = 60, 300
"""Frames of one video, however many there are."""
FEWEST_RUNS = 8
"""Runs on the held-out part; fewer cannot show a difference."""
LEVEL = 0.9
"""Share of the resampled differences whose interval must lie above zero."""
FLIGHTS, FLIGHT_FRAMES, FLIGHT_RATE = 10, 40, 10.0
"""Rendered flights that show what was forgotten: their number, frames of each, and frames a second."""
MOST_FORGOTTEN = 0.01
"""Success AUC that may be lost on them: as much as differs between two trainings."""


class Outcome(NamedTuple):
    """Success AUC of both sets of weights on the held-out runs.

    Attributes:
        before, after: means over the runs.
        low, high: the 90 % bootstrap interval of the difference, over the runs.
        runs: their number.
        rendered: difference of the means on rendered flights.
    """

    before: float
    after: float
    low: float
    high: float
    runs: int
    rendered: float = 0.0

    @property
    def helped(self) -> bool:
        """True where the whole interval lies above zero, and the rendered flights go as before."""
        return self.low > 0 and self.rendered >= -MOST_FORGOTTEN

    def __str__(self) -> str:
        """Describe the outcome in a line."""
        return (
            f"held-out part, {self.runs} runs: success AUC {self.before:.3f} as shipped, {self.after:.3f}"
            f" adapted, difference {self.after - self.before:+.3f} [{self.low:+.3f}, {self.high:+.3f}];"
            f" on rendered flights {self.rendered:+.3f}"
        )


def adapt(
    folder: Path,
    recipe: Recipe,
    out: Path,
    command: str,
    tell: Callable[[str], None],
    **options: Any,
) -> Outcome | None:
    """Fine-tune on the videos under `folder`; if that helps, weights, card and preset go to `out`.

    Args:
        recipe: of a training module for the default tracker's network.
        command: for the card.
        tell: is given lines of progress.
        options: of `trainer.train`.

    Returns:
        The comparison on the held-out part; None for a training that a signal ended.

    Raises:
        DataError: when too little can be followed in the videos.
    """
    module = build(recipe)
    data = recipe.data[0]
    clips = _tracks(folder, tell)
    source = ClipPairs(clips, module.spec, int(data["gap"]), float(data["negative"]))
    learned, held = split(_named(source), recipe.validation.share)
    runs = choose_runs(held, recipe.validation.runs, recipe.validation.frames)
    if not learned or len(runs) < FEWEST_RUNS:
        raise DataError(f"{folder} gives {len(runs)} runs to judge by, {FEWEST_RUNS} are needed: add footage")
    tracker = load(DEFAULT_PRESET)
    flights = [_flight(seed) for seed in range(FLIGHTS)]
    before, known = _scores(tracker, runs), _scores(tracker, flights)
    judged_here = replace(recipe, validation=replace(recipe.validation, share=0.0))
    fit = train(module, judged_here, learned, out, **options)
    if fit.stopped == SIGNAL:
        return None
    state = {name: tensor.cpu() for name, tensor in module.tracker_state().items()}
    fill(tracker, state, "the adaptation")
    rendered = float(np.mean(_scores(tracker, flights)) - np.mean(known))
    outcome = compare(before, _scores(tracker, runs))._replace(rendered=rendered)
    if outcome.helped:
        digest = export(state, out / f"{NAME}.safetensors")
        card = model_card(NAME, recipe, command, digest, fit.steps_done, fit.fingerprints(), f"{outcome}.")
        write_whole(out / f"{NAME}.md", card)
        write_whole(out / f"{NAME}.yaml", _preset())
    return outcome


def split(source: Named, share: float) -> tuple[list[Named], list[Named]]:
    """Split self-supervised clips: (to learn from, held out), without a frame in common.

    Whole recordings are held out; of a single one the last part, by time.
    """
    pairs = source.source
    assert isinstance(pairs, ClipPairs)
    if len({recording(clip) for clip in pairs.clips}) > 1:
        return hold_out([source], share)
    first = [int(clip.name.rsplit(":", 2)[1]) for clip in pairs.clips]
    border = int(np.quantile(first, 1 - share))
    early = [_until(clip, border - start) for clip, start in zip(pairs.clips, first, strict=True)]
    early = [clip for clip in early if len(clip.usable)]
    late = [clip for clip, start in zip(pairs.clips, first, strict=True) if start >= border]
    learned, held = ([_named(pairs.of(part))] if part else [] for part in (early, late))
    return learned, held


def _until(clip: Clip, count: int) -> Clip:
    """Hide the boxes after the first `count` frames of a clip, so that nothing is learned there."""
    boxes = clip.boxes.copy()
    boxes[max(count, 0) :] = np.nan
    return replace(clip, boxes=boxes)


def compare(before: Sequence[float], after: Sequence[float]) -> Outcome:
    """Compare scores of the same runs, with the bootstrap interval of their mean difference."""
    first, second = np.asarray(before), np.asarray(after)
    return Outcome(
        float(first.mean()), float(second.mean()), *mean_interval(second - first, LEVEL), len(first)
    )


def _tracks(folder: Path, tell: Callable[[str], None]) -> list[Clip]:
    videos = files_below(folder, VIDEO_SUFFIXES)
    if not videos:
        raise DataError(f"there is no video under {folder}")
    tell(f"looking for tracks in {len(videos)} videos ...")
    most = min(max(MOST_FRAMES // len(videos), LEAST_FRAMES), USUAL_FRAMES)
    clips = mine_folder(folder, most=most)
    tell(f"{len(clips)} consistent tracks, {sum(len(clip.frames) for clip in clips)} boxes")
    return clips


def _named(source: ClipPairs) -> Named:
    return Named(source, 1.0, "unlabelled", fingerprint(list(source.clips)))


def _scores(tracker: Tracker, runs: Sequence[Run]) -> list[float]:
    return [success_auc(follow(tracker, run, torch.device("cpu"))) for run in runs]


def _flight(seed: int) -> Run:
    """Render a flight over a street; every other one is in dense traffic."""
    scene = TrafficScene(seed, 640, 480) if seed % 2 else AerialScene(seed)
    times = [START + i / FLIGHT_RATE for i in range(FLIGHT_FRAMES)]
    images = tuple(scene.render(t).image for t in times)
    boxes = np.array([scene.locate(t).box for t in times], dtype=np.float64)
    return Run(Clip(f"rendered:{seed}", Decoded(images), boxes), 0, FLIGHT_FRAMES)


def _preset() -> str:
    """Write the default preset with the adapted weights; its calibration stays, the network is near.

    They lie beside it and have no folder in their name, so that both can be moved to a robot.
    """
    preset = read_preset(DEFAULT_PRESET)
    content = {
        "tracker": preset.tracker,
        "weights": f"{NAME}.safetensors",
        "settings": preset.settings,
        "session": preset.session,
    }
    text = yaml.safe_dump(content, sort_keys=False)
    return f"# {DEFAULT_PRESET}, adapted by `tracker_ros train --adapt`\n{text}"
