"""SiamRPN with every loss of Lu et al., table 3: train each alike, evaluate, print beside the paper's.

    python -m tracker_ros.experiments.loss_ablation --data labelled=PHOTOS --root SEQUENCES --out FOLDER

All rows share recipe, data, seed and network; only the classification loss differs. The paper trained
on four large data sets and evaluated on OTB-2015 and UAV123 together: with other data the numbers are
not comparable with its numbers, only with each other. What is trained or evaluated already under --out
is not done again.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
from pathlib import Path
from typing import NamedTuple

import torch
from rich.console import Console
from rich.table import Table

from tracker_ros.data.sequence import DataError
from tracker_ros.evaluation.options import add_data_options, read_data
from tracker_ros.experiments.ablation_cf import Variant, evaluate, train_once
from tracker_ros.losses.classification import ClassificationLoss, make_loss
from tracker_ros.trackers.base import SettingsError
from tracker_ros.training.cli import roots
from tracker_ros.training.recipes import Recipe, RecipeError, read_recipe
from tracker_ros.weights.loader import WeightsError


class Row(NamedTuple):
    """A row of table 3: its label, the loss, and the paper's DP and AUC in percent (nan: not printed)."""

    label: str
    loss: ClassificationLoss
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


def variant(row: Row, correlation: str) -> Variant:
    """The training and the tracker of a row."""
    preset = "siamrpn" if correlation == "up" else "siamrpn_pysot"
    arguments = {"loss": row.loss, "correlation": correlation}
    return Variant(row.label, preset, row.label, "siamrpn.SiamRpnTraining", arguments)


def arguments_of(words: list[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", action="append", required=True, metavar="KIND=FOLDER",
                        help="training data and its kind (see `tracker_ros train`); may be repeated")
    add_data_options(parser)
    parser.add_argument("--out", type=Path, required=True, help="folder for weights, logs and results")
    parser.add_argument("--recipe", default="siamrpn_sl", help="optimiser and schedule (default: siamrpn_sl)")
    parser.add_argument("--epochs", type=int, help="in place of the recipe's")
    parser.add_argument("--pairs", type=int, help="pairs an epoch, in place of the recipe's")
    parser.add_argument("--batch", type=int, help="in place of the recipe's")
    parser.add_argument("--seed", type=int, help="in place of the recipe's")
    parser.add_argument("--correlation", default="up", choices=("up", "depthwise"), help="SiamRPN's head")
    parser.add_argument("--width", type=float, default=1.0, help="share of AlexNet's channels")
    parser.add_argument("--accelerator", default="auto", help="for training: cpu, gpu or auto")
    parser.add_argument("--workers", type=int, default=0, help="processes that draw training pairs")
    parser.add_argument("--device", default="cpu", help="for evaluation")
    parser.add_argument("--jobs", type=int, default=1, help="processes that evaluate")
    return parser.parse_args(words)


def recipe_of(args: argparse.Namespace) -> Recipe:
    """The recipe with the data and the numbers of the command line."""
    names = ("epochs", "pairs", "batch", "seed")
    changes = {name: getattr(args, name) for name in names if getattr(args, name) is not None}
    # A fifth of the pairs shows another target, as in pysot.
    data = [{"kind": kind, "negative": 0.2} for kind in roots(args.data)]
    return dataclasses.replace(read_recipe(args.recipe, changes), data=data)


def main(words: list[str] | None = None) -> int:
    """Train, evaluate, print the table; 2 for a request that cannot be met."""
    args, console = arguments_of(words), Console()
    table = Table("loss", "DP %", "AUC %", "paper DP %", "paper AUC %")
    try:
        sequences, recipe = read_data(args), recipe_of(args)
        names = [sequence.name for sequence in sequences]
        for row in ROWS:
            console.print(f"{row.label}: training and evaluation")
            own = variant(row, args.correlation)
            trained = train_once(own, recipe, args)
            torch.set_num_threads(1)
            scores = evaluate(own, trained, sequences, args).columns(names)
            figures = (scores["P@20"] * 100, scores["AUC"] * 100, row.dp, row.auc)
            table.add_row(row.label, *("" if value != value else f"{value:.1f}" for value in figures))
    except (DataError, RecipeError, SettingsError, WeightsError) as error:
        print(f"loss_ablation: {error}", file=sys.stderr)
        return 2
    console.print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
