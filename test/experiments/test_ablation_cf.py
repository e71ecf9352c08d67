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
pairs: 2
epochs: 1
batch: 2
optimizer: {name: sgd, rate: 1.0e-3, momentum: 0.9, decay: 0.0}
schedule: {name: geometric, last: 1.0e-5}
"""


@pytest.fixture
def sequences(tmp_path: Path) -> Path:
    """A folder with one sequence of three frames."""
    folder = tmp_path / "data" / "square"
    (folder / "img").mkdir(parents=True)
    frames, boxes = clip(3)
    for index, frame in enumerate(frames):
        cv2.imwrite(str(folder / "img" / f"{index:04d}.png"), frame.permute(1, 2, 0).numpy()[..., ::-1])
    corners = boxes.numpy() - np.concatenate((boxes[:, 2:] / 2, np.zeros((3, 2))), axis=1)
    np.savetxt(folder / "groundtruth.txt", corners, delimiter=",")
    return folder.parent


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
    assert all(float(row["AUC"]) > 0 for row in rows.values())
    trained = sorted((tmp_path / "out" / "training").glob("*/parameters.safetensors"))
    assert len(trained) == len({variant.training for variant in ABLATIONS[paper]})
    before = [path.stat().st_mtime_ns for path in trained]
    assert main(words) == 0
    assert [path.stat().st_mtime_ns for path in trained] == before, "trained again"


def test_missing_data_are_explained(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["edcf", "--root", str(tmp_path), "--out", str(tmp_path)]) == 2
    assert "no sequences under" in capsys.readouterr().err
