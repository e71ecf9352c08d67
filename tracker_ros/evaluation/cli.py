"""`tracker_ros eval`: run trackers over a data set and print the published scores."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

import yaml
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from tracker_ros.data.readers import LAYOUTS, read_sequences, select
from tracker_ros.data.sequence import DataError, Sequence
from tracker_ros.evaluation.engines import Engine, ProcessEngine, SerialEngine
from tracker_ros.evaluation.metrics import NAN_MODES
from tracker_ros.evaluation.protocol_names import HELP as PROTOCOL_HELP
from tracker_ros.evaluation.protocol_names import make_protocol
from tracker_ros.evaluation.protocols import EvaluationProtocol, OnePass, Repeated, SpatialRobustness
from tracker_ros.evaluation.runner import Outcome, plan_tasks, run_tasks
from tracker_ros.evaluation.scores import attribute_groups, make_groups, score_folder
from tracker_ros.evaluation.specs import NANOTRACK, OPENCV_NAMES, TrackerSpec
from tracker_ros.evaluation.tables import render, summary_rows, write_csv
from tracker_ros.trackers.base import SettingsError
from tracker_ros.weights import WeightsError


def add_parsers(sub: argparse._SubParsersAction) -> None:
    """Add the ``eval`` command."""
    parser = sub.add_parser("eval", help="run trackers over a data set and print the published scores")
    data = parser.add_argument_group("data")
    data.add_argument("--root", type=Path, required=True, help="folder of the data set")
    data.add_argument("--layout", default="folders", choices=sorted(LAYOUTS), help="how it is laid out")
    data.add_argument("--sequences", default="", metavar="GLOBS", help="only these, separated by commas")
    what = parser.add_argument_group("trackers")
    what.add_argument("--trackers", default="", metavar="NAMES",
                      help=f"presets and OpenCV's {', '.join(OPENCV_NAMES)}, separated by commas")
    what.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", dest="overrides",
                      help="a setting for every preset among the trackers; may be repeated")
    what.add_argument("--weights", help="a weights file for the preset, when there is only one")
    what.add_argument("--nano", metavar="FOLDER", help="folder with NanoTrack's ONNX files")
    what.add_argument("--device", default="cpu", help="torch device, or several separated by commas")
    what.add_argument("--scripted", action="store_true", help="compile presets to TorchScript first")
    how = parser.add_argument_group("running and scoring")
    how.add_argument("--protocol", default="ope", metavar="NAME", help=PROTOCOL_HELP)
    how.add_argument("--repetitions", type=int, metavar="N",
                     help="of each run, in place of got10k's 3 and vot2015 to 2019's 15; a tracker whose"
                          " first 3 agree is not run again")
    how.add_argument("--results", action="append", default=[], metavar="FOLDER",
                     help="also score a tracker's result files from another toolkit; may be repeated")
    how.add_argument("--attributes", action="store_true", help="also print a table by attribute")
    how.add_argument("--out", type=Path, default=Path("results"), help="folder for result files")
    how.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes; 1 for clean timing")
    how.add_argument("--fresh", action="store_true", help="run again even what is finished")
    how.add_argument("--nan-mode", default="got10k", choices=sorted(NAN_MODES),
                     help="; ".join(f"{mode}: {text}" for mode, text in NAN_MODES.items()))
    how.add_argument("--group", action="append", default=[], metavar="NAME=GLOBS",
                     help="score these sequences together; may be repeated")
    how.add_argument("--csv", type=Path, help="also write the table to this file")
    parser.set_defaults(run=run_eval)


def run_eval(args: argparse.Namespace) -> int:
    """Carry out ``tracker_ros eval``; 0 if everything ran, 1 if some run failed, 2 for a wrong request."""
    console = Console()
    try:
        sequences = select(read_sequences(args.root, args.layout), _split(args.sequences))
        specs = [make_spec(name, args) for name in _split(args.trackers)]
        protocol = make_protocol(args.protocol, args.repetitions)
        check_truth(protocol, sequences)
        failed = evaluate(specs, sequences, protocol, args, console)
        folders = [args.out / protocol.name / spec.label for spec in specs]
        groups = make_groups(sequences, {k: _split(v) for k, v in map(_pair, args.group)})
        folders += [Path(folder) for folder in args.results]
        scored = any(len(s.truth) == len(s) for s in sequences)
        scores = [score_folder(f, sequences, protocol, args.nan_mode) for f in folders if scored]
        rows = summary_rows(scores, groups)
        console.print(render(rows, f"{protocol.name} on {len(sequences)} sequences"))
        if args.attributes:
            console.print(render(summary_rows(scores, attribute_groups(sequences)), "by attribute"))
        if args.csv:
            write_csv(rows, args.csv)
    except (DataError, SettingsError, WeightsError, FileNotFoundError) as error:
        console.print(f"[red]error:[/red] {error}", highlight=False)
        return 2
    return 1 if failed else 0


def check_truth(protocol: EvaluationProtocol, sequences: list[Sequence]) -> None:
    """Refuse protocols that need a box in more than the first frame where there is none.

    Raises:
        DataError: naming the sequence.
    """
    if isinstance(getattr(protocol, "inner", protocol), (OnePass, Repeated, SpatialRobustness)):
        return
    for sequence in sequences:
        if len(sequence.truth) < len(sequence):
            raise DataError(f"{protocol.name} needs a box in every frame; {sequence.name} has only the first")


def evaluate(specs: list[TrackerSpec], sequences: list[Sequence], protocol: EvaluationProtocol,
             args: argparse.Namespace, console: Console) -> list[Outcome]:
    """Run what is missing with a progress bar; failures are printed and returned."""
    tasks = plan_tasks(specs, sequences, protocol, args.out, args.fresh)
    if not tasks:
        return []
    engine: Engine = ProcessEngine(min(args.jobs, len(tasks))) if args.jobs > 1 else SerialEngine()
    bar = Progress(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
                   console=console)
    with bar:
        line = bar.add_task(protocol.name, total=len(tasks))

        def done(outcome: Outcome) -> None:
            bar.update(line, advance=1, description=f"{outcome.tracker} {outcome.sequence}")

        failed = run_tasks(tasks, engine, done)
    for outcome in failed:
        console.print(f"{outcome.tracker} failed on {outcome.sequence}:", style="red")
        console.print(outcome.error, markup=False, highlight=False)
    return failed


def make_spec(name: str, args: argparse.Namespace) -> TrackerSpec:
    """The tracker that a name on the command line and the options beside it mean."""
    if name in OPENCV_NAMES:
        return TrackerSpec(name, weights=args.nano if name == NANOTRACK else None)
    overrides = tuple((key, parse_value(value)) for key, value in map(_pair, args.overrides))
    return TrackerSpec(name, overrides, args.weights, args.device, args.scripted)


def parse_value(text: str) -> Any:
    """A setting from the command line, read as YAML: 3 is a number, true a truth value."""
    return yaml.safe_load(text)


def _pair(text: str) -> tuple[str, str]:
    key, sign, value = text.partition("=")
    if not (key and sign):
        raise SettingsError(f"expected NAME=VALUE, got '{text}'")
    return key, value


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]
