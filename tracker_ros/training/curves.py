# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Learning curves: what was noted during a training, as a table and as a picture."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from pathlib import Path

from tracker_ros.drawing.figures import save_figure
from tracker_ros.files import write_whole

#: (step, name, value)
Point = tuple[int, str, float]


def write_curves(points: list[Point], folder: Path) -> None:
    """Write curves.csv and, where matplotlib is installed, curves.png; whole files or none.

    Raises:
        tracker_ros.files.WriteError: naming the file that cannot be written.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(("step", "name", "value"))
    writer.writerows(points)
    write_whole(folder / "curves.csv", text.getvalue())
    try:
        from matplotlib.figure import Figure
    except ImportError:
        return
    lines: dict[str, list[tuple[int, float]]] = defaultdict(list)
    for step, name, value in points:
        lines[name].append((step, value))
    panels = sorted({_panel(name) for name in lines})
    figure = Figure(figsize=(8, 2.6 * len(panels) + 0.4), layout="constrained")
    for axes, panel in zip(figure.subplots(len(panels), squeeze=False)[:, 0], panels, strict=True):
        for name, line in sorted(lines.items()):
            if _panel(name) == panel:
                steps, values = zip(*line, strict=True)
                label = name.replace("auc", "AUC").replace("iou", "IoU")
                axes.plot(steps, values, marker="o" if len(line) < 40 else None, markersize=3, label=label)
        axes.set_xlabel("step")
        # Beside the curves, which may be anywhere inside.
        axes.legend(loc="upper left", bbox_to_anchor=(1, 1), fontsize=8, frameon=False)
        axes.grid(alpha=0.3)
    save_figure(figure, folder / "curves.png", dpi=110)


def _panel(name: str) -> str:
    """Assign panels: losses of training and validation share one; AUC and rate have their own."""
    return name if name in ("validation auc", "rate") else "losses"
