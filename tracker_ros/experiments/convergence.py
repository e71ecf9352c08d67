# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Compare how fast DSLT's regression converges under shrinkage loss and its rivals (Lu et al., figure 16).

    python -m tracker_ros.experiments.convergence --root SEQUENCES --out FOLDER

Learns the first frame of some sequences once with each loss, from the same start and at the same
rate. Prints after how many steps each falls below a share of its start: the loss itself, the squared
error on the target (label above 0.1), and that of the whole map. Draws the curves.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from tracker_ros.arguments import count
from tracker_ros.data.readers import read_folders
from tracker_ros.data.sequence import Sequence
from tracker_ros.drawing.figures import save_figure
from tracker_ros.geometry import Box
from tracker_ros.losses.shrinkage import KINDS, RegressionLoss
from tracker_ros.ops.convolution import convolve
from tracker_ros.ops.frames import to_tensor
from tracker_ros.trackers import load
from tracker_ros.trackers._regression import descend, first_frame_step, join
from tracker_ros.trackers.dslt import Dslt

MEASURES = ("own loss", "target error", "total error")
#: Share of its start below which a measure must stay to count as converged.
SHARE = 0.2

Curves = npt.NDArray[np.float64]


def learn(
    tracker: Dslt,
    views: tuple[list[Tensor], list[Tensor]],
    label: Tensor,
    start: list[Tensor],
    loss: RegressionLoss,
    steps: int,
) -> Curves:
    """Return [3, steps] of the measures before each step of Adam, each divided by its start."""
    model = list(start)
    means, squares = [torch.zeros_like(t) for t in model], [torch.zeros_like(t) for t in model]
    rates, target, rows = tracker.rates(model, tracker.initial_lr), label > 0.1, []
    for step in range(steps):
        value, gradients = first_frame_step(views[0], views[1], label, model, tracker.coarse_weight, loss)
        response = convolve(join(views[0][0], views[1][0], model, tracker.coarse_weight), model[0])
        error = (response - label).square()
        rows.append((float(value), float(error[target].sum()), float(error.sum())))
        descend(model, gradients, means, squares, step + 1, rates, tracker.regularization)
    curves = np.array(rows).T
    return curves / curves[:, :1]


def measure(tracker: Dslt, sequence: Sequence, steps: int) -> Curves:
    """Return [4 losses, 3 measures, steps] on the first frame of a sequence."""
    frame = to_tensor(next(iter(sequence.frames)))
    with torch.inference_mode():
        box = Box.from_xywh(*sequence.truth[0]).to_tensor()
        fine, coarse, _ = tracker.views(frame, box)
        middle = torch.full([2], (tracker.cells - 1) / 2)
        label = tracker.label(tracker.label_sigma * tracker.sides(box), middle, frame.device)
        start = tracker.start(box)
        losses = map(RegressionLoss, KINDS)
        return np.stack([learn(tracker, (fine, coarse), label, start, loss, steps) for loss in losses])


def first_below(curve: Curves, share: float) -> float:
    """Return the steps after which a curve stays below `share`; inf if it does not."""
    above = np.flatnonzero(curve >= share)
    after = 0 if above.size == 0 else int(above[-1]) + 1
    return float(after) if after < len(curve) else float("inf")


def draw(curves: Curves, path: Path) -> None:
    """Plot mean and standard deviation over sequences of [sequences, losses, measures, steps] as a PNG."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, len(MEASURES), figsize=(13, 4))
    steps = np.arange(curves.shape[-1])
    for k, title in enumerate(MEASURES):
        for i, loss in enumerate(KINDS):
            mean, spread = curves[:, i, k].mean(0), curves[:, i, k].std(0)
            axes[k].plot(steps, mean, label=loss)
            axes[k].fill_between(steps, mean - spread, mean + spread, alpha=0.15)
        axes[k].set(title=title, xlabel="step of Adam", ylabel="share of the start", ylim=(0, 1.3))
    axes[0].legend()
    figure.tight_layout()
    save_figure(figure, path, dpi=110)
    plt.close(figure)


def main(arguments: list[str] | None = None) -> int:
    """Run the comparison; returns the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--root", type=Path, required=True, help="folder of sequences")
    parser.add_argument("--out", type=Path, required=True, help="folder for convergence.png")
    parser.add_argument("--preset", default="dslt", help="preset of DSLT (default: dslt)")
    parser.add_argument("--weights", help="of the backbone: a file or a name of the weights manifest")
    parser.add_argument("--sequences", type=count, default=8, help="how many, evenly chosen (default: 8)")
    parser.add_argument("--steps", type=count, default=100, help="of Adam (default: 100)")
    args = parser.parse_args(arguments)
    torch.set_num_threads(1)
    tracker = load(args.preset, weights=args.weights)
    if not isinstance(tracker, Dslt):
        parser.error(f"preset '{args.preset}' is not one of DSLT")
    found = read_folders(args.root)
    chosen = found[:: max(1, len(found) // args.sequences)][: args.sequences]
    curves = np.stack([measure(tracker, sequence, args.steps) for sequence in chosen])
    args.out.mkdir(parents=True, exist_ok=True)
    draw(curves, args.out / "convergence.png")
    print(f"median steps to {SHARE:.0%} of the start over {len(chosen)} sequences (at most {args.steps}):")
    print(f"{'loss':10s} " + " ".join(f"{name:>13s}" for name in MEASURES))
    for i, loss in enumerate(KINDS):
        medians = [np.median([first_below(c[i, k], SHARE) for c in curves]) for k in range(len(MEASURES))]
        print(f"{loss:10s} " + " ".join(f"{median:13.0f}" for median in medians))
    return 0


if __name__ == "__main__":
    sys.exit(main())
