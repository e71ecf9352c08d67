# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The difference to another tracker and its interval: a bootstrap over sequences."""

from __future__ import annotations

import argparse
from collections.abc import Collection, Iterable, Mapping

from tracker_ros.bootstrap import mean_interval
from tracker_ros.evaluation.pace import unpaced
from tracker_ros.evaluation.protocols import (
    EvaluationProtocol,
    OnePass,
    SpatialRobustness,
    TemporalRobustness,
)
from tracker_ros.evaluation.scores import CurveScores, TrackerScores
from tracker_ros.evaluation.tables import DIFFERENCE, Row, summary_rows, trust_rows
from tracker_ros.trackers.base import SettingsError

LEVEL = 0.9
"""Share of the resampled means between the bounds."""
OPTION = "--compare-to"


def require_comparable(reference: str | None, labels: Collection[str], protocol: EvaluationProtocol) -> None:
    """Refuse a tracker to compare with that is not evaluated, and a protocol whose scores are no means.

    Raises:
        SettingsError: naming the option.
    """
    if reference is None:
        return
    if reference not in labels:
        raise SettingsError(f"{OPTION} {reference} is none of the trackers: {', '.join(labels)}")
    if not isinstance(unpaced(protocol), (OnePass, SpatialRobustness, TemporalRobustness)):
        raise SettingsError(
            f"{OPTION} is without effect: ope, tre and sre give means over sequences, {protocol.name} none"
        )


def require_compared(reference: str | None, evaluated: Mapping[str, Iterable[TrackerScores]]) -> None:
    """Refuse a tracker to compare with that has success curves in none of the protocols.

    Raises:
        SettingsError: naming the option and the trackers that have them.
    """
    known = {s.tracker for scores in evaluated.values() for s in scores if isinstance(s, CurveScores)}
    if reference is not None and reference not in known:
        having = ", ".join(sorted(known)) or "none of them"
        raise SettingsError(f"{OPTION} {reference} has no results of ope, tre or sre here; {having} has")


def rows_of(
    scores: list[TrackerScores], groups: dict[str, list[str]], reference: str | None = None
) -> list[Row]:
    """Return the rows of a protocol's table, with differences to the tracker `reference` if it is one's."""
    return compare(trust_rows(scores, groups) or summary_rows(scores, groups), scores, groups, reference)


def compare(
    rows: list[Row],
    scores: Iterable[TrackerScores],
    groups: Mapping[str, list[str]],
    reference: str | None,
) -> list[Row]:
    """Return rows of success AUC with the difference to the tracker `reference` and its 90 % interval.

    The difference is of the means over the sequences of a group that both trackers have; its bounds are
    those of a bootstrap over them, nan with fewer than two. Rows are returned as they are without a
    `reference`, where it has no success curves, and where others have none.
    """
    curves = {s.tracker: s for s in scores if isinstance(s, CurveScores)}
    if reference is None or reference not in curves:
        return rows
    return [
        {**row, **_difference(curves[str(row["tracker"])], curves[reference], groups[str(row["group"])])}
        for row in rows
    ]


def _difference(scores: CurveScores, reference: CurveScores, names: list[str]) -> Row:
    both = [name for name in names if name in scores.parts and name in reference.parts]
    values = [scores.parts[name].auc - reference.parts[name].auc for name in both]
    low, high = mean_interval(values, LEVEL) if len(values) > 1 else (float("nan"), float("nan"))
    mean = sum(values) / len(values) if values else float("nan")
    # What is left of a sum of differences that cancel has a sign, and means nothing; nor has zero one.
    exact = (round(value, 12) + 0.0 for value in (mean, low, high))
    return dict(zip(DIFFERENCE, exact, strict=True))


def add_option(group: argparse._ArgumentGroup) -> None:
    """Add ``--compare-to``."""
    group.add_argument(
        OPTION,
        metavar="TRACKER",
        help="also print the difference in AUC to this tracker of the table, with the bounds of its 90 %%"
        " interval (bootstrap over sequences)",
    )
