# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""`tracker_ros eval`, `report` and `vot`: run trackers over a data set, score and show them."""

from __future__ import annotations

import argparse
import os
import shlex
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from tracker_ros.arguments import count
from tracker_ros.data.sequence import DataError, Sequence
from tracker_ros.evaluation import options
from tracker_ros.evaluation.absence import absence_rows
from tracker_ros.evaluation.comparison import compare, require_comparable, rows_of
from tracker_ros.evaluation.engines import ENGINES, WorkerKilled, make_engine
from tracker_ros.evaluation.outputs import files_of, require_folder, require_outputs
from tracker_ros.evaluation.pace import unpaced
from tracker_ros.evaluation.protocol_names import make_protocol
from tracker_ros.evaluation.protocols import EvaluationProtocol, OnePass, Repeated, SpatialRobustness
from tracker_ros.evaluation.reliability import reliability_rows
from tracker_ros.evaluation.requests import (
    has_truth,
    require_effect,
    require_scores,
    require_used_by_trackers,
)
from tracker_ros.evaluation.results import CRASHED
from tracker_ros.evaluation.runner import Outcome, plan_tasks, run_tasks
from tracker_ros.evaluation.scores import TrackerScores, attribute_groups, score_folders
from tracker_ros.evaluation.specs import TrackerSpec
from tracker_ros.evaluation.submission import require_server, write_submission
from tracker_ros.evaluation.tables import (
    render,
    summary_rows,
    unfinished_lines,
    unscored_lines,
    write_csv,
)
from tracker_ros.evaluation.vot_protocols import AnchorBased, ResetBased
from tracker_ros.evaluation.vot_workspace import STACKS, write_workspace
from tracker_ros.terminal import make_console, print_error
from tracker_ros.trackers.base import SettingsError
from tracker_ros.weights import WeightsError


def add_parsers(sub: argparse._SubParsersAction) -> None:
    """Add the commands of evaluation."""
    parser = sub.add_parser("eval", help="run trackers over a data set and print the published scores")
    options.add_data_options(parser)
    options.add_trackers_option(parser, required=False)
    options.add_tracker_options(parser)
    options.add_protocol_option(parser)
    options.add_scoring_options(parser)
    options.add_session_options(parser)
    how = parser.add_argument_group("running")
    how.add_argument("--out", type=Path, default=Path("results"), help="folder for result files")
    how.add_argument("--jobs", type=count, default=os.cpu_count() or 1, help="processes; 1 for clean timing")
    how.add_argument("--engine", default="processes", choices=sorted(ENGINES), help="what runs the jobs")
    how.add_argument("--fresh", action="store_true", help="run again even what is finished")
    how.add_argument(
        "--results",
        action="append",
        default=[],
        metavar="FOLDER",
        type=Path,
        help="also score a tracker's result files from another toolkit; may be repeated",
    )
    how.add_argument("--attributes", action="store_true", help="also print a table by attribute")
    how.add_argument("--csv", type=Path, help="also write the table to this file")
    how.add_argument(
        "--submission",
        type=Path,
        metavar="FILE.zip",
        help="pack one tracker's results for the server of GOT-10k or (ope) TrackingNet",
    )
    parser.set_defaults(run=guarded("eval", run_eval))
    _add_report(sub)
    _add_vot(sub)


def _add_report(sub: argparse._SubParsersAction) -> None:
    parser = sub.add_parser("report", help="write tables and plots of finished evaluations")
    options.add_data_options(parser)
    options.add_scoring_options(parser)
    parser.add_argument("--results", type=Path, default=Path("results"), help="--out of `eval`")
    parser.add_argument("--out", type=Path, default=Path("report"), help="folder for the page and figures")
    parser.set_defaults(run=guarded("report", run_report))


def _add_vot(sub: argparse._SubParsersAction) -> None:
    parser = sub.add_parser("vot", help="write a workspace for the official vot-toolkit")
    parser.add_argument("workspace", type=Path, help="folder to write")
    options.add_data_options(parser, required=False)
    options.add_trackers_option(parser, required=True)
    options.add_tracker_options(parser)
    parser.add_argument(
        "--year",
        type=int,
        default=2018,
        choices=sorted(STACKS),
        help="the challenge; without --root vot-toolkit downloads its data set",
    )
    parser.set_defaults(run=guarded("vot", run_vot))


def run_report(args: argparse.Namespace, console: Console) -> int:
    """Run ``tracker_ros report``."""
    from tracker_ros.evaluation.report import write_report

    require_folder("--out", args.out)
    sequences = options.read_data(args)
    groups = options.chosen_groups(sequences, args)
    mode = options.chosen_mode(args)
    page = write_report(args.results, sequences, groups, args.out, mode, args.compare_to)
    console.print(f"{page} written; figures are in {page.parent / 'plots'}", soft_wrap=True)
    return 0


def run_vot(args: argparse.Namespace, console: Console) -> int:
    """Run ``tracker_ros vot``."""
    protocol = make_protocol(f"vot{args.year}")
    assert isinstance(protocol, (ResetBased, AnchorBased))
    specs = options.chosen_specs(args)
    if not specs:
        raise SettingsError("nothing to do: give --trackers")
    require_used_by_trackers(args, specs)
    for spec in specs:
        spec.driver()  # the toolkit would find out much later that weights are missing
    write_workspace(args.workspace, specs, protocol, options.read_data(args) if args.root else None)
    command = ["vot", "evaluate", "--workspace", str(args.workspace), *(spec.label for spec in specs)]
    console.print(f"now run: {shlex.join(command)}", soft_wrap=True, markup=False)
    return 0


def guarded(
    name: str, command: Callable[[argparse.Namespace, Console], int]
) -> Callable[[argparse.Namespace], int]:
    """Wrap the command of that name: wrong requests are printed in one line and answered by exit status 2.

    A process that was killed is no wrong request: 1, as for a run that failed.
    """

    def run(args: argparse.Namespace) -> int:
        try:
            return command(args, make_console())
        except BrokenPipeError:  # no fault: whoever reads the output has enough
            raise
        except (DataError, SettingsError, WeightsError, OSError) as error:
            print_error(name, error)
            return 2
        except WorkerKilled as error:
            print_error(name, error)
            return 1

    return run


def run_eval(args: argparse.Namespace, console: Console) -> int:
    """Run ``tracker_ros eval``; 0 if everything ran, 1 if some run failed."""
    specs = options.with_sessions(options.chosen_specs(args), args)
    if not specs and not args.results:
        raise SettingsError("nothing to do: give --trackers, --results or both")
    protocol = make_protocol(args.protocol, args.repetitions)
    require_effect(args, specs, protocol)
    check_outputs(args, specs, protocol)
    labels = {args.out / protocol.name / spec.label: spec.label for spec in specs}
    labels.update(folder_labels(args.results))
    require_comparable(args.compare_to, labels.values(), protocol)
    sequences = options.read_data(args)
    options.chosen_groups(sequences, args)  # a wrong one is refused before anything is run
    check_truth(protocol, sequences)
    require_scores(args, sequences)
    failed = evaluate(specs, sequences, protocol, args, console)
    if args.submission:
        write_submission(args.submission, args.out / protocol.name / specs[0].label, sequences, protocol)
    if any(map(has_truth, sequences)):
        show(score_folders(labels, sequences, protocol, options.chosen_mode(args)), sequences, args, console)
    else:
        text = f"the data set publishes no truth to score with; results are in {args.out}"
        console.print(text, soft_wrap=True)
    return 1 if failed else 0


def show(
    scores: list[TrackerScores], sequences: list[Sequence], args: argparse.Namespace, console: Console
) -> None:
    """Print the tables that the command line asks for, and write the one of ``--csv``.

    Raises:
        DataError: when no group has a result.
    """
    groups = options.chosen_groups(sequences, args)
    notes = [*unscored_lines(scores, groups), *unfinished_lines(scores)]
    rows = rows_of(scores, groups, args.compare_to)
    console.print(render(rows, f"{args.protocol} on {len(sequences)} sequences"))
    for line in notes:
        console.print(line, style="yellow", soft_wrap=True)
    if args.session and (absent := absence_rows(scores, sequences)):
        console.print(render(absent, "while the target is away, and when it is back"))
    if args.session and (told := reliability_rows(scores, sequences)):
        console.print(render(told, "scores / boxes that were right, while the target is said to be seen"))
    if args.attributes:
        groups = attribute_groups(sequences)
        rows_by = compare(summary_rows(scores, groups), scores, groups, args.compare_to)
        console.print(render(rows_by, "by attribute"))
    if args.csv:
        write_csv(rows, args.csv)


def check_outputs(args: argparse.Namespace, specs: list[TrackerSpec], protocol: EvaluationProtocol) -> None:
    """Refuse what could not be written when everything has run, or would replace what is read.

    Raises:
        SettingsError, DataError: naming the option.
    """
    if args.submission and len(specs) != 1:
        raise SettingsError(f"--submission packs one tracker, and --trackers names {len(specs)}")
    if args.submission:
        require_server(protocol)
    reads = [args.root, args.list and Path(args.list), *args.results, args.out / protocol.name]
    outputs = {"--csv": args.csv, "--submission": args.submission}
    require_outputs(outputs, [*filter(None, reads), *files_of(specs)])


def folder_labels(folders: list[Path]) -> dict[Path, str]:
    """Return the label of each folder of ``--results``: its last two names, or the path where two agree."""
    whole = {folder: folder.resolve() for folder in folders}  # '.' has no name
    short = {folder: f"{path.parent.name}/{path.name}" for folder, path in whole.items()}
    taken = Counter(short.values())
    return {folder: label if taken[label] == 1 else str(folder) for folder, label in short.items()}


def check_truth(protocol: EvaluationProtocol, sequences: list[Sequence]) -> None:
    """Refuse protocols that need a box in more than the first frame where there is none.

    Raises:
        DataError: naming the sequence.
    """
    if isinstance(unpaced(protocol), (OnePass, Repeated, SpatialRobustness)):
        return
    for sequence in sequences:
        if len(sequence.truth) < len(sequence):
            raise DataError(f"{protocol.name} needs a box in every frame; {sequence.name} has only the first")


def evaluate(
    specs: list[TrackerSpec],
    sequences: list[Sequence],
    protocol: EvaluationProtocol,
    args: argparse.Namespace,
    console: Console,
) -> list[Outcome]:
    """Run what is missing with a progress bar; failures are printed and returned."""
    tasks = plan_tasks(specs, sequences, protocol, args.out, args.fresh)
    if not tasks:
        return []
    engine = make_engine(args.engine, min(args.jobs, len(tasks)))
    bar = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
    )
    with bar:
        line = bar.add_task(protocol.name, total=len(tasks))

        def done(outcome: Outcome) -> None:
            bar.update(line, advance=1, description=f"{outcome.tracker} {outcome.sequence}")

        failed = run_tasks(tasks, engine, done)
    for outcome in failed:
        why = outcome.error.strip().splitlines()[-1]
        print_error("eval", f"{outcome.tracker} failed on {outcome.sequence}: {why}")
    if failed:
        print_error("eval", f"tracebacks are in *{CRASHED} below {args.out / protocol.name}")
    return failed
