# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The ablations of AdaCFNet (figure 9) and EDCF (table 1): train every variant alike, compare them.

    python -m tracker_ros.experiments.ablation_cf adacfnet --recipe siamfc --data vid=ILSVRC2015 \
        --root OTB100 --layout otb --list otb2013 --out ablation

Data, optimiser and schedule are those of the recipe; only the module differs. What is already trained
or evaluated under --out is not done again.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tracker_ros.arguments import count, integer, positive
from tracker_ros.data.sequence import DataError, Sequence
from tracker_ros.evaluation.engines import make_engine
from tracker_ros.evaluation.options import add_data_options, read_data
from tracker_ros.evaluation.protocols import OnePass
from tracker_ros.evaluation.runner import plan_tasks, run_tasks
from tracker_ros.evaluation.scores import TrackerScores, make_groups, score_folder
from tracker_ros.evaluation.specs import TrackerSpec
from tracker_ros.evaluation.tables import render, summary_rows, write_csv
from tracker_ros.files import write_whole
from tracker_ros.terminal import make_console
from tracker_ros.trackers import load
from tracker_ros.trackers.base import SettingsError
from tracker_ros.training.cli import TERMINATED, roots
from tracker_ros.training.exporting import export
from tracker_ros.training.keeping import LAST
from tracker_ros.training.recipes import Recipe, RecipeError, build, described, read_recipe
from tracker_ros.training.sources import open_sources
from tracker_ros.training.stopping import SIGNAL
from tracker_ros.training.trainer import train
from tracker_ros.weights.loader import WeightsError, read_state_dict


@dataclass(frozen=True)
class Variant:
    """A row of the table.

    Attributes:
        label: its name in the paper.
        preset: the tracker.
        training: names the training; variants of the same one share its parameters.
        module: the training's class below `tracker_ros.training`.
        arguments: of its constructor.
    """

    label: str
    preset: str
    training: str
    module: str
    arguments: dict[str, Any] = field(default_factory=dict)


#: Every row as its paper prints the loss: eq. 5 of AdaCFNet and eq. 4 of EDCF are plain means.
ABLATIONS = {
    "adacfnet": (
        Variant("CFNet", "cfnet", "cfnet", "cfnet.CFNetTraining", {"balanced": False}),
        Variant(
            "CFNet+SE", "adacfnet", "cfnet_se", "cfnet.CFNetTraining", {"attention": True, "balanced": False}
        ),
        Variant(
            "CFNet+SE+Focal",
            "adacfnet",
            "cfnet_se_focal",
            "cfnet.CFNetTraining",
            {"attention": True, "focal": True, "balanced": False},
        ),
    ),
    "edcf": (
        Variant("SiamFC", "siamfc", "siamfc", "siamfc.SiamFCTraining"),
        Variant("EDSiam", "edsiam", "edsiam", "edcf.EDSiamTraining", {"balanced": False}),
        Variant("CACFNet", "cacfnet", "cacfnet", "edcf.CACFNetTraining"),
        # CACFNet+ is what EDCF's training leaves when only the fine branch tracks. R of its loss is left
        # to the optimiser's weight decay, which all rows have.
        Variant(
            "CACFNet+", "cacfnet_plus", "edcf", "edcf.EDCFTraining", {"weight_decay": 0.0, "balanced": False}
        ),
        Variant("EDCF", "edcf", "edcf", "edcf.EDCFTraining", {"weight_decay": 0.0, "balanced": False}),
    ),
}


def train_once(variant: Variant, recipe: Recipe, args: argparse.Namespace) -> Path:
    """Return the file with the parameters of the variant's training, trained now unless it exists.

    Raises:
        RecipeError: where one of another recipe, width or data was begun in the same folder.
    """
    folder: Path = args.out / "training" / variant.training
    path = folder / "parameters.safetensors"
    arguments = {**variant.arguments, "width_multiplier": args.width}
    own = dataclasses.replace(
        recipe,
        name=variant.training,
        module=variant.module,
        arguments=arguments,
        initial={},
        lr_multipliers={},
        freeze_epochs={},
        # A preset that judges short runs would be of the whole width.
        validation=recipe.validation if args.width == 1 else dataclasses.replace(recipe.validation, runs=0),
    )
    _require_same(own, args, folder)
    if path.is_file():
        return path
    module = build(own)
    sources = open_sources(own.data, roots(args.data, recipe), module.spec)
    last = folder / LAST
    resume = last if last.is_file() else None
    machine = {"accelerator": args.accelerator, "workers": args.workers}
    fit = train(module, own, sources, folder, resume=resume, **machine)
    if fit.stopped == SIGNAL:
        raise SystemExit(TERMINATED)
    export(module.tracker_state(), path)
    return path


def _require_same(recipe: Recipe, args: argparse.Namespace, folder: Path) -> None:
    """Make sure that what is in a training's folder was made under the same conditions; note them there."""
    conditions = {"recipe": described(recipe), "data": sorted(args.data or [])}
    found = json.dumps(conditions, indent=1, default=str) + "\n"
    path = folder / "conditions.json"
    if not folder.is_dir():
        write_whole(path, found)
    elif not path.is_file() or path.read_text() != found:
        raise RecipeError(f"{folder} holds a training with other data, recipe or width: give another --out")


def weights_of(variant: Variant, trained: Path, args: argparse.Namespace) -> Path:
    """Return the file with those of the trained parameters that the variant's tracker has."""
    path: Path = args.out / f"{variant.label}.safetensors"
    state = read_state_dict(trained)
    tracker = load(variant.preset, {"width_multiplier": args.width}, "random:0")
    export({name: state[name] for name in tracker.state_dict()}, path)
    return path


def evaluate(
    variant: Variant, weights: Path, sequences: list[Sequence], args: argparse.Namespace
) -> TrackerScores:
    """Return the scores of one pass over the sequences; raises what `run_once` does."""
    spec = TrackerSpec(variant.preset, (("width_multiplier", args.width),), str(weights), args.device)
    return run_once(variant.label, spec, sequences, args)


def run_once(
    label: str, spec: TrackerSpec, sequences: list[Sequence], args: argparse.Namespace
) -> TrackerScores:
    """Return the scores, under a row's label, of one pass over the sequences.

    Raises:
        RuntimeError: with the traceback of a sequence that could not be tracked.
    """
    protocol, out = OnePass(), args.out / "results" / label
    tasks = plan_tasks([spec], sequences, protocol, out)
    for outcome in run_tasks(tasks, make_engine("processes", args.jobs), lambda done: None):
        raise RuntimeError(f"{label} failed on {outcome.sequence}\n{outcome.error}")
    scores = score_folder(out / protocol.name / spec.label, sequences, protocol)
    return dataclasses.replace(scores, tracker=label)


def arguments_of(words: list[str] | None) -> argparse.Namespace:
    """Return the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("paper", choices=sorted(ABLATIONS))
    parser.add_argument("--recipe", default="siamfc", help="data, optimiser, schedule (default: siamfc)")
    parser.add_argument(
        "--data",
        action="append",
        default=[],
        metavar="KIND=FOLDER",
        help="where training data of a kind lies; may be repeated",
    )
    add_data_options(parser)
    parser.add_argument("--out", type=Path, required=True, help="folder for weights, logs and results")
    parser.add_argument("--epochs", type=count, help="in place of the recipe's")
    parser.add_argument(
        "--pairs", dest="pairs_per_epoch", type=count, help="pairs an epoch, in place of the recipe's"
    )
    parser.add_argument("--seed", type=integer(0), help="in place of the recipe's")
    parser.add_argument("--width", type=positive, default=1.0, help="share of the published channels")
    parser.add_argument("--accelerator", default="auto", help="for training: cpu, gpu or auto")
    parser.add_argument("--workers", type=integer(0), default=0, help="processes that draw training pairs")
    parser.add_argument("--device", default="cpu", help="for evaluation")
    parser.add_argument("--jobs", type=count, default=1, help="processes that evaluate")
    parser.add_argument("--csv", type=Path, help="also write the table to this file")
    return parser.parse_args(words)


def main(words: list[str] | None = None) -> int:
    """Train, evaluate, print the table; 2 for a request that cannot be met."""
    args = arguments_of(words)
    try:
        sequences = read_data(args)
        names = ("epochs", "pairs_per_epoch", "seed")
        changes = {name: getattr(args, name) for name in names if getattr(args, name) is not None}
        recipe = read_recipe(args.recipe, changes)
        variants = ABLATIONS[args.paper]
        # All of the training first: an evaluation leaves PyTorch with one thread.
        weights = [weights_of(variant, train_once(variant, recipe, args), args) for variant in variants]
        scores = [evaluate(*pair, sequences, args) for pair in zip(variants, weights, strict=True)]
    except (DataError, RecipeError, SettingsError, WeightsError) as error:
        print(f"ablation_cf: {error}", file=sys.stderr)
        return 2
    rows = summary_rows(scores, make_groups(sequences, {}))
    make_console().print(render(rows, f"{args.paper}: OPE on {len(sequences)} sequences"))
    if args.csv:
        write_csv(rows, args.csv)
    return 0


if __name__ == "__main__":
    sys.exit(main())
