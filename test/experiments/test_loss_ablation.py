# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The ablation of table 3, from photographs to the printed table, in miniature."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from tracker_ros.experiments import loss_ablation
from tracker_ros.trackers import resolve
from tracker_ros.weights import WeightsError


def test_rows_are_those_of_the_paper() -> None:
    labels = [row.label for row in loss_ablation.ROWS]
    assert len(labels) == len(set(labels)) == 13
    best = max(loss_ablation.ROWS[1:], key=lambda row: row.auc)
    assert best.label == "a=10, c=0.6" and (best.loss.a, best.loss.c) == (10.0, 0.6)
    assert [row.loss.kind for row in loss_ablation.ROWS].count("focal") == 6
    assert max(loss_ablation.REGRESSION_ROWS[1:], key=lambda row: row.auc).label == "a=10, c=0.2"
    for row in loss_ablation.REGRESSION_ROWS:
        resolve("dslt_mobile", row.loss)


def test_trains_evaluates_and_prints_every_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rng = np.random.default_rng(0)
    sequence = tmp_path / "sequences" / "square" / "img"
    sequence.mkdir(parents=True)
    photos = tmp_path / "photos"
    photos.mkdir()
    for index in range(4):
        image = cv2.resize(rng.integers(0, 256, (20, 30, 3), np.uint8), (240, 160))
        cv2.imwrite(str(photos / f"{index}.jpg"), image)
        (photos / f"{index}.txt").write_text("0 0.5 0.5 0.3 0.3\n")
        cv2.imwrite(str(sequence / f"{index}.jpg"), image)
    (sequence.parent / "groundtruth.txt").write_text("100,60,40,40\n" * 4)
    monkeypatch.setattr(loss_ablation, "ROWS", (loss_ablation.ROWS[3], loss_ablation.ROWS[12]))
    monkeypatch.setattr(loss_ablation, "REGRESSION_ROWS", loss_ablation.REGRESSION_ROWS[:1])
    words = [
        "--data",
        f"labelled={photos}",
        "--root",
        str(sequence.parent.parent),
        "--out",
        str(tmp_path / "out"),
        "--accelerator",
        "cpu",
        "--correlation",
        "depthwise",
    ]
    small = ["--epochs", "1", "--pairs", "2", "--batch", "2", "--width", "0.05"]
    assert loss_ablation.main([*words, *small]) == 0
    printed = capsys.readouterr().out
    assert "a=10, c=0.6" in printed and "82.7" in printed and "alpha=1, gamma=2" in printed
    assert "DSLT" in printed and "L2" in printed


def test_a_diverged_row_is_marked_and_the_others_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def classify(row: loss_ablation.Row, *others: object) -> SimpleNamespace:
        if row.label == "bce":
            raise FloatingPointError("the loss became nan at step 3")
        if row.label == "only exp(p_t)":
            raise WeightsError("the disk is full")
        return SimpleNamespace(columns=lambda names: {"AUC": 0.5, "P@20": 0.25})

    monkeypatch.setattr(loss_ablation, "classify", classify)
    monkeypatch.setattr(loss_ablation, "read_data", lambda args: [SimpleNamespace(name="square")])
    words = [
        "--part",
        "classification",
        "--data",
        f"labelled={tmp_path}",
        "--root",
        str(tmp_path),
        "--out",
        str(tmp_path),
    ]
    assert loss_ablation.main(words) == 2
    printed = capsys.readouterr()
    assert "diverged" in printed.out and "25.0" in printed.out and "50.0" in printed.out
    assert "the disk is full" in printed.err


def test_unusable_requests_are_explained(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--data", f"labelled={tmp_path / 'absent'}", "--root", str(tmp_path), "--out", str(tmp_path)]
    assert loss_ablation.main(words) == 2
    assert "no sequences under" in capsys.readouterr().err
