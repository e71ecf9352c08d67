# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""`tracker_ros replay`: a recorded bag through a tracker, and a verdict for continuous integration."""

from __future__ import annotations

import argparse
import dataclasses
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.table import Table

from tracker_ros.arguments import argument, integer, share
from tracker_ros.config_files import DEFAULT_PRESET
from tracker_ros.data.boxes import parse_box
from tracker_ros.replay.case import Case, Verdict, check_limits, run_case
from tracker_ros.replay.messages import make_types
from tracker_ros.replay.suite import read_suite
from tracker_ros.session import State
from tracker_ros.terminal import make_console, print_error


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
    parser.set_defaults(run=run_replay)


def run_replay(args: argparse.Namespace) -> int:
    """Run ``tracker_ros replay``; its exit status."""
    fields = [field.name for field in dataclasses.fields(Case)]
    # `Case` has the defaults: here is only what was given.
    given = {name: value for name in fields if (value := getattr(args, name, None)) is not None}
    try:
        return _run_suite(args.suite, given) if args.suite is not None else _run_bag(given)
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


def _run_suite(path: Path, beside: Mapping[str, Any]) -> int:
    """Run a suite's cases and print one table; 2 if one could not be run, else 1 if one missed a limit."""
    if beside:
        named = ", ".join(map(_option, beside))
        raise ValueError(f"--suite {path} says everything about its cases: leave out {named}")
    types, status = make_types(), 0
    reasons: list[str] = []
    table = Table(title=str(path), title_justify="left")
    for name in ("case", "tracker", "images", "late", "no box", "lowest IoU", "truth IoU", "verdict"):
        table.add_column(name, justify="left" if name in ("case", "tracker", "verdict") else "right")
    with tempfile.TemporaryDirectory() as folder:
        for name, case in read_suite(path, Path(folder), types):
            try:
                verdict = run_case(case, types)
            except (ValueError, OSError) as error:
                table.add_row(name, case.tracker, *["-"] * 5, "not run")
                reasons.append(f"{name}: {error}")
                status = 2
                continue
            if verdict.first_error:
                count = verdict.states[State.ERROR.name]
                reasons.append(f"{name}: {count} images in ERROR, the first {verdict.first_error}")
            if verdict.missed:
                reasons += [f"{name}: {missed}" for missed in verdict.missed]
                status = max(status, 1)
            table.add_row(name, case.tracker, *_figures(verdict), "missed" if verdict.missed else "good")
    console = make_console()
    console.print(table)
    for reason in reasons:
        console.print(reason, soft_wrap=True)
    return status


def _figures(verdict: Verdict) -> tuple[str, ...]:
    last, earlier, true = verdict.results[-1], verdict.earlier, verdict.true
    return (
        str(last.processed),
        str(verdict.dropped),
        str(verdict.without_box),
        "-" if earlier is None else f"{earlier.lowest:.3f}",
        "-" if true is None else f"{true.mean:.3f}",
    )
