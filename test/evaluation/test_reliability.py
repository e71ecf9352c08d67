# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Scores as probabilities: counted by hand, and calibrated on other sequences."""

from __future__ import annotations

import numpy as np
import pytest
from eval_helpers import made_sequence

from tracker_ros.evaluation.protocols import OnePass
from tracker_ros.evaluation.reliability import left_out_error, log_odds, reliability_rows
from tracker_ros.evaluation.results import Trajectory
from tracker_ros.evaluation.scores import CurveScores


def test_log_odds_are_the_logit_and_never_infinite() -> None:
    odds = log_odds(np.array([0.2, 0.5, 1.0, 0.0]))[:, 0]
    assert odds[:2] == pytest.approx([np.log(0.25), 0.0])
    assert [odds[2], -odds[3]] == pytest.approx([np.log(0.9999 / 0.0001)] * 2)


def test_what_a_sequence_needs_is_learned_from_the_others() -> None:
    """Odds of the truth are the third power of those that are said: all but the scale is right."""
    rng = np.random.default_rng(0)
    parts = {}
    for name in "abc":
        odds = rng.normal(0.5, 1.0, 4000)
        said = 1 / (1 + np.exp(-odds))
        parts[name] = said, rng.random(4000) < 1 / (1 + np.exp(-3 * odds))
    assert left_out_error(parts) < 0.02
    # One that is the other way round is not known from the others, and spoils them.
    parts["b"] = parts["b"][0], ~parts["b"][1]
    assert left_out_error(parts) > 0.1
    assert np.isnan(left_out_error({"a": parts["a"]}))


def test_the_table_counts_frames_in_which_the_target_is_said_to_be_seen() -> None:
    sequence = made_sequence("a", 6, 0)
    boxes = sequence.truth.copy()
    boxes[3:, 0] += 500.0
    # The first frame and the last, whose box is a prediction, do not count: two of .8 right, two of .2 wrong.
    run = Trajectory(boxes, np.zeros(6), np.array([1.0, 0.8, 0.8, 0.2, 0.2, 0.0]))
    (plan,) = OnePass().plans(sequence)
    scores = CurveScores("t", {"a": [(plan, run)]}, {})
    same = CurveScores("same", {"a": [(plan, Trajectory(boxes, np.zeros(6), np.ones(6)))]}, {})
    (row,) = reliability_rows([scores, same], [sequence])
    assert row["tracker"] == "t" and row["frames"] == "4"
    assert row["ECE"] == pytest.approx(0.2)
    assert [row[name] for name in (".0-.3", ".3-.6", ".6-.9", ".9-1")] == [
        "0.20 / 0.00",
        "-",
        "0.80 / 1.00",
        "-",
    ]
