# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The figures that tracking papers show, drawn from scores. Each function returns a new figure."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure

from tracker_ros.drawing.figures import save_figure
from tracker_ros.evaluation.metrics import (
    NORMALISED_THRESHOLDS,
    PRECISION_THRESHOLDS,
    SUCCESS_THRESHOLDS,
    Array,
    Curves,
)

# Okabe and Ito's colours, told apart by most eyes; line styles tell further trackers apart.
COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#444444")
STYLES = ("-", "--", ":", "-.")
_SAVING = {"bbox_inches": "tight", "pad_inches": 0.05}


def line_style(index: int) -> dict[str, Any]:
    """Return the colour and dashes of the tracker at `index`, the same in every figure of a report."""
    return {"color": COLORS[index % len(COLORS)], "linestyle": STYLES[index // len(COLORS) % len(STYLES)]}


def threshold_plot(kind: str, curves: Mapping[str, Curves], order: list[str], title: str) -> Figure:
    """Plot success, precision or normalised precision over its thresholds; the legend is sorted by score.

    Args:
        kind: ``success`` (scored by AUC), ``precision`` (at 20 px) or ``normalised`` (at 0.2).
        curves: mean curves by tracker.
        order: all trackers of the report, which fixes their colours.
        title: above the axes.
    """
    thresholds, label, score = {
        "success": (SUCCESS_THRESHOLDS, ("Overlap threshold", "Success rate"), lambda c: c.auc),
        "precision": (PRECISION_THRESHOLDS, ("Location error threshold (px)", "Precision"), lambda c: c.dpr),
        "normalised": (
            NORMALISED_THRESHOLDS,
            ("Normalised location error threshold", "Precision"),
            lambda c: c.normalised_precision,
        ),
    }[kind]
    figure, axes = _axes(title, *label)
    for name in sorted(curves, key=lambda n: -score(curves[n])):
        axes.plot(
            thresholds,
            getattr(curves[name], kind),
            **line_style(order.index(name)),
            linewidth=1.8,
            label=f"{name} [{score(curves[name]):.3f}]",
        )
    axes.set(xlim=(0, thresholds[-1]), ylim=(0, 1))
    _legend(axes, "lower left" if kind == "success" else "lower right")
    return figure


def eao_curve_plot(
    curves: Mapping[str, Array], order: list[str], interval: tuple[int, int], title: str
) -> Figure:
    """Plot the expected average overlap by sequence length, with the interval of the score."""
    figure, axes = _axes(title, "Sequence length (frames)", "Expected overlap")
    axes.axvspan(*interval, color="#8888881f", linewidth=0)
    for name, curve in curves.items():
        known = curve[1:]
        axes.plot(np.arange(1, len(curve)), known, **line_style(order.index(name)), linewidth=1.6, label=name)
    axes.set(xlim=(0, interval[1] * 1.05), ylim=(0, 1))
    _legend(axes, "upper right")
    return figure


def risk_plot(curves: Mapping[str, tuple[Array, Array]], order: list[str], title: str) -> Figure:
    """Plot risk over coverage by tracker, with the area under each."""
    figure, axes = _axes(title, "Coverage", "Risk: share without an overlap of half")
    for name in sorted(curves, key=lambda n: curves[n][1].mean()):
        coverage, risk = curves[name]
        label = f"{name} [{risk.mean():.3f}]"
        axes.plot(coverage, risk, **line_style(order.index(name)), linewidth=1.8, label=label)
    axes.set(xlim=(0, 1), ylim=(0, 1))
    _legend(axes, "upper left")
    return figure


def eao_rank_plot(scores: Mapping[str, float], order: list[str], title: str) -> Figure:
    """Plot trackers from the best on the right to the worst on the left, by expected average overlap."""
    figure, axes = _axes(title, "Rank", "Expected average overlap")
    ranked = sorted((n for n in scores if not math.isnan(scores[n])), key=lambda n: -scores[n])
    for rank, name in enumerate(ranked, start=1):
        axes.plot(rank, scores[name], "o", color=line_style(order.index(name))["color"], markersize=8)
        axes.annotate(
            f"{name}\n{scores[name]:.3f}",
            (rank, scores[name]),
            textcoords="offset points",
            xytext=(0, 9),
            ha="center",
            fontsize=8,
        )
    top = max((scores[n] for n in ranked), default=1.0)
    axes.set(xlim=(len(ranked) + 0.7, 0.3), ylim=(0, top * 1.3), xticks=range(1, len(ranked) + 1))
    return figure


def speed_plot(points: Mapping[str, tuple[float, float]], order: list[str], label: str, title: str) -> Figure:
    """Plot accuracy over speed (FPS, logarithmic) for each tracker; the line marks a 30 Hz camera."""
    figure, axes = _axes(title, "Speed (frames a second)", label)
    axes.set_xscale("log")
    axes.axvline(30, color="#888888", linewidth=1, linestyle=(0, (4, 3)))
    for name, (fps, score) in points.items():
        axes.plot(fps, score, "o", color=line_style(order.index(name))["color"], markersize=8)
        axes.annotate(name, (fps, score), textcoords="offset points", xytext=(7, 4), fontsize=8)
    scores = [score for _, score in points.values()]
    rates = [fps for fps, _ in points.values()]
    axes.set(xlim=(min(*rates, 30) / 2, max(*rates, 30) * 4), ylim=(0, min(1.0, max(scores) * 1.25)))
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    return figure


def radar_plot(scores: Mapping[str, Mapping[str, float]], order: list[str], title: str) -> Figure:
    """Plot the AUC by attribute (at least three), by tracker, on a radar chart."""
    names = list(next(iter(scores.values())))
    angles = np.linspace(0, 2 * np.pi, len(names), endpoint=False)
    figure = Figure(figsize=(5.2, 4.6))
    axes = figure.add_subplot(projection="polar")
    axes.set_title(title, fontsize=11, pad=18)
    for tracker, by_attribute in scores.items():
        values = [by_attribute[name] for name in names]
        axes.plot(
            [*angles, angles[0]],
            [*values, values[0]],
            **line_style(order.index(tracker)),
            linewidth=1.6,
            label=tracker,
        )
    axes.set_xticks(angles, names, fontsize=9)
    axes.set_ylim(0, None)
    axes.tick_params(axis="y", labelsize=7)
    axes.legend(loc="upper left", bbox_to_anchor=(1.08, 1.05), fontsize=8, frameon=False)
    return figure


def _axes(title: str, x: str, y: str) -> tuple[Figure, Any]:
    figure = Figure(figsize=(5.2, 4.0))
    axes = figure.add_subplot()
    axes.set_title(title, fontsize=11)
    axes.set_xlabel(x, fontsize=10)
    axes.set_ylabel(y, fontsize=10)
    axes.grid(True, color="#cccccc", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=9)
    return figure, axes


def _legend(axes: Any, place: str) -> None:
    axes.legend(loc=place, fontsize=8, framealpha=0.9, edgecolor="#cccccc")


def save(figure: Figure, folder: Path, name: str) -> None:
    """Write ``NAME.png`` and ``NAME.pdf``, the same bytes for the same figure."""
    save_figure(figure, folder / f"{name}.png", dpi=200, metadata={"Software": None}, **_SAVING)
    save_figure(figure, folder / f"{name}.pdf", metadata={"CreationDate": None}, **_SAVING)


def to_svg(figure: Figure) -> str:
    """Return the figure as an SVG element to put into a page."""
    buffer = io.StringIO()
    # Element names are drawn at random without a salt, and the same report would never be the same page.
    with rc_context({"svg.hashsalt": "tracker_ros"}):
        figure.savefig(buffer, format="svg", metadata={"Date": None}, **_SAVING)
    text = buffer.getvalue()
    return text[text.index("<svg") :]
