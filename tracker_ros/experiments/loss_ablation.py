# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Table 3 of Lu et al.: SiamRPN and DSLT with every loss, evaluated and printed beside the paper's.

    python -m tracker_ros.experiments.loss_ablation --data labelled=PHOTOS --root SEQUENCES --out FOLDER

SiamRPN is trained once for each row; all rows share recipe, data, seed and network, and only the
classification loss differs. A training whose loss became infinite is reported as diverged. DSLT learns
online: its rows differ in settings. The paper trained on four large data sets and evaluated on OTB-2015
and UAV123 together: with other data the numbers are not comparable with its numbers, only with each
other. What is trained or evaluated already under --out is not done again.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
from pathlib import Path
from typing import Any, NamedTuple

import torch
from rich.table import Table

from tracker_ros.arguments import count, integer, positive
from tracker_ros.data.sequence import DataError, Sequence
from tracker_ros.evaluation.options import add_data_options, read_data
from tracker_ros.evaluation.scores import TrackerScores
from tracker_ros.evaluation.specs import TrackerSpec
from tracker_ros.experiments.ablation_cf import Variant, evaluate, run_once, train_once
from tracker_ros.losses.classification import ClassificationLoss, make_loss
from tracker_ros.terminal import make_console
from tracker_ros.trackers.base import SettingsError
from tracker_ros.training.cli import roots
from tracker_ros.training.recipes import Recipe, RecipeError, read_recipe
from tracker_ros.weights.loader import WeightsError


class Row(NamedTuple):
    """A row of table 3: its label, the loss, and the paper's DP and AUC in percent (nan: not printed).

    The loss of SiamRPN, or the settings of DSLT.
    """

    label: str
    loss: ClassificationLoss | dict[str, Any]
    dp: float
    auc: float


def _shrinkage(a: float, c: float) -> ClassificationLoss:
    return ClassificationLoss("shrinkage", a, c)


def _focal(alpha: float, gamma: float) -> ClassificationLoss:
    return ClassificationLoss("focal", alpha=alpha, gamma=gamma)


NAN = float("nan")
ROWS = (
    Row("bce", make_loss("bce"), NAN, NAN),
    Row("without exp(p_t)", ClassificationLoss("shrinkage", exponential=False), 82.4, 60.9),
    Row("only exp(p_t)", ClassificationLoss("shrinkage", modulated=False), 81.1, 59.8),
    Row("a=10, c=0.6", _shrinkage(10.0, 0.6), 82.7, 61.1),
    Row("a=6, c=0.2", _shrinkage(6.0, 0.2), 82.4, 60.7),
    Row("a=10, c=0.2", _shrinkage(10.0, 0.2), 82.2, 60.6),
    Row("a=6, c=0.6", _shrinkage(6.0, 0.6), 81.9, 60.4),
    Row("alpha=0.5, gamma=0.5", _focal(0.5, 0.5), 81.1, 59.8),
    Row("alpha=1, gamma=0.5", _focal(1.0, 0.5), 81.4, 59.9),
    Row("alpha=0.5, gamma=1", _focal(0.5, 1.0), 81.2, 59.8),
    Row("alpha=1, gamma=1", _focal(1.0, 1.0), 81.7, 60.2),
    Row("alpha=0.5, gamma=2", _focal(0.5, 2.0), 81.8, 60.4),
    Row("alpha=1, gamma=2", _focal(1.0, 2.0), 82.0, 60.5),
)
REGRESSION_ROWS = (
    Row("L2", {"loss": "l2"}, NAN, NAN),
    Row("without exp(Y)", {"shrinkage_exponential": False}, 84.0, 59.7),
    Row("only exp(Y)", {"shrinkage_modulation": False}, 80.6, 58.1),
    Row("a=10, c=0.2", {"shrinkage_a": 10.0, "shrinkage_c": 0.2}, 84.3, 59.9),
    Row("a=6, c=0.2", {"shrinkage_a": 6.0, "shrinkage_c": 0.2}, 84.0, 59.7),
    Row("a=10, c=0.6", {"shrinkage_a": 10.0, "shrinkage_c": 0.6}, 83.7, 59.6),
    Row("a=6, c=0.6", {"shrinkage_a": 6.0, "shrinkage_c": 0.6}, 83.1, 59.0),
)
PARTS = ("classification", "regression")


def variant(row: Row, correlation: str) -> Variant:
    """Return the training and the tracker of a row."""
    preset = "siamrpn" if correlation == "up" else "siamrpn_pysot"
    arguments = {"loss": row.loss, "correlation": correlation}
    return Variant(row.label, preset, row.label, "siamrpn.SiamRpnTraining", arguments)


def arguments_of(words: list[str] | None) -> argparse.Namespace:
    """Return the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--part", action="append", choices=PARTS, help="half of the table (default: both)")
    parser.add_argument(
        "--data",
        action="append",
        default=[],
        metavar="KIND=FOLDER",
        help="training data and its kind (see `tracker_ros train`); may be repeated",
    )
    add_data_options(parser)
    parser.add_argument("--out", type=Path, required=True, help="folder for weights, logs and results")
    parser.add_argument("--recipe", default="siamrpn_sl", help="optimiser and schedule (default: siamrpn_sl)")
    parser.add_argument("--epochs", type=count, help="in place of the recipe's")
    parser.add_argument(
        "--pairs", dest="pairs_per_epoch", type=count, help="pairs an epoch, in place of the recipe's"
    )
    parser.add_argument("--batch", dest="batch_size", type=count, help="in place of the recipe's")
    parser.add_argument("--seed", type=integer(0), help="in place of the recipe's")
    parser.add_argument("--lr", type=positive, help="learning rate, in place of the recipe's")
    parser.add_argument("--correlation", default="up", choices=("up", "depthwise"), help="SiamRPN's head")
    parser.add_argument("--width", type=positive, default=1.0, help="share of AlexNet's channels")
    parser.add_argument("--dslt", default="dslt_mobile", help="preset of the regression rows")
    parser.add_argument("--accelerator", default="auto", help="for training: cpu, gpu or auto")
    parser.add_argument("--workers", type=integer(0), default=0, help="processes that draw training pairs")
    parser.add_argument("--device", default="cpu", help="for evaluation")
    parser.add_argument("--jobs", type=count, default=1, help="processes that evaluate")
    return parser.parse_args(words)


def recipe_of(args: argparse.Namespace) -> Recipe:
    """Return the recipe with the data and the numbers of the command line."""
    names = ("epochs", "pairs_per_epoch", "batch_size", "seed")
    changes = {name: getattr(args, name) for name in names if getattr(args, name) is not None}
    recipe = read_recipe(args.recipe, changes)
    if not args.data:
        raise RecipeError("SiamRPN's rows are trained: give --data, or --part regression")
    if args.lr is not None:
        recipe = dataclasses.replace(recipe, optimizer=dataclasses.replace(recipe.optimizer, lr=args.lr))
    # A fifth of the pairs shows another target, as in pysot.
    data = [{"kind": kind, "negative": 0.2} for kind in roots(args.data)]
    return dataclasses.replace(recipe, data=data)


def classify(row: Row, sequences: list[Sequence], recipe: Recipe, args: argparse.Namespace) -> TrackerScores:
    """Score SiamRPN after a training with the row's loss.

    Raises:
        FloatingPointError: when that training diverged.
    """
    own = variant(row, args.correlation)
    trained = train_once(own, recipe, args)
    torch.set_num_threads(1)
    return evaluate(own, trained, sequences, args)


def regress(row: Row, sequences: list[Sequence], args: argparse.Namespace) -> TrackerScores:
    """Score DSLT with the row's settings."""
    assert isinstance(row.loss, dict)
    spec = TrackerSpec(args.dslt, tuple(row.loss.items()), device=args.device)
    return run_once(f"DSLT {row.label}", spec, sequences, args)


def fill(table: Table, args: argparse.Namespace) -> None:
    """Run every row and add it to the table as soon as it is there."""
    parts, sequences = args.part or PARTS, read_data(args)
    names = [sequence.name for sequence in sequences]
    chosen = [("SiamRPN", row) for row in ROWS if "classification" in parts]
    chosen += [("DSLT", row) for row in REGRESSION_ROWS if "regression" in parts]
    recipe = recipe_of(args) if "classification" in parts else None
    for tracker, row in chosen:
        print(f"{tracker}, {row.label}", file=sys.stderr, flush=True)
        try:
            scores = (
                classify(row, sequences, recipe, args)
                if recipe and tracker == "SiamRPN"
                else regress(row, sequences, args)
            )
            columns = scores.columns(names)
            found = [f"{columns[name] * 100:.1f}" for name in ("P@20", "AUC")]
        except FloatingPointError:
            found = ["diverged", ""]
        printed = ["" if value != value else f"{value:.1f}" for value in (row.dp, row.auc)]
        table.add_row(tracker, row.label, *found, *printed)


def main(words: list[str] | None = None) -> int:
    """Train, evaluate, print the table; 2 for a request that cannot be met."""
    args = arguments_of(words)
    table = Table("tracker", "loss", "DP %", "AUC %", "paper DP %", "paper AUC %")
    try:
        fill(table, args)
    except (DataError, RecipeError, SettingsError, WeightsError) as error:
        print(f"loss_ablation: {error}", file=sys.stderr)
        return 2
    finally:
        # Hours of work are not lost to an error or an interrupt in a later row.
        if table.row_count:
            make_console().print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
