# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Scores as tables for the terminal and as rows for CSV and the report."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable
from pathlib import Path

from rich.table import Table
from rich.text import Text

from tracker_ros.data.sequence import DataError
from tracker_ros.evaluation.scores import TrackerScores, TrustScores
from tracker_ros.evaluation.trust import SOON, Trust, columns
from tracker_ros.files import write_whole

Row = dict[str, str | float]
LOWER = frozenset(("failures", "late", "boxed", "claimed", "false", "missed", "AURC", "ECE", "left out"))
"""Columns in which less is better."""
DIFFERENCE = ("diff", "low", "high")
"""Columns of a difference in AUC and the bounds of its interval."""


def summary_rows(scores: Iterable[TrackerScores], groups: dict[str, list[str]]) -> list[Row]:
    """Return a row for each group and tracker: scores, number of sequences, FPS.

    The best first score leads.
    """
    every = list(scores)
    return [row for group, names in groups.items() for row in _group_rows(every, group, names)]


def _group_rows(scores: list[TrackerScores], group: str, names: list[str]) -> list[Row]:
    rows: list[Row] = []
    for tracker in scores:
        columns = tracker.columns(names)
        if columns:
            count = sum(name in tracker.parts for name in names)
            rows.append(
                {
                    "group": group,
                    "tracker": tracker.tracker,
                    **columns,
                    "seqs": float(count),
                    "FPS": tracker.fps(names),
                }
            )
    first = next((c for c in rows[0] if c not in ("group", "tracker")), "") if rows else ""
    return sorted(rows, key=lambda row: -_rank(row[first]))


def trust_rows(scores: Iterable[TrackerScores], groups: dict[str, list[str]]) -> list[Row]:
    """Return a row for each group and tracker of the absence protocol; runs and returns are counts."""
    every = [tracker for tracker in scores if isinstance(tracker, TrustScores)]
    counted = [(group, tracker, tracker.trust(names)) for group, names in groups.items() for tracker in every]
    return [
        {"group": group, "tracker": tracker.tracker, **_counts(found), **_rest(found)}
        for group, tracker, found in counted
        if found is not None
    ]


def unfinished_lines(scores: Iterable[TrackerScores]) -> list[str]:
    """Return a line for each tracker that has no result on sequences that count for it."""
    return [
        f"{tracker.tracker}: no result on {len(names)} of {len(tracker.parts)} sequences, which count as"
        f" failures: {', '.join(names)}"
        for tracker in scores
        if (names := tracker.unfinished)
    ]


def unscored_lines(scores: Iterable[TrackerScores], groups: dict[str, list[str]]) -> list[str]:
    """Return a line for each group that has no row, for no tracker has a result on its sequences.

    Raises:
        DataError: when that is so of every group.
    """
    counted = {name for tracker in scores for name in tracker.parts}
    lines = [
        f"group '{group}' has no row: there is no result for {', '.join(names)}"
        for group, names in groups.items()
        if counted.isdisjoint(names)
    ]
    if groups and len(lines) == len(groups):
        raise DataError("; ".join(lines))
    return lines


def _counts(trust: Trust) -> Row:
    soon = sum(wait <= SOON for wait in trust.returns)
    back = sum(math.isfinite(wait) for wait in trust.returns)
    return {
        "found": f"{back} of {len(trust.returns)}",
        "in 1 s": str(soon),
        "wrong": f"{trust.wrong} of {trust.runs}",
        "same id": str(trust.wrong_same),
        "new id": str(trust.wrong_new),
    }


def _rest(trust: Trust) -> Row:
    shown = ("late", "boxed", "claimed", "false", "missed", "AURC", "T2F", "NT2F")
    return {name: value for name, value in columns(trust).items() if name in shown}


def _rank(value: str | float) -> float:
    return value if isinstance(value, float) and not math.isnan(value) else -1.0


def render(rows: list[Row], title: str = "") -> Table:
    """Return a table for the terminal; the best value of every column of a group is bold."""
    table = Table(title=title or None, title_justify="left")
    columns = [c for c in rows[0] if c != "group" or len({r["group"] for r in rows}) > 1] if rows else []
    for column in columns:
        text = column in ("group", "tracker")
        table.add_column(column, justify="left" if text else "right", no_wrap=True)
    for index, row in enumerate(rows):
        last = index + 1 == len(rows) or rows[index + 1]["group"] != row["group"]
        table.add_row(*(_cell(c, row, rows) for c in columns), end_section=last)
    return table


def _cell(column: str, row: Row, rows: list[Row]) -> Text:
    return Text(format_value(column, row[column]), style="bold" if is_best(column, row, rows) else "")


def is_best(column: str, row: Row, rows: list[Row]) -> bool:
    """Return whether a row has the best score of its group in a column; never in one that ranks nobody."""
    peers = [other[column] for other in rows if other["group"] == row["group"]]
    known = [value for value in peers if isinstance(value, float) and not math.isnan(value)]
    if len(known) < 2 or column in ("seqs", *DIFFERENCE):
        return False
    return row[column] == (min if column in LOWER else max)(known)


def format_value(column: str, value: str | float) -> str:
    """Return a score with three decimals and no leading zero, as papers print it; counts and FPS whole."""
    if isinstance(value, str):
        return value
    if math.isnan(value):
        return "-"
    if column in ("FPS", "seqs"):
        return f"{value:.0f}" if value >= 10 or column == "seqs" else f"{value:.1f}"
    text = f"{value:+.3f}" if column in DIFFERENCE else f"{value:.3f}"
    return text.replace("0.", ".", 1) if abs(value) < 1 else text


def write_csv(rows: list[Row], path: Path) -> None:
    """Write rows as CSV, with all digits."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, fieldnames=list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    write_whole(path, text.getvalue())
