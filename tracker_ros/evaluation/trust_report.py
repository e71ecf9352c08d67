# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The absence protocol's part of the report: risk over coverage, and filmstrips of the wrong locks."""

from __future__ import annotations

import html

import numpy as np
from matplotlib.figure import Figure

from tracker_ros.data.sequence import Sequence
from tracker_ros.evaluation import filmstrips, plots, trust
from tracker_ros.evaluation.scores import TrustScores
from tracker_ros.evaluation.trust import Lock

STRIPS = 8
"""Wrong locks that are shown, at most."""


def risk_figure(scores: list[TrustScores], names: list[str], order: list[str]) -> Figure:
    """Plot the share of covered frames that are off the target over the share that is covered."""
    curves = {
        s.tracker: trust.risk_coverage(found.risk, found.score) for s in scores if (found := s.trust(names))
    }
    return plots.risk_plot(curves, order, "Risk over coverage")


def chosen_locks(scores: list[TrustScores], sequences: list[Sequence]) -> list[tuple[str, Sequence, Lock]]:
    """Choose wrong locks to show: under the first id first, then the longest; one per sequence."""
    every = [
        (scored.tracker, sequence, lock)
        for scored in scores
        for sequence in sequences
        for _, run in scored.runs.get(sequence.name, [])
        if run.says is not None
        for lock in trust.wrong_locks(run.boxes, run.says, sequence.truth)
    ]
    every.sort(key=lambda found: (not found[2].same_id, found[2].first - found[2].end))
    first: dict[str, tuple[str, Sequence, Lock]] = {}
    for found in every:
        first.setdefault(found[1].name, found)
    return list(first.values())[:STRIPS]


def lock_section(scores: list[TrustScores], sequences: list[Sequence], order: list[str]) -> list[str]:
    """Render filmstrips of wrong locks, from shortly before each."""
    locks = chosen_locks(scores, sequences)
    if not scores:
        return []
    if not locks:
        return ["<p>No wrong lock.</p>"]
    boxes = {s.tracker: {name: runs[0][1].boxes for name, runs in s.runs.items()} for s in scores}
    parts = ["<h3>Wrong locks</h3>", "<p>White is the truth; numbers count frames from 0.</p>"]
    for name, sequence, lock in locks:
        color = plots.line_style(order.index(name))["color"]
        frames = (
            np.linspace(max(lock.first - 4, 0), lock.end - 1, filmstrips.FRAMES).round().astype(int).tolist()
        )
        found = boxes[name][sequence.name]
        strip = filmstrips.draw_strip(sequence, frames, {name: found}, {name: color}, found)
        text = (
            f"{sequence.name}: {name} claims something else from frame {lock.first} to {lock.end - 1}"
            f" of {len(sequence)}, under {'the same' if lock.same_id else 'a new'} id."
        )
        key = f'<span class="key" style="background:{color}"></span>{html.escape(name)}'
        parts.append(filmstrips.html_strip(strip, text, key))
    return parts
