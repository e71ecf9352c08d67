# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The ablation command, from training to the table, on pictures of noise."""

from __future__ import annotations

import csv
from pathlib import Path

import cv2
import numpy as np
import pytest
from cf_helpers import clip

from tracker_ros.experiments.ablation_cf import ABLATIONS, main

RECIPE = """
module: siamfc.SiamFCTraining
data: [{kind: videos, gap: 5}]
pairs_per_epoch: 2
epochs: 1
batch_size: 2
optimizer: {name: sgd, lr: 1.0e-3, momentum: 0.9, weight_decay: 0.0}
schedule: {name: geometric, final_lr: 1.0e-5}
"""


@pytest.fixture
def sequences(tmp_path: Path) -> Path:
    """A folder with one sequence of four frames, in which the target moves by a third of its side."""
    folder = tmp_path / "data" / "square"
    (folder / "img").mkdir(parents=True)
    frames, boxes = clip(4, motion=(12.0, 0.0))
    for index, frame in enumerate(frames):
        cv2.imwrite(str(folder / "img" / f"{index:04d}.png"), frame.permute(1, 2, 0).numpy()[..., ::-1])
    corners = boxes.numpy() - np.concatenate((boxes[:, 2:] / 2, np.zeros((4, 2))), axis=1)
    np.savetxt(folder / "groundtruth.txt", corners, delimiter=",")
    return folder.parent


def success_area(boxes: np.ndarray, truth: np.ndarray) -> float:
    """OTB's success AUC of boxes [N, 4] (x, y, w, h): the mean over 21 thresholds of overlaps above them."""
    low = np.maximum(boxes[:, :2], truth[:, :2])
    high = np.minimum(boxes[:, :2] + boxes[:, 2:], truth[:, :2] + truth[:, 2:])
    shared = (high - low).clip(0).prod(1)
    overlap = shared / (boxes[:, 2:].prod(1) + truth[:, 2:].prod(1) - shared)
    overlap[0] = 1.0
    return float(np.mean([(overlap > threshold).mean() for threshold in np.linspace(0, 1, 21)]))


@pytest.mark.parametrize("paper", sorted(ABLATIONS))
def test_every_row_is_trained_evaluated_and_kept(
    paper: str, sequences: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "recipe.yaml").write_text(RECIPE)
    words = [
        paper,
        "--recipe",
        str(tmp_path / "recipe.yaml"),
        "--data",
        f"videos={sequences}",
        "--root",
        str(sequences),
        "--out",
        str(tmp_path / "out"),
        "--width",
        "0.05",
        "--accelerator",
        "cpu",
        "--csv",
        str(tmp_path / "table.csv"),
    ]
    assert main(words) == 0
    with (tmp_path / "table.csv").open() as file:
        rows = {row["tracker"]: row for row in csv.DictReader(file)}
    assert set(rows) == {variant.label for variant in ABLATIONS[paper]}
    truth = np.loadtxt(sequences / "square" / "groundtruth.txt", delimiter=",")
    for label, row in rows.items():
        # The row is what the boxes on the disk score, and they are a tracker's: they moved.
        [saved] = (tmp_path / "out" / "results" / label).rglob("square.txt")
        boxes = np.loadtxt(saved, delimiter=",")
        assert float(row["AUC"]) == pytest.approx(success_area(boxes, truth), abs=1e-4)
        assert np.abs(boxes[1:, :2] - boxes[0, :2]).max() > 1
    trained = sorted((tmp_path / "out" / "training").glob("*/parameters.safetensors"))
    assert len(trained) == len({variant.training for variant in ABLATIONS[paper]})
    before = [path.stat().st_mtime_ns for path in trained]
    assert main(words) == 0
    assert [path.stat().st_mtime_ns for path in trained] == before, "trained again"
    capsys.readouterr()
    for more in (["--seed", "5"], ["--width", "0.1"]):
        assert main([*words, *more]) == 2
        assert "holds a training with other data, recipe or width" in capsys.readouterr().err


def test_missing_data_are_explained(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["edcf", "--root", str(tmp_path), "--out", str(tmp_path)]) == 2
    assert "no sequences under" in capsys.readouterr().err
