# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""``tracker_ros gimbal``: how well the controller points a simulated gimbal at a dodging vehicle."""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

from rich.table import Table

from tracker_ros.arguments import integer, number
from tracker_ros.gimbal.loop import Conditions, Pointing, fly
from tracker_ros.gimbal.settings import ControlSettings
from tracker_ros.terminal import make_console, print_error

CONDITIONS = {
    "nominal": Conditions(),
    "100 ms latency": Conditions(latency=0.1),
    "10 % drops": Conditions(drops=0.1),
    "100 ms and 10 %": Conditions(latency=0.1, drops=0.1),
    "200 ms latency": Conditions(latency=0.2),
}
NUMBERS = [field.name for field in fields(ControlSettings) if isinstance(field.default, float)]


def add_parsers(sub: Any) -> None:
    """Add the subcommand ``gimbal`` to an argparse subparsers object."""
    parser = sub.add_parser(
        "gimbal", help="measure the pointing of a simulated gimbal",
        description="Flies the chase of `tracker_ros demo --gimbal` in numbers, without images and ROS, and "
        "prints the pointing error with and without feed-forward and latency compensation.",
    )  # fmt: skip
    add = parser.add_argument
    add("--seconds", type=number(3.0, 3600.0), default=30.0, help="length of a flight (default 30)")
    add("--seeds", type=integer(1, 10_000), default=3, help="flights of each kind (default 3)")
    for name in NUMBERS:
        add(f"--{name.replace('_', '-')}", type=number(), help=f"as the parameter control.{name}")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the table; 2 for a wrong request."""
    given = {name: value for name in NUMBERS if (value := getattr(args, name)) is not None}
    wrong = _what_is_wrong(given)
    if wrong:
        print_error("gimbal", wrong)
        return 2
    settings = replace(ControlSettings(), **given)
    controls = {
        "as set": settings,
        "no feed-forward": replace(settings, feedforward=0.0),
        "no compensation": replace(settings, latency_compensation=False),
        "neither": replace(settings, feedforward=0.0, latency_compensation=False),
        "gimbal at rest": replace(settings, kp=0.0, ki=0.0, kd=0.0, feedforward=0.0),
    }
    table = Table(title="a dodging vehicle seen through a simulated gimbal", title_justify="left")
    for heading in ("control", "conditions", "RMS error", "in view", "losses"):
        table.add_column(heading)
    for name, control in controls.items():
        for what, conditions in CONDITIONS.items():
            flights = [fly(control, conditions, seconds=args.seconds, seed=k) for k in range(args.seeds)]
            table.add_row(name, what, *_cells(flights))
        table.add_section()
    make_console().print(table)
    return 0


def _what_is_wrong(given: dict[str, float]) -> str:
    """Explain why these arguments cannot be flown; '' when they can."""
    for field in fields(ControlSettings):
        value, low, high = given.get(field.name), field.metadata["low"], field.metadata["high"]
        if value is not None and not low <= value <= high:
            return f"--{field.name.replace('_', '-')} must be {low:g} to {high:g}, got {value:g}"
    return ""


def _cells(flights: Sequence[Pointing]) -> tuple[str, str, str]:
    """Return the root mean square of the errors, mean time in view and sum of the losses over the flights."""
    angle, distance = (
        math.sqrt(sum(v * v for v in values) / len(values))
        for values in ([flight.rms_deg for flight in flights], [flight.rms_px for flight in flights])
    )
    in_view = sum(flight.in_view for flight in flights) / len(flights)
    return f"{angle:.2f} deg, {distance:.0f} px", f"{in_view:.0%}", str(sum(f.losses for f in flights))
