# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Evaluating the rows of a table: scores with intervals beside the paper's."""

from __future__ import annotations

import dataclasses
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tracker_ros.bootstrap import mean_interval
from tracker_ros.evaluation.engines import make_engine
from tracker_ros.evaluation.protocols import EvaluationProtocol, OnePass, TemporalRobustness
from tracker_ros.evaluation.runner import Outcome, plan_tasks, run_tasks
from tracker_ros.evaluation.scores import CurveScores, attribute_groups, score_folder
from tracker_ros.evaluation.specs import TrackerSpec
from tracker_ros.reproduce.items import METRICS, Finding, Item, Request, Row
from tracker_ros.trackers.base import SettingsError
from tracker_ros.weights import WeightsError

Array = npt.NDArray[np.float64]
_OF_CURVES = {"AUC": "auc", "P@20": "dpr", "OSR": "osr"}


class Measured(NamedTuple):
    """A row's scores [sequences] by metric, in the order of `names`; `why` says why there are none."""

    row: Row
    preset: str
    names: list[str]
    scores: dict[str, Array]
    why: str = ""


def protocol_of(request: Request) -> EvaluationProtocol:
    """Return the protocol: one pass, or temporal robustness with so many starts."""
    return OnePass() if request.starts <= 1 else TemporalRobustness(segments=request.starts)


def measure(row: Row, item: Item, request: Request) -> Measured:
    """Track all sequences with a row's tracker; what was tracked already is read."""
    preset = row.light if request.light else row.preset
    if not preset:
        kind = "light preset" if request.light and row.preset else "tracker"
        return Measured(row, "", [], {}, f"this package has no {kind} for it")
    weights = request.weights.get(row.label, request.weights.get(preset))
    settings = {**row.settings, **(row.light_settings if request.light else {})}
    spec = TrackerSpec(preset, tuple(sorted(settings.items())), weights, request.device)
    protocol, out = protocol_of(request), request.out / item.key / _folder(row.label)
    failures: list[Outcome] = []
    try:
        tasks = plan_tasks([spec], request.sequences, protocol, out)
        if tasks:
            spec.driver()
        failures = run_tasks(tasks, make_engine("processes", request.jobs), lambda done: None)
    except (WeightsError, SettingsError) as error:
        return Measured(row, preset, [], {}, str(error).splitlines()[0].split(";")[0])
    if failures:
        raise RuntimeError(f"{row.label} failed on {failures[0].sequence}\n{failures[0].error}")
    found = score_folder(out / protocol.name / spec.label, request.sequences, protocol)
    assert isinstance(found, CurveScores)
    names = list(found.parts)
    scores = {m: np.array([getattr(found.parts[n], _OF_CURVES[m]) for n in names]) for m in item.metrics}
    return Measured(row, preset, names, scores)


def _folder(label: str) -> str:
    return "".join(c if c.isalnum() or c in "+-_." else "_" for c in label)


def run_rows(item: Item, request: Request) -> Finding:
    """Measure every row of a table."""
    measured = [measure(row, item, request) for row in item.rows]
    text = [table(measured, item.metrics)]
    if item.by_attribute:
        for attribute, names in sorted(attribute_groups(request.sequences).items()):
            part = [restricted(m, names) for m in measured]
            if any(m.names for m in part):
                text.append(f"### {attribute} ({len(names)} sequences)\n\n{table(part, item.metrics)}")
    return Finding("\n\n".join(text))


def restricted(measured: Measured, names: list[str]) -> Measured:
    """Return the scores on some of the sequences only; the paper's belong to all."""
    kept = [index for index, name in enumerate(measured.names) if name in names]
    return measured._replace(
        row=dataclasses.replace(measured.row, paper={}),
        names=[measured.names[index] for index in kept],
        scores={metric: values[kept] for metric, values in measured.scores.items()},
    )


def table(measured: list[Measured], metrics: tuple[str, ...]) -> str:
    """Render as Markdown the paper's scores and ours with 95 % intervals, in percent."""
    titles = [part for metric in metrics for part in (f"paper: {METRICS[metric]}", "here", "95 % interval")]
    lines = ["| tracker | preset | " + " | ".join(titles) + " |"]
    lines.append("|---" * (2 + len(titles)) + "|")
    for m in measured:
        cells = [m.row.label, f"`{m.preset}`" if m.preset else ""]
        for metric in metrics:
            value = m.row.paper.get(metric)
            cells.append("" if value is None else f"{100 * value:.1f}")
            if not m.names:
                cells += [f"not run: {m.why}" if metric == metrics[0] else "", ""]
                continue
            low, high = mean_interval(m.scores[metric], 0.95)
            cells += [f"{100 * m.scores[metric].mean():.1f}", f"{100 * low:.1f} to {100 * high:.1f}"]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)
