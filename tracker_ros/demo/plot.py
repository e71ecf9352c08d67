# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The flight on one page: four of its frames, and IoU, score and latency over time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")

import numpy as np
from matplotlib import pyplot

from tracker_ros.demo.picture import state_color
from tracker_ros.demo.scores import HIDDEN, Moment, Summary
from tracker_ros.demo.video import Still
from tracker_ros.drawing.figures import save_figure

_GRID: dict[str, Any] = {"color": "#e3e6ea", "linewidth": 0.8}


def choose_stills(moments: Sequence[Moment], count: int = 4) -> list[int]:
    """Choose stamps that tell the story: spread over the flight, one where the state is not TRACKING."""
    places = np.linspace(0.02, 0.98, count) * (len(moments) - 1)
    chosen = [round(place) for place in places]
    problem = [i for i, moment in enumerate(moments) if moment.state in ("COASTING", "LOST")]
    if problem:
        middle = problem[len(problem) // 2]
        inner = range(1, count - 1)
        chosen[min(inner, key=lambda k: abs(chosen[k] - middle))] = middle
    return [moments[index].stamp for index in sorted(set(chosen))]


def write_plot(
    path: Path, moments: Sequence[Moment], summary: Summary, stills: Sequence[Still], title: str
) -> None:
    """Write the page as a PNG."""
    figure = pyplot.figure(figsize=(11.0, 7.4), dpi=110, layout="constrained")
    off_axis = np.degrees([moment.off_axis for moment in moments])
    ratios = (2.0, 2.0, 1.1) if np.isnan(off_axis).all() else (2.0, 1.7, 1.3, 0.9)
    rows = figure.add_gridspec(len(ratios), max(len(stills), 1), height_ratios=ratios)
    for column, still in enumerate(stills):
        axes = figure.add_subplot(rows[0, column])
        axes.imshow(still.picture)
        axes.set_title(f"{still.at:.1f} s", fontsize=9)
        axes.axis("off")
    times = np.array([(moment.stamp - moments[0].stamp) / 1e9 for moment in moments])
    top = figure.add_subplot(rows[1, :])
    _draw_quality(top, times, moments, summary)
    if len(ratios) == 4:
        _draw_pointing(figure.add_subplot(rows[2, :], sharex=top), times, off_axis)
    _draw_latency(figure.add_subplot(rows[-1, :], sharex=top), times, moments, summary)
    figure.suptitle(title, fontsize=12)
    save_figure(figure, path)
    pyplot.close(figure)


def _draw_quality(axes: Any, times: np.ndarray, moments: Sequence[Moment], summary: Summary) -> None:
    hidden = np.array([moment.truth is not None and moment.visible < HIDDEN for moment in moments])
    _draw_bars(axes, times, hidden, (0.0, 1.0), "#c9ced6", "hidden")
    seen = [(at, moment) for at, moment in zip(times, moments, strict=True) if moment.state]
    seen_times, states = np.array([at for at, _ in seen]), np.array([moment.state for _, moment in seen])
    for state in dict.fromkeys(states):
        color = np.array(state_color(str(state))) / 255
        _draw_bars(axes, seen_times, states == state, (1.02, 0.05), color, str(state))
    axes.plot(seen_times, [m.score for _, m in seen], color="#6ea8ff", linewidth=1.2, label="score")
    axes.plot(seen_times, [m.overlap for _, m in seen], color="#1b2a41", linewidth=1.4,
              label="IoU with the truth")  # fmt: skip
    axes.set(ylim=(0, 1.08), xlim=(0, max(float(times[-1]), 1e-3)), ylabel="IoU, score")
    axes.grid(**_GRID)
    # Above the curves, which may be anywhere inside.
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=7, fontsize=8, frameon=False, borderpad=0,
                columnspacing=1.0, handlelength=1.0, handletextpad=0.4)  # fmt: skip
    if not np.isnan(summary.mean_iou):
        axes.set_title(f"mean IoU {summary.mean_iou:.3f}, success AUC {summary.auc:.3f}, "
                       f"precision at 20 px {summary.precision:.3f}", fontsize=9, loc="right")  # fmt: skip


def _draw_bars(
    axes: Any, times: np.ndarray, where: np.ndarray, place: tuple[float, float], color: Any, label: str
) -> None:
    """Fill the time of each chosen moment, from halfway to its neighbours; nothing where there is none."""
    edges = np.concatenate((times[:1], (times[1:] + times[:-1]) / 2, times[-1:]))
    spans = [(edges[i], edges[i + 1] - edges[i]) for i in np.flatnonzero(where)]
    if spans:
        axes.broken_barh(spans, place, color=color, linewidth=0, antialiased=False, label=label)


def _draw_pointing(axes: Any, times: np.ndarray, off_axis: np.ndarray) -> None:
    axes.plot(times, off_axis, color="#7a4fb5", linewidth=1.3)
    axes.set(ylim=(0, None), ylabel="off axis, deg")
    axes.grid(**_GRID)
    axes.set_title(f"target to optical axis: RMS {np.sqrt(np.nanmean(off_axis**2)):.2f} deg", fontsize=9,
                   loc="right")  # fmt: skip


def _draw_latency(axes: Any, times: np.ndarray, moments: Sequence[Moment], summary: Summary) -> None:
    axes.plot(times, [moment.latency * 1e3 for moment in moments], ".", color="#e07a3f", markersize=3)
    axes.set(ylim=(0, None), xlabel="seconds", ylabel="latency, ms")
    axes.grid(**_GRID)
    axes.set_title(f"image to result: median {summary.latency_p50 * 1e3:.1f} ms, p99 "
                   f"{summary.latency_p99 * 1e3:.1f} ms; {summary.dropped} of {summary.shown} frames dropped",
                   fontsize=9, loc="right")  # fmt: skip
