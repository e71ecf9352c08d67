# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The classification losses as curves over p_t (Lu et al., figure 6).

    python -m tracker_ros.experiments.loss_curves --out figure6.png

Left, the modulating factors of eq. 12 for several a and c; right, cross entropy, focal and shrinkage
loss, the latter with and without its exp factor.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import torch
from torch import Tensor

from tracker_ros.drawing.figures import save_figure
from tracker_ros.losses.classification import (
    ClassificationLoss,
    make_loss,
    margin_loss,
    modulating_factor,
)

FACTORS = {
    f"a = {a:g}, c = {c:g}": ClassificationLoss("shrinkage", a, c, exponential=False)
    for a, c in ((10.0, 0.6), (6.0, 0.6), (10.0, 0.2), (6.0, 0.2))
}
LOSSES = {
    "BCE": make_loss("bce"),
    "focal, gamma = 2": make_loss("focal"),
    "shrinkage": ClassificationLoss("shrinkage", exponential=False),
    "shrinkage with exp": make_loss("shrinkage"),
}


def curves(points: int = 199) -> tuple[Tensor, dict[str, Tensor], dict[str, Tensor]]:
    """Return p_t [points] inside (0, 1), and the factors and losses over it by their names in the legend."""
    p_t = (torch.arange(points, dtype=torch.float64) + 1) / (points + 1)
    factors = {name: modulating_factor(p_t, loss) for name, loss in FACTORS.items()}
    losses = {name: margin_loss(torch.logit(p_t), loss) for name, loss in LOSSES.items()}
    return p_t, factors, losses


def draw(path: Path) -> None:
    """Draw both panels in the format that the file's name says."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    p_t, factors, losses = curves()
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4))
    for axes, lines, label in ((left, factors, "modulating factor"), (right, losses, "loss")):
        for name, values in lines.items():
            axes.plot(p_t, values, label=name)
        axes.set(xlabel="probability of the true class, $p_t$", ylabel=label, xlim=(0, 1))
        axes.legend()
    right.set_ylim(0, 4)
    figure.tight_layout()
    save_figure(figure, path, dpi=110)
    plt.close(figure)


def main(arguments: list[str] | None = None) -> int:
    """Draw the figure; returns the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, help="file to write, .png, .svg or .pdf")
    args = parser.parse_args(arguments)
    if not args.out.parent.is_dir():
        parser.error(f"folder {args.out.parent} does not exist")
    draw(args.out)
    print(args.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
