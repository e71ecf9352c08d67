# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Choosing among settings of a tracker without reporting the figure that chose them.

    tracker_ros eval --root DATA --trackers a.yaml,b.yaml,c.yaml --out results
    python -m tracker_ros.experiments.cross_validation --root DATA --results results

splits the sequences, in the order of their names, into folds; parts of one video are neighbours there. For
each fold the preset with the best mean success AUC on the other folds is chosen, and its AUC on this fold
counts. The mean of what counts is what such a choice gives on sequences that had no part in it.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence as Words
from pathlib import Path

import numpy as np
import numpy.typing as npt
from rich.table import Table

from tracker_ros.arguments import add_names, count
from tracker_ros.data.readers import named_sequences, read_folders
from tracker_ros.data.sequence import DataError, Sequence
from tracker_ros.evaluation.report import load_results
from tracker_ros.evaluation.scores import CurveScores
from tracker_ros.terminal import make_console

Array = npt.NDArray[np.float64]


def choices(values: Array, folds: list[npt.NDArray[np.intp]]) -> list[int]:
    """Choose for each fold of columns the row of `values` [rows, columns] that is best on the others."""
    everything = np.arange(values.shape[1])
    return [int(values[:, np.setdiff1d(everything, fold)].mean(1).argmax()) for fold in folds]


def held_out(values: Array, folds: list[npt.NDArray[np.intp]]) -> Array:
    """Return [columns] the value of each column in the row that the other folds choose."""
    found = np.empty(values.shape[1])
    for fold, row in zip(folds, choices(values, folds), strict=True):
        found[fold] = values[row, fold]
    return found


def areas(results: Path, sequences: list[Sequence], trackers: list[str]) -> tuple[list[str], Array]:
    """Return the trackers' labels and AUC [trackers, sequences] in the order of the sequences' names.

    Args:
        trackers: labels of those that are compared; all without any.

    Raises:
        DataError: when fewer than two have results, or one has none on a sequence (a table counts that as a
            failure; a choice should not rest on it).
    """
    names = sorted(sequence.name for sequence in sequences)
    scores = [
        s
        for s in load_results(results, sequences, "got10k").get("ope", [])
        if isinstance(s, CurveScores) and (not trackers or s.tracker in trackers)
    ]
    if len(scores) < 2:
        raise DataError(f"{results} has results of {len(scores)} of the trackers; comparing takes two")
    for score in scores:
        if missing := [name for name in names if name not in score.runs]:
            raise DataError(f"'{score.tracker}' lacks {len(missing)} sequences, the first is {missing[0]}")
    values = [[score.parts[name].auc for name in names] for score in scores]
    return [score.tracker for score in scores], np.array(values)


def table(labels: list[str], values: Array, count: int) -> Table:
    """Return a row for each tracker and one for the choice by cross-validation over `count` folds.

    Raises:
        DataError: when there are fewer sequences than folds, or fewer than two folds.
    """
    if not 2 <= count <= values.shape[1]:
        raise DataError(f"--folds must be 2 to {values.shape[1]}, the number of sequences; got {count}")
    folds = np.array_split(np.arange(values.shape[1]), count)
    chosen = choices(values, folds)
    made = Table(title=f"success AUC, {values.shape[1]} sequences, {count} folds", title_justify="left")
    made.add_column("preset")
    made.add_column("all sequences", justify="right")
    made.add_column("chosen in", justify="right")
    for row, label in enumerate(labels):
        made.add_row(label, f"{values[row].mean():.3f}", f"{chosen.count(row)} folds")
    made.add_section()
    made.add_row("chosen on the other folds", f"{held_out(values, folds).mean():.3f}", "")
    return made


def main(words: Words[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--root", type=Path, required=True, help="folder with sequences")
    add_names(parser, "--sequences", "GLOBS", "only these")
    parser.add_argument("--results", type=Path, default=Path("results"), help="--out of `tracker_ros eval`")
    add_names(parser, "--trackers", "NAMES", "only these")
    parser.add_argument("--folds", type=count, default=8, help="parts that the sequences are split into")
    args = parser.parse_args(words)
    try:
        sequences = named_sequences(read_folders(args.root), args.sequences)
        labels, values = areas(args.results, sequences, args.trackers)
        made = table(labels, values, args.folds)
    except DataError as error:
        print(error, file=sys.stderr)
        return 2
    make_console().print(made)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
