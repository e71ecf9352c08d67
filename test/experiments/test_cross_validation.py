# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Choosing settings by cross-validation over sequences, against plain loops and by its command."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from tracker_ros.evaluation.results import Trajectory, write_run
from tracker_ros.experiments.cross_validation import choices, held_out, main

TRUTH = np.array([[20.0, 20, 20, 20]] * 4)


def test_no_fold_takes_part_in_its_own_choice() -> None:
    values = np.random.default_rng(0).random((3, 10))
    folds = np.array_split(np.arange(10), 4)
    chosen, counted = [], []
    for fold in folds:
        means = [np.mean([row[i] for i in range(10) if i not in fold]) for row in values]
        chosen.append(means.index(max(means)))
        counted += [values[chosen[-1], i] for i in fold]
    assert choices(values, folds) == chosen and len(set(chosen)) > 1
    np.testing.assert_array_equal(held_out(values, folds), counted)


def test_a_row_that_is_best_in_one_fold_only_is_not_chosen_for_it() -> None:
    values = np.array([[1.0, 0.1, 0.1], [0.5, 0.5, 0.5]])
    assert held_out(values, [np.array([i]) for i in range(3)]).tolist() == [0.5, 0.1, 0.1]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Three sequences, and results of a tracker that is right, one that is not, and one that lacks some."""
    for index, name in enumerate("abc"):
        folder = tmp_path / "data" / name
        folder.mkdir(parents=True)
        for frame in range(4):
            cv2.imwrite(str(folder / f"{frame:04d}.png"), np.zeros((64, 64, 3), np.uint8))
        np.savetxt(folder / "groundtruth.txt", TRUTH, delimiter=",")
        for tracker, shift in (("right", 0.0), ("off", 10.0), ("part", 0.0)):
            if tracker != "part" or index == 0:
                boxes = TRUTH + [shift, 0, 0, 0]
                write_run(
                    tmp_path / "results" / "ope" / tracker,
                    name,
                    Trajectory(boxes, np.full(4, 0.01), np.ones(4)),
                )
    return tmp_path


def run(data: Path, *more: str) -> int:
    return main(["--root", str(data / "data"), "--results", str(data / "results"), *more])


def test_the_table_tells_what_was_chosen_and_what_it_gave(data: Path, capsys: pytest.CaptureFixture) -> None:
    assert run(data, "--trackers", "right,off", "--folds", "3") == 0
    said = capsys.readouterr().out
    rows = {line.split("│")[1].strip(): line.split("│")[2:4] for line in said.splitlines() if "│" in line}
    # An overlap of 1 is above 20 of the 21 thresholds, one of a third above 7; the first frame is given.
    expected = [20 / 21, (20 + 3 * 7) / (4 * 21)]
    assert [float(rows[name][0]) for name in ("right", "off")] == pytest.approx(expected, abs=1e-3)
    assert rows["right"][1].strip() == "3 folds" and rows["off"][1].strip() == "0 folds"
    assert float(rows["chosen on the other folds"][0]) == pytest.approx(20 / 21, abs=1e-3)


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (
            ("--trackers", "right,off", "--folds", "4"),
            "--folds must be 2 to 3, the number of sequences; got 4",
        ),
        (("--trackers", "right"), "has results of 1 of the trackers; comparing takes two"),
        (("--folds", "2"), "'part' lacks 2 sequences, the first is b"),
    ],
)
def test_what_cannot_be_compared_is_told(
    data: Path, words: tuple[str, ...], reason: str, capsys: pytest.CaptureFixture
) -> None:
    assert run(data, *words) == 2
    assert reason in capsys.readouterr().err
