# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""`tracker_ros replay`: a recorded bag through a tracker, and a verdict for continuous integration."""

from __future__ import annotations

import argparse
import dataclasses
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.table import Table
from rosbags.typesys.store import Typestore

from tracker_ros.arguments import argument, integer, new_file, share
from tracker_ros.config_files import DEFAULT_PRESET
from tracker_ros.data.boxes import parse_box
from tracker_ros.files import write_whole
from tracker_ros.replay.case import Case, Verdict, check_limits, run_case
from tracker_ros.replay.junit import Outcome, junit
from tracker_ros.replay.messages import make_types
from tracker_ros.replay.node_parameters import NODE, read_node_parameters, with_robot
from tracker_ros.replay.suite import read_suite
from tracker_ros.session import State
from tracker_ros.terminal import make_console, print_error

MEASURED = ("images", "late", "no box", "lowest IoU", "truth IoU")
"""Figures of a suite's case, as its table and its report call them."""


def add_parsers(sub: Any) -> None:
    """Add the ``replay`` command."""
    parser = sub.add_parser(
        "replay",
        help="run a tracker over a recorded bag and compare",
        description="Exit status: 0; 1 where the boxes are not as expected; 2 for a wrong request or bag.",
    )
    add = parser.add_argument
    add("bag", type=Path, nargs="?", help="rosbag2 folder, sqlite3 or MCAP")
    add("--suite", type=Path, metavar="FILE.yaml", help="several bags with their limits, in place of one")
    add("--select", metavar="X,Y,W,H", type=argument(parse_box), help="the target in the first image")
    add("--topic", help="Image or CompressedImage (default: the only one in the bag)")
    add("--tracker", help=f"preset (default: {DEFAULT_PRESET})")
    add("--weights", help="in place of the preset's weights")
    add("--device", help="torch device (default: cpu)")
    add(
        "--params",
        type=Path,
        metavar="FILE.yaml",
        help="a robot's parameters: tracker, weights, device, settings",
    )
    add("--node", help=f"the tracker node that they are for (default: {NODE})")
    add("--out", type=Path, metavar="RESULT", help="write a bag with detections and states; must not exist")
    add("--expect", type=Path, metavar="RESULT", help="an earlier run's, to agree with in every image")
    add("--min-iou", type=share, help="lowest IoU with --expect of any image (default: 0.9)")
    add(
        "--truth",
        metavar="FILE|TOPIC",
        help="boxes x,y,w,h, one line an image in the bag; or a topic of the bag with Detection2D",
    )
    add(
        "--loop",
        type=integer(1, 1000),
        dest="loops",
        metavar="N",
        help="play the bag N times in a row (default: 1)",
    )
    add("--min-truth-iou", type=share, help="lowest mean IoU with --truth (default: 0)")
    add("--junit", type=argument(_report_file), metavar="FILE.xml", help="the suite's verdicts as JUnit XML")
    parser.set_defaults(run=run_replay)


def _report_file(text: str) -> Path:
    # Bags, boxes and suites are no XML, so that no report takes the place of what is read.
    if not text.lower().endswith(".xml"):
        raise ValueError(f"'{text}' must end in .xml: it is a report in XML")
    return new_file(text)


def run_replay(args: argparse.Namespace) -> int:
    """Run ``tracker_ros replay``; its exit status."""
    fields = [field.name for field in dataclasses.fields(Case)]
    # `Case` has the defaults: here is only what was given.
    given = {name: value for name in fields if (value := getattr(args, name, None)) is not None}
    try:
        if args.node is not None and args.params is None:
            raise ValueError("--node needs --params FILE.yaml, where its parameters are")
        if args.suite is not None:
            beside = {**given, **({} if args.params is None else {"params": args.params})}
            return _run_suite(args.suite, beside, args.junit)
        if args.junit is not None:
            raise ValueError("--junit needs --suite FILE.yaml, whose cases it reports")
        if args.params is not None:
            robot = read_node_parameters(args.params, NODE if args.node is None else args.node)
            given = with_robot(given, robot, args.params)
        return _run_bag(given)
    except BrokenPipeError:  # no fault: whoever reads the output has enough
        raise
    except (ValueError, OSError) as error:
        print_error("replay", error)
        return 2


def _run_bag(given: Mapping[str, Any]) -> int:
    if not given.keys() >= {"bag", "select"}:
        raise ValueError("give a bag and --select X,Y,W,H, or --suite FILE.yaml")
    check_limits(given, _option)
    case = Case(**given)
    verdict = run_case(case, make_types())
    _report(case, verdict)
    return 1 if verdict.missed else 0


def _option(field: str) -> str:
    """Return a field of `Case` as the command line calls it."""
    return {"bag": "the bag", "loops": "--loop"}.get(field, f"--{field.replace('_', '-')}")


def _report(case: Case, verdict: Verdict) -> None:
    """Print the table about one bag."""
    title, last = f"{case.tracker} on {case.bag.name}{verdict.topic}", verdict.results[-1]
    table = Table(title=title, title_justify="left", show_header=False)
    table.add_row("images", f"{last.processed}, {verdict.dropped} left out as late")
    for name, count in verdict.states.items():
        table.add_row(f"images in {name}", str(count))
    if verdict.first_error:
        table.add_row("first ERROR", verdict.first_error)
    if (earlier := verdict.earlier) is not None:
        table.add_row(
            "lowest IoU, expected",
            f"{earlier.lowest:.3f} at stamp {earlier.worst * 1e-9:.3f}",
            _verdict(earlier.lowest, case.min_iou),
        )
    if (true := verdict.true) is not None:
        table.add_row(
            "mean IoU, truth",
            f"{true.mean:.3f} over {true.compared} images",
            _verdict(true.mean, case.min_truth_iou),
        )
    make_console().print(table)


def _verdict(value: float, wanted: float) -> str:
    if wanted == 0:
        return ""
    return f"good (at least {wanted:g})" if value >= wanted else f"below {wanted:g}"


def _run_suite(path: Path, beside: Mapping[str, Any], report: Path | None) -> int:
    """Run a suite's cases and print one table; 2 if one could not be run, else 1 if one missed a limit."""
    if beside:
        named = ", ".join(map(_option, beside))
        raise ValueError(f"--suite {path} says everything about its cases: leave out {named}")
    types = make_types()
    with tempfile.TemporaryDirectory() as folder:
        outcomes = [_run_one(name, case, types) for name, case in read_suite(path, Path(folder), types)]
    if report is not None:
        write_whole(report, junit(path.stem, outcomes))
    console = make_console()
    console.print(_table(path, outcomes))
    for outcome in outcomes:
        for reason in filter(None, (outcome.remark, outcome.problem, *outcome.missed)):
            console.print(f"{outcome.name}: {reason}", soft_wrap=True)
    verdicts = {outcome.verdict for outcome in outcomes}
    return 2 if "not run" in verdicts else int("missed" in verdicts)


def _run_one(name: str, case: Case, types: Typestore) -> Outcome:
    begin = time.monotonic()
    try:
        verdict = run_case(case, types)
    except (ValueError, OSError) as error:
        return Outcome(name, case.tracker, time.monotonic() - begin, {}, problem=str(error))
    remark = ""
    if verdict.first_error:
        remark = f"{verdict.states[State.ERROR.name]} images in ERROR, the first {verdict.first_error}"
    seconds = time.monotonic() - begin
    return Outcome(name, case.tracker, seconds, _figures(verdict), verdict.missed, remark)


def _figures(verdict: Verdict) -> dict[str, str]:
    last, earlier, true = verdict.results[-1], verdict.earlier, verdict.true
    values = (
        str(last.processed),
        str(verdict.dropped),
        str(verdict.without_box),
        "-" if earlier is None else f"{earlier.lowest:.3f}",
        "-" if true is None else f"{true.mean:.3f}",
    )
    return dict(zip(MEASURED, values, strict=True))


def _table(path: Path, outcomes: list[Outcome]) -> Table:
    table = Table(title=str(path), title_justify="left")
    for name in ("case", "tracker", *MEASURED, "verdict"):
        table.add_column(name, justify="right" if name in MEASURED else "left")
    for outcome in outcomes:
        figures = [outcome.figures.get(name, "-") for name in MEASURED]
        table.add_row(outcome.name, outcome.tracker, *figures, outcome.verdict)
    return table
