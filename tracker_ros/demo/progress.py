# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The terminal's display: the flight in progress, and the table at its end."""

from __future__ import annotations

import math
from collections import deque

from rich.console import Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from tracker_ros.demo.picture import state_color
from tracker_ros.demo.scores import Moment, Summary

_BARS = " ▁▂▃▄▅▆▇█"
_WIDTH = 48


class Progress:
    """The flight's last seconds as a panel; `seconds` is its length, None where that is not known."""

    def __init__(self, title: str, seconds: float | None):
        self._title, self.seconds = title, seconds
        self._recent: deque[Moment] = deque(maxlen=_WIDTH)

    def panel(self, newest: Moment | None, elapsed: float) -> Panel:
        """Build the current display; `newest` is added to the curves if it is new."""
        if newest is not None and (not self._recent or newest.stamp != self._recent[-1].stamp):
            self._recent.append(newest)
        limit = "" if self.seconds is None else f" of {self.seconds:.0f}"
        table = Table.grid(padding=(0, 2))
        table.add_row("time", f"{elapsed:.0f}{limit} s")
        if newest is not None:
            table.add_row("state", _state(newest.state))
            table.add_row("IoU", _number(newest.overlap))
            table.add_row("score", f"{newest.score:.2f}")
            table.add_row("latency", f"{newest.latency * 1e3:.0f} ms")
        curves = Table.grid(padding=(0, 2))
        curves.add_row("IoU  ", Text(_curve([m.overlap for m in self._recent]), style="green"))
        curves.add_row("score", Text(_curve([m.score for m in self._recent]), style="blue"))
        return Panel(Group(table, curves), title=Text(self._title), width=72, title_align="left")


def summary_table(summary: Summary, title: str) -> Table:
    """Return the table at the end."""
    table = Table(title=title, title_justify="left", show_header=False)
    table.add_row("mean IoU with the truth", _number(summary.mean_iou, 3))
    table.add_row("success AUC", _number(summary.auc, 3))
    table.add_row("precision at 20 px", _number(summary.precision, 3))
    table.add_row("frames scored (target in sight)", str(summary.scored))
    table.add_row("latency, image to result, median", f"{summary.latency_p50 * 1e3:.1f} ms")
    table.add_row("latency, image to result, p99", f"{summary.latency_p99 * 1e3:.1f} ms")
    share = summary.dropped / summary.shown
    table.add_row("frames dropped", f"{summary.dropped} of {summary.shown} ({share:.1%})")
    changes = ", ".join(f"{change.at:.1f} s {change.state}" for change in summary.changes)
    table.add_row("state changes", f"{len(summary.changes)}" + (f": {changes}" if changes else ""))
    return table


def _state(name: str) -> Text:
    return Text(name, style="bold rgb({},{},{})".format(*state_color(name)))


def _number(value: float, digits: int = 2) -> str:
    return "-" if math.isnan(value) else f"{value:.{digits}f}"


def _curve(values: list[float]) -> str:
    return "".join("·" if math.isnan(v) else _BARS[round(min(max(v, 0.0), 1.0) * 8)] for v in values)
