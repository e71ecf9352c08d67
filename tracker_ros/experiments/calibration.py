# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Fit a preset's calibration: the score becomes the probability that the box overlaps the target by half.

    python -m tracker_ros.experiments.calibration --tracks DATA/tracks --trackers dcf,dcf_tiny

runs each tracker alone over annotated clips that no tracker was tuned on, and fits a logistic regression from
what the session knows of a frame (`tracker_ros.session.evidence`) to whether the box was right. It prints the
line for the preset's file, and the expected calibration error where each group of clips is left out in
turn. With --root it also says how the line does on other sequences.
"""

from __future__ import annotations

import argparse
import itertools
from collections import Counter
from collections.abc import Iterator
from collections.abc import Sequence as Words
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from tracker_ros.arguments import add_names, count
from tracker_ros.data.inserted import inserted
from tracker_ros.data.readers import read_folders
from tracker_ros.data.sequence import Frame, Sequence, VideoFrames
from tracker_ros.evaluation.metrics import HIT, is_box, overlaps
from tracker_ros.evaluation.reliability import calibration_error, fit, left_out_error, probability
from tracker_ros.export import optimized
from tracker_ros.geometry import Box
from tracker_ros.ops.peaks import psr
from tracker_ros.session.evidence import SETTLED, features
from tracker_ros.session.identity import Identity
from tracker_ros.terminal import make_console
from tracker_ros.trackers import Tracker, load
from tracker_ros.training.clips import VideoFile
from tracker_ros.training.csv_datasets import read_tracks

Array = npt.NDArray[np.float64]
VIEW_FRAMES = 9
"""A view of the target is taken so often, as the session does each 0.3 s."""
SURE = 0.4
"""Score of the tracker from which a view is taken."""
REMOVED = 30
"""Frames in every second clip from which the target is removed."""


class Run(NamedTuple):
    """Evidence [N, 3] of a tracker's frames, whether the box was right [N], and the clips' group."""

    group: str
    evidence: Array
    right: npt.NDArray[np.bool_]


def observe(tracker: Tracker, sequence: Sequence, group: str) -> Run:
    """Run a tracker over a sequence as it is, and note what a session would know."""
    identity, rows, boxes = Identity(), [], []
    psrs: list[float] = []
    for index, frame in enumerate(sequence.frames):
        pixels = torch.from_numpy(np.ascontiguousarray(frame)).permute(2, 0, 1)
        with torch.inference_mode():
            if index == 0:
                box = Box.from_xywh(*sequence.truth[0].tolist())
                state = tracker.initialize(pixels, box.to_tensor())
                identity.start(pixels, box)
                continue
            found = tracker.localize(pixels, state)
            state = tracker.update(pixels, state, found)
            box, raw, peak = Box(*found.box.tolist()), float(found.score), float(psr(found.response))
            own = identity.looks(pixels, box).own
            if raw >= SURE and index % VIEW_FRAMES == 0:
                identity.see()
        psrs = psrs if len(psrs) == SETTLED else [*psrs, peak]
        rows.append(features(raw, peak / max(float(np.mean(psrs)), 1e-6), own))
        boxes.append(box.to_xywh())
    return Run(group, np.array(rows), overlaps(boxes, sequence.truth[1:]) >= HIT)


def left_out(runs: list[Run]) -> tuple[Array, npt.NDArray[np.bool_]]:
    """Predict each frame by a fit that leaves its group out; return predictions and outcomes."""
    said, right = [], []
    for group in sorted({run.group for run in runs}):
        weights = fit_runs([run for run in runs if run.group != group])
        for run in runs:
            if run.group == group:
                said.append(probability(weights, run.evidence))
                right.append(run.right)
    return np.concatenate(said), np.concatenate(right)


def fit_runs(runs: list[Run]) -> Array:
    """Fit all runs at once; groups weigh by the root of their frames, so that none decides alone."""
    frames = Counter[str]()
    for run in runs:
        frames[run.group] += len(run.right)
    weights = np.concatenate([np.full(len(run.right), frames[run.group] ** -0.5) for run in runs])
    evidence, right = (np.concatenate([getattr(run, name) for run in runs]) for name in ("evidence", "right"))
    return fit(evidence, right.astype(np.float64), weights * len(weights) / weights.sum())


def clips(root: Path, most: int, frames: int) -> list[tuple[Sequence, str]]:
    """Draw at most `most` clips of at most `frames` frames from all groups in turn; some with an absence."""
    by_group: dict[str, list[Sequence]] = {}
    for clip in read_tracks(root):
        group = clip.name.split(":")[0] if clip.group not in ("DRONEDET", "BG") else clip.group
        part = longest(is_box(clip.boxes))[:frames]
        if len(part) < 3 * VIEW_FRAMES or not isinstance(clip.frames, VideoFile):
            continue
        truth = clip.boxes[part.start : part.stop].copy()
        truth[:, :2] -= truth[:, 2:] / 2
        cut = Cut(VideoFrames(clip.frames.path), part.start, len(part))
        by_group.setdefault(group, []).append(Sequence(clip.name, cut, truth))
    spread = {group: every[:: max(len(every) // 8, 1)] for group, every in sorted(by_group.items())}
    turns = itertools.zip_longest(*([(s, g) for s in every] for g, every in spread.items()))
    chosen = [pair for turn in turns for pair in turn if pair is not None][:most]
    return [
        (inserted(s, "removed", 1, REMOVED, s.frames) if number % 2 else s, group)
        for number, (s, group) in enumerate(chosen)
    ]


class Cut:
    """`count` frames of a video from `first` on."""

    def __init__(self, frames: VideoFrames, first: int, count: int) -> None:
        self._frames, self._first, self._count = frames, first, count

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Frame]:
        return itertools.islice(iter(self._frames), self._first, self._first + self._count)


def longest(given: npt.NDArray[np.bool_]) -> range:
    """Return the longest row of frames with a box."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], given.astype(np.int8), [0]))))
    rows = [range(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]
    return max(rows, key=len, default=range(0))


def own_error(runs: list[Run]) -> str:
    """Describe the calibration error of the tracker's own score, as it is and with each group left out."""
    groups = {run.group for run in runs}
    parts = {
        group: (
            np.concatenate([run.evidence[:, 0] for run in runs if run.group == group]),
            np.concatenate([run.right for run in runs if run.group == group]),
        )
        for group in sorted(groups)
    }
    said, right = (np.concatenate(column) for column in zip(*parts.values(), strict=True))
    return (
        f"of its own score {calibration_error(said, right):.3f}, calibrated on all groups but the one that it"
        f" is of {left_out_error(parts):.3f}"
    )


def preset_line(weights: Array) -> str:
    """Return the settings of the session that a preset's file takes."""
    bias, score, peak, looks = (f"{value:.2f}" for value in weights)
    return (
        f"session: {{calibration_bias: {bias}, calibration_score: {score},"
        f" calibration_psr: {peak}, calibration_looks: {looks}}}"
    )


def main(words: Words[str] | None = None) -> int:
    """Print a line for each preset."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--tracks", type=Path, required=True, help="folder of NAME/tracks.csv with videos")
    parser.add_argument("--root", type=Path, help="sequences to hold the result against")
    add_names(parser, "--trackers", "NAMES", "presets", "dcf")
    parser.add_argument("--clips", type=count, default=48, help="how many clips, at most")
    parser.add_argument("--frames", type=count, default=90, help="of a clip, at most")
    args = parser.parse_args(words)
    torch.set_num_threads(1)
    console = make_console(soft_wrap=True)
    chosen = clips(args.tracks, args.clips, args.frames)
    others = [s for s in read_folders(args.root) if len(s.truth) == len(s)] if args.root else []
    for name in args.trackers:
        tracker = optimized(load(name))
        runs = [observe(tracker, sequence, group) for sequence, group in chosen]
        weights = fit_runs(runs)
        said, right = left_out(runs)
        console.print(f"{name}: {preset_line(weights)}")
        console.print(
            f"  {len(said)} frames, {right.mean():.3f} right;"
            f" error left out {calibration_error(said, right):.3f}; {own_error(runs)}"
        )
        if others:
            seen = [observe(tracker, sequence, sequence.name) for sequence in others]
            told = np.concatenate([probability(weights, run.evidence) for run in seen])
            truth = np.concatenate([run.right for run in seen])
            console.print(
                f"  on {len(others)} other sequences: error {calibration_error(told, truth):.3f};"
                f" {own_error(seen)}"
            )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
