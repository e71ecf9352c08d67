# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The command ``tracker_ros latency`` and its table."""

from __future__ import annotations

import argparse
import json
import os
from dataclasses import asdict
from typing import Any

import torch
from rich.box import SIMPLE_HEAD
from rich.table import Table

from tracker_ros.arguments import integer, new_file, positive
from tracker_ros.benchmark.latency.measure import PROBE, Cost, measure
from tracker_ros.demo.processes import ProcessError
from tracker_ros.files import write_whole
from tracker_ros.ros.compat import use_image_transport
from tracker_ros.ros.context import end_ros, start_ros
from tracker_ros.ros.targets import MOST_TARGETS
from tracker_ros.terminal import make_console, print_error
from tracker_ros.trackers import SettingsError
from tracker_ros.weights import WeightsError

SIZES = ((640, 480), (1920, 1080))
TRANSPORTS = {"raw": "raw", "compressed": "JPEG"}
"""Transports by their name in image_transport, and the table's names for them."""


def add_parsers(sub: Any) -> None:
    """Add the ``latency`` command."""
    parser = sub.add_parser("latency", help="measure what the tracker node adds to its tracker")
    parser.add_argument(
        "--tracker", help=f"preset (default: {PROBE} at a small size, to see the node's own cost)"
    )
    parser.add_argument("--rate", type=positive, default=30.0, help="images a second (default: 30)")
    parser.add_argument("--seconds", type=positive, default=8.0, help="of each measurement (default: 8)")
    parser.add_argument(
        "--only",
        metavar="TEXT",
        default="",
        help="only cases that contain this, such as '640x480 raw' or 'compressed'",
    )
    parser.add_argument(
        "--targets", type=integer(1, MOST_TARGETS), default=1, help="tracked at the same time (default: 1)"
    )
    parser.add_argument("--json", type=new_file, help="also write the figures to this file")
    parser.set_defaults(run=run_latency)


def run_latency(args: argparse.Namespace) -> int:
    """Run ``tracker_ros latency``: 0; 1 where a node failed; 2 for a wrong request."""
    chosen = [
        (size, transport)
        for size in SIZES
        for transport in TRANSPORTS
        if args.only in f"{size[0]}x{size[1]} {transport}"
    ]
    if not chosen:
        print_error("latency", f"no case contains '{args.only}'")
        return 2
    load = os.getloadavg()[0]
    torch.set_num_threads(1)
    use_image_transport()
    start_ros()
    try:
        costs = [measure(size, transport, args) for size, transport in chosen]
    except (SettingsError, WeightsError) as error:
        print_error("latency", error)
        return 2
    except (ProcessError, TimeoutError) as error:
        print_error("latency", error)
        return 1
    finally:
        end_ros()
    make_console().print(render(costs, args.rate, load, args.targets))
    if args.json:
        write_whole(args.json, json.dumps([asdict(cost) for cost in costs], indent=1) + "\n")
    return 0


def render(costs: list[Cost], rate: float, load: float, targets: int = 1) -> Table:
    """Return the table that people read, at most 80 columns wide.

    Args:
        costs: of each case.
        rate: of the images, Hz.
        load: the machine's load average before the measurement.
        targets: tracked at the same time.
    """
    busy = f"Load average before: {load:.1f} on {os.cpu_count()} cores."
    table = Table(
        title=f"tracker node at {rate:g} images a second" + (f", {targets} targets" if targets > 1 else ""),
        box=SIMPLE_HEAD,
        padding=0,
        pad_edge=False,
        caption="Medians in ms, own = total - tracker. CPU: % of one core while "
        f"it tracks, without a target, without images. {busy}",
    )
    table.add_column("images", no_wrap=True)
    columns = {
        "total": "total",
        "total_p99": "p99",
        "publish": "publish",
        "inside": "inside",
        "tracker": "tracker",
        "own": "own",
        "cpu_tracking": "CPU",
        "cpu_idle": "idle",
        "cpu_silent": "none",
        "answered": "seen",
    }
    for heading in columns.values():
        table.add_column(heading, justify="right", no_wrap=True)
    for cost in costs:
        values = [getattr(cost, name) for name in columns]
        shown = [format(value, ".2f" if index < 6 else ".1f") for index, value in enumerate(values[:-1])]
        table.add_row(f"{cost.size} {TRANSPORTS[cost.transport]}", *shown, f"{values[-1]:.0%}")
    return table
