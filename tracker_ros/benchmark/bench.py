# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""`tracker_ros bench`: how fast trackers run on this machine, measured side by side in one run.

Each tracker runs alone in a fresh process, so that its peak memory is its own and nobody else's
threads disturb it.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import json
import multiprocessing
import sys
from collections.abc import Iterator
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from tracker_ros.arguments import argument, integer, split
from tracker_ros.benchmark.machine import machine
from tracker_ros.benchmark.timing import WARM_UP, Clip, Result, measure
from tracker_ros.config_files import DEFAULT_PRESET
from tracker_ros.data.boxes import parse_box
from tracker_ros.data.sequence import DataError
from tracker_ros.evaluation.engines import WorkerKilled
from tracker_ros.evaluation.options import add_tracker_options, make_spec
from tracker_ros.evaluation.outputs import files_of, require_outputs
from tracker_ros.evaluation.specs import OPENCV_NAMES, TrackerSpec, distinct, missing
from tracker_ros.files import write_whole
from tracker_ros.terminal import make_console, print_error
from tracker_ros.trackers import SettingsError
from tracker_ros.weights import WeightsError


def add_parsers(sub: Any) -> None:
    """Add the ``bench`` command."""
    parser = sub.add_parser("bench", help="measure how fast trackers run on this machine")
    parser.add_argument(
        "--trackers",
        default=f"{DEFAULT_PRESET},kcf,csrt",
        metavar="NAMES",
        help=f"presets and OpenCV's {', '.join(OPENCV_NAMES)} (default: %(default)s)",
    )
    add_tracker_options(parser)
    parser.add_argument("--video", type=Path, help="video or image folder (default: a synthetic flight)")
    parser.add_argument("--truth", type=Path, help="its boxes, x,y,w,h a line")
    parser.add_argument(
        "--box", type=argument(parse_box), metavar="X,Y,W,H", help="the target in the first frame"
    )
    parser.add_argument("--frames", type=integer(WARM_UP + 1), default=200, help="how many (default: 200)")
    parser.add_argument(
        "--threads", type=integer(1, 1024), default=1, help="of torch and OpenCV (default: 1)"
    )
    parser.add_argument("--json", type=Path, help="also write the figures and the machine to this file")
    parser.set_defaults(run=run_bench)


def run_bench(args: argparse.Namespace) -> int:
    """Run ``tracker_ros bench``: 0, 2 for a wrong request, or 1 when a process was killed."""
    console = make_console()
    try:
        if not split(args.trackers):
            raise SettingsError("nothing to do: give --trackers")
        if args.scripted:
            raise SettingsError(
                "--scripted is without effect: bench measures presets compiled and as they are"
            )
        specs = list(contenders(args))
        reads = [*filter(None, (args.video, args.truth)), *files_of(specs)]
        require_outputs({"--json": args.json}, reads)
        results = measured(specs, args, console)
    except (DataError, SettingsError, WeightsError, FileNotFoundError) as error:
        print_error("bench", error)
        return 2
    except WorkerKilled as error:
        print_error("bench", error)
        return 1
    console.print(render(results, args.threads))
    if args.json:
        content = {"machine": machine(args), "results": [asdict(r) for r in results]}
        write_whole(args.json, json.dumps(content, indent=1) + "\n")
    return 0


def measured(specs: list[TrackerSpec], args: argparse.Namespace, console: Console) -> list[Result]:
    """Measure each tracker in a process of its own.

    Raises:
        WorkerKilled: when the system kills that process.
    """
    clip = Clip(args.frames, args.video, args.truth, args.box.to_xywh() if args.box else None)
    context = multiprocessing.get_context("spawn")
    results = []
    for spec in specs:
        shown = f"{spec.label}{' scripted' if spec.scripted else ''}"
        with (
            console.status(Text(shown)),
            concurrent.futures.ProcessPoolExecutor(1, mp_context=context) as pool,
        ):
            try:
                results.append(pool.submit(measure, spec, clip, args.threads).result())
            except BrokenProcessPool as error:
                raise WorkerKilled(
                    f"the process that measured {shown} was killed, probably because memory ran out: free"
                    " some, or leave this tracker out"
                ) from error
    return results


def contenders(args: argparse.Namespace) -> Iterator[TrackerSpec]:
    """Yield each OpenCV tracker once, each preset compiled and as it is.

    Raises:
        SettingsError: for a name that is none, and for two trackers that the table could not tell apart.
    """
    here = []
    for name in dict.fromkeys(split(args.trackers)):
        if problem := missing(name):
            print(f"skipped: {problem}", file=sys.stderr)
        else:
            here.append(name)
    for spec in distinct(make_spec(name, args) for name in here):
        if spec.name not in OPENCV_NAMES:
            yield replace(spec, scripted=True)
        yield replace(spec, scripted=False)


def render(results: list[Result], threads: int) -> Table:
    """Return the table that people read, at most 80 columns wide."""
    title = f"milliseconds a frame, {threads} thread{'s' if threads > 1 else ''}"
    table = Table(title=title, box=SIMPLE_HEAD, padding=0, pad_edge=False)
    table.add_column("tracker", overflow="fold")
    columns = {
        "fps": ("FPS", ".0f"),
        "p50": ("p50", ".1f"),
        "p99": ("p99", ".1f"),
        "localize": ("locate", ".1f"),
        "update": ("update", ".1f"),
        "network": ("net", ".1f"),
        "share": ("share", ".0f"),
        "first": ("init", ".0f"),
        "memory_mib": ("MiB", ".0f"),
        "growth_mib": ("+MiB", ".1f"),
        "iou": ("IoU", ".2f"),
    }
    for heading, _ in columns.values():
        table.add_column(heading, justify="right", no_wrap=True)
    for result in results:
        values = [(getattr(result, name), form) for name, (_, form) in columns.items()]
        table.add_row(
            f"{result.tracker} {result.form}",
            *("" if value is None else format(value, form) for value, form in values),
        )
    return table
