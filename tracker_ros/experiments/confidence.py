# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Separate good frames from lost ones by the score, PSR, APCE, a second peak or the first frame's model.

    python -m tracker_ros.experiments.confidence --root DATA --trackers NAMES

runs trackers without a session and ranks all frames by each measure. The figure is the area under the
ROC curve, the chance that a good frame (overlap above 0.5) ranks above a bad one (overlap below 0.1 or no
target): over all frames together, and as the mean over the sequences that have both.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence as Words
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from rich.table import Table
from torch import Tensor

from tracker_ros.arguments import add_names
from tracker_ros.config_files import DEFAULT_PRESET
from tracker_ros.data.readers import named_sequences, read_folders
from tracker_ros.data.sequence import Sequence
from tracker_ros.evaluation.metrics import is_box, overlaps
from tracker_ros.export import optimized
from tracker_ros.geometry import Box
from tracker_ros.ops.frames import to_tensor
from tracker_ros.ops.peaks import apce, argmax_2d, psr
from tracker_ros.terminal import make_console
from tracker_ros.trackers import Tracker, load

Array = npt.NDArray[np.float64]
MEASURES = (
    "score",
    "PSR",
    "PSR / first PSRs",
    "APCE",
    "1 - second peak",
    "first frame's model",
    "least of score and that model",
)
_SETTLED = 5
"""Frames whose median PSR the others' are divided by."""
_FEWEST = 5


def second_peak(response: Tensor, exclude: int = 5) -> float:
    """Return the highest value of [h, w] outside the square about the peak, over the peak; a circular map."""
    height, width = response.shape
    row, column = argmax_2d(response)
    dy, dx = (torch.arange(height) - row).abs(), (torch.arange(width) - column).abs()
    near = (torch.minimum(dy, height - dy) <= exclude).unsqueeze(1) & (
        torch.minimum(dx, width - dx) <= exclude
    ).unsqueeze(0)
    return float(response.masked_fill(near, -torch.inf).max() / response.max().clamp(min=1e-9))


def roc_area(good: Array, bad: Array) -> float:
    """Return the chance that a value of `good` exceeds one of `bad`; ties count half."""
    order = np.sort(bad)
    below = np.searchsorted(order, good, "left") + np.searchsorted(order, good, "right")
    return float(below.sum() / (2 * len(good) * len(bad)))


def observe(tracker: Tracker, sequence: Sequence) -> tuple[Array, Array]:
    """Return the overlaps [N-1] (0 where there is no target) and measures [N-1, M] of one run."""
    rows: list[list[float]] = []
    boxes: list[tuple[float, ...]] = []
    for index, frame in enumerate(sequence.frames):
        pixels = to_tensor(frame)
        with torch.inference_mode():
            if index == 0:
                state = tracker.initialize(pixels, Box.from_xywh(*sequence.truth[0]).to_tensor())
                first = dict(state)
                continue
            found = tracker.localize(pixels, state)
            known = float(tracker.localize(pixels, {**first, "box": found.box}).score)
            state = tracker.update(pixels, state, found)
        score, response = float(found.score), found.response
        rows.append(
            [
                score,
                float(psr(response)),
                0.0,
                float(apce(response)),
                1 - second_peak(response),
                known,
                min(score, known),
            ]
        )
        boxes.append(Box(*found.box.tolist()).to_xywh())
    measured = np.array(rows)
    measured[:, 2] = measured[:, 1] / np.median(measured[:_SETTLED, 1])
    return overlaps(boxes, sequence.truth[1:]), measured


def areas(runs: list[tuple[Array, Array]]) -> list[tuple[float, float]]:
    """Return each measure's area over all frames and the sequences' mean.

    nan where one side is empty.
    """
    together = [np.concatenate(parts) for parts in zip(*runs, strict=True)]
    return [
        (
            _area(together[0], together[1][:, m], 1),
            float(np.nanmean([_area(iou, values[:, m], _FEWEST) for iou, values in runs])),
        )
        for m in range(len(MEASURES))
    ]


def _area(iou: Array, values: Array, fewest: int) -> float:
    good, bad = values[iou > 0.5], values[iou < 0.1]
    return roc_area(good, bad) if min(len(good), len(bad)) >= fewest else float("nan")


def main(words: Words[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--root", type=Path, required=True, help="folder with sequences")
    add_names(parser, "--sequences", "GLOBS", "only these")
    add_names(parser, "--trackers", "NAMES", "presets", DEFAULT_PRESET)
    args = parser.parse_args(words)
    torch.set_num_threads(1)
    sequences = [
        s
        for s in named_sequences(read_folders(args.root), args.sequences)
        if len(s.truth) == len(s) and is_box(s.truth).sum() > 1
    ]
    table = Table(title="area under the ROC curve: all frames / mean of sequences", title_justify="left")
    table.add_column("measure")
    columns = []
    for name in args.trackers:
        tracker = optimized(load(name))
        columns.append(areas([observe(tracker, sequence) for sequence in sequences]))
        table.add_column(name, justify="right")
    for index, measure in enumerate(MEASURES):
        table.add_row(measure, *(f"{c[index][0]:.3f} / {c[index][1]:.3f}" for c in columns))
    make_console().print(table)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
