# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Boxes held against a truth or an earlier result: by hand, and where there is nothing to compare."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("rosbags", reason="rosbags is not installed")

from replay_helpers import START, STEP, flight, record, replay  # noqa: E402

from tracker_ros.geometry import Box  # noqa: E402
from tracker_ros.replay.run import against_truth, agreement  # noqa: E402


def test_a_truth_of_no_image_is_no_success(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A topic with stamps of its own, or one on which the target is never shown: nothing is compared."""
    shots, stamps = flight(4), [START + index * STEP for index in range(4)]
    apart = record(tmp_path / "apart", shots, stamps, late=5_000_000)
    absent = record(tmp_path / "absent", [shot._replace(box=None) for shot in shots], stamps)
    absent = absent._replace(shots=shots)
    for made, words in (
        (
            apart,
            "none of the 4 boxes of the truth /truth has the stamp of an image that was looked at: give each",
        ),
        (absent, "the truth /truth shows the target in none of its 4 entries"),
    ):
        limits = ("--truth", "/truth", "--min-truth-iou", 0.7, "--out", tmp_path / "result")
        assert replay(made, *limits) == 2
        shown = capsys.readouterr().err
        assert words in shown and shown.count("\n") == 1
        assert not (tmp_path / "result").exists()


def test_the_result_of_another_bag_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, start in (("one", START), ("other", START + 10**12)):
        made = record(tmp_path / name, flight(4), [start + index * STEP for index in range(4)])
        assert replay(made, "--out", tmp_path / f"of {name}") == 0
    assert replay(made, "--expect", tmp_path / "of one", "--min-iou", 0) == 2
    assert "of one has results of 4 images, none with the stamp of one of the 4" in capsys.readouterr().err


def test_agreement_by_hand() -> None:
    box = Box(10, 10, 4, 4)
    half = box._replace(cx=12.0)  # IoU 1/3
    found = {1: box, 2: half, 3: None, 4: None, 5: box}
    expected = {1: box, 2: box, 3: None, 4: box}
    result = agreement(found, expected)
    assert (result.compared, result.lowest, result.worst) == (5, 0.0, 4)
    assert result.mean == pytest.approx((1 + 1 / 3 + 1 + 0 + 0) / 5)
    truth = against_truth(found, {**expected, 9: box}, "/truth")
    assert truth.compared == 3 and truth.mean == pytest.approx((1 + 1 / 3 + 0) / 3)
