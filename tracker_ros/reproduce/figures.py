# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Figures that are no table, and tables that an experiment of this package makes."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from tracker_ros.drawing.figures import save_figure
from tracker_ros.experiments import ablation_cf, convergence, loss_ablation, loss_curves
from tracker_ros.geometry import Box
from tracker_ros.losses.logistic import focal_logistic, logistic
from tracker_ros.reproduce.items import Finding, Item, Request
from tracker_ros.trackers import Tracker, load


def plotting() -> Any:
    """Import pyplot without a display."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    return plt


def saved(figure: Any, request: Request, name: str) -> Path:
    """Write a figure into the request's folder."""
    path = request.out / name
    figure.tight_layout()
    save_figure(figure, path, dpi=110)
    plotting().close(figure)
    return path


def focal_factor(item: Item, request: Request) -> Finding:
    """Draw AdaCFNet's figure 6: a / (1 + exp(b y v)) over y v, from the loss that training uses."""
    margin = torch.linspace(-6, 6, 241, dtype=torch.float64)
    ones = torch.ones_like(margin)
    figure, axes = plotting().subplots(figsize=(5, 4))
    rows = ["| a | b | at y v = -2 | at 0 | at 2 |", "|---|---|---|---|---|"]
    for a, b in ((2.0, 1.0), (2.0, 0.5), (2.0, 2.0), (1.0, 1.0)):
        factor = focal_logistic(margin, ones, a, b) / logistic(margin, ones)
        axes.plot(margin, factor, label=f"a = {a:g}, b = {b:g}")
        at = [float(factor[int((v + 6) * 20)]) for v in (-2, 0, 2)]
        rows.append(f"| {a:g} | {b:g} | " + " | ".join(f"{value:.3f}" for value in at) + " |")
    axes.set(xlabel="y v", ylabel="modulating factor")
    axes.legend()
    return Finding("\n".join(rows), (saved(figure, request, f"{item.key}.png"),))


def loss_figure(item: Item, request: Request) -> Finding:
    """Draw Lu et al.'s figure 6: factors and losses over the probability of the true class."""
    request.out.mkdir(parents=True, exist_ok=True)
    path = request.out / f"{item.key}.png"
    loss_curves.draw(path)
    p_t, factors, _ = loss_curves.curves()
    rows = ["| factor | at 0.1 | at 0.5 | at 0.9 |", "|---|---|---|---|"]
    for name, values in factors.items():
        at = [float(values[int((p_t - p).abs().argmin())]) for p in (0.1, 0.5, 0.9)]
        rows.append(f"| {name} | " + " | ".join(f"{value:.3f}" for value in at) + " |")
    return Finding("\n".join(rows), (path,))


def channel_weights(item: Item, request: Request) -> Finding:
    """Draw AdaCFNet's figure 7: channel weights of the blocks over targets and over time."""
    preset = "adacfnet_mobile" if request.light else "adacfnet"
    tracker = load(preset, weights=request.weights.get(preset))
    plt, sequences = plotting(), request.sequences[:3]
    figure, axes = plt.subplots(len(sequences), 2, figsize=(10, 2.6 * len(sequences)), squeeze=False)
    rows = ["| sequence | block | mean weight | spread over channels | spread over time |"]
    rows.append("|---|---|---|---|---|")
    for line, sequence in zip(axes, sequences, strict=True):
        seen = weights_over_time(tracker, sequence, 60)
        for axis, (name, values) in zip(line, sorted(seen.items()), strict=False):
            axis.imshow(values.T, aspect="auto", vmin=0, vmax=1)
            axis.set(title=f"{sequence.name}: {name}", xlabel="frame", ylabel="channel")
            spread = [values.mean(0).std(), values.std(0).mean()]
            rows.append(
                f"| {sequence.name} | {name} | {values.mean():.3f} | {spread[0]:.3f} | {spread[1]:.3f} |"
            )
    return Finding("\n".join(rows), (saved(figure, request, f"{item.key}.png"),))


def weights_over_time(tracker: Tracker, sequence: Any, count: int) -> dict[str, Any]:
    """Return [frames, channels] of the channel weights by block, over the first frames of a sequence."""
    seen: dict[str, list[Tensor]] = {}
    with torch.inference_mode():
        for number, picture in enumerate(islice(iter(sequence.frames), count)):
            frame = torch.from_numpy(picture).permute(2, 0, 1)
            if number == 0:
                state = tracker.initialize(frame, Box.from_xywh(*sequence.truth[0]).to_tensor())
                continue
            found = tracker.localize(frame, state)
            state = tracker.update(frame, state, found)
            for name, values in found.aux.items():
                if name.startswith("weights/"):
                    seen.setdefault(name.removeprefix("weights/"), []).append(values)
    return {name: torch.stack(values).numpy() for name, values in seen.items()}


def response_maps(item: Item, request: Request) -> Finding:
    """Draw EDCF's figure 1: the search region and the response maps of SiamFC, EDSiam and EDCF on it."""
    names = ["siamfc_mobile", "edcf_mobile"] if request.light else ["siamfc", "edsiam", "edcf"]
    trackers = {name: load(name, weights=request.weights.get(name)) for name in names}
    plt, sequences = plotting(), request.sequences[:2]
    size = (len(sequences), len(names) + 1)
    figure, axes = plt.subplots(*size, figsize=(3 * size[1], 3 * size[0]), squeeze=False)
    rows = ["| sequence | tracker | peak over the highest other value |", "|---|---|---|"]
    for line, sequence in zip(axes, sequences, strict=True):
        frames = list(islice(iter(sequence.frames), 12))
        line[0].imshow(frames[-1])
        line[0].set(title=sequence.name)
        for axis, (name, tracker) in zip(line[1:], trackers.items(), strict=True):
            response = last_response(tracker, frames, sequence.truth[0])
            axis.imshow(response)
            axis.set(title=name)
            rows.append(f"| {sequence.name} | {name} | {distinct(response):.2f} |")
    for axis in axes.flat:
        axis.axis("off")
    return Finding("\n".join(rows), (saved(figure, request, f"{item.key}.png"),))


def last_response(tracker: Tracker, frames: list[Any], box: Any) -> Any:
    """Return the response map of the last of some frames."""
    with torch.inference_mode():
        pictures = [torch.from_numpy(frame).permute(2, 0, 1) for frame in frames]
        state = tracker.initialize(pictures[0], Box.from_xywh(*box).to_tensor())
        for picture in pictures[1:]:
            found = tracker.localize(picture, state)
            state = tracker.update(picture, state, found)
    return found.response.numpy()


def distinct(response: Any) -> float:
    """Return the peak over the highest value a quarter of the map away, both above the map's least."""
    lifted = response - response.min()
    row, column = np.unravel_index(lifted.argmax(), lifted.shape)
    rows, columns = np.indices(lifted.shape)
    away = np.maximum(abs(rows - row), abs(columns - column)) > min(lifted.shape) / 4
    return float(lifted.max() / max(lifted[away].max(), 1e-12))


def experiment(main: Callable[[list[str]], int], *first: str, files: tuple[str, ...] = ()) -> Any:
    """Return a run that calls an experiment of this package with the words of ``--own``."""

    def run(item: Item, request: Request) -> Finding:
        words = [*first, *request.words, "--out", str(request.out / item.key)]
        text = io.StringIO()
        with contextlib.redirect_stdout(text):
            status = main(words)
        if status:
            raise RuntimeError(f"{item.key} ended with {status}: see above")
        made = tuple(request.out / item.key / file for file in files)
        return Finding(f"```\n{text.getvalue().rstrip()}\n```", tuple(p for p in made if p.is_file()))

    return run


train_adacfnet = experiment(ablation_cf.main, "adacfnet")
train_edcf = experiment(ablation_cf.main, "edcf")
train_siamrpn = experiment(loss_ablation.main, "--part", "classification")


def converge(item: Item, request: Request) -> Finding:
    """Draw Lu et al.'s figure 16: how fast the first frame is learned with each loss."""
    preset = "dslt_mobile" if request.light else "dslt"
    weights = ["--weights", request.weights[preset]] if preset in request.weights else []
    run = experiment(convergence.main, "--preset", preset, *weights, files=("convergence.png",))
    found: Finding = run(item, request)
    return found
