# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The fit that makes a score a probability."""

from __future__ import annotations

import numpy as np
import pytest
import yaml
from eval_helpers import made_sequence

from tracker_ros.experiments.calibration import (
    Run,
    calibration_error,
    fit,
    fit_runs,
    left_out,
    longest,
    observe,
    preset_line,
    probability,
)
from tracker_ros.session.states import SessionSettings
from tracker_ros.trackers import load, make_settings

TRUE = np.array([-3.0, 4.0, 1.0, 2.0])


def drawn(count: int, seed: int, group: str = "a") -> Run:
    """Evidence, and outcomes drawn with the probabilities of `TRUE`."""
    rng = np.random.default_rng(seed)
    evidence = rng.uniform(-1, 1, (count, 3))
    return Run(group, evidence, rng.random(count) < probability(TRUE, evidence))


def test_the_fit_finds_what_the_outcomes_were_drawn_with() -> None:
    run = drawn(20000, 0)
    found = fit(run.evidence, run.right.astype(float))
    np.testing.assert_allclose(found, TRUE, atol=0.15)
    slope = np.column_stack((np.ones(len(run.right)), run.evidence)).T @ (
        run.right - probability(found, run.evidence)
    )
    np.testing.assert_allclose(slope, 1e-2 * np.array([0, *found[1:]]), atol=1e-6)


def test_calibration_error_by_hand() -> None:
    said = np.array([0.05, 0.05, 0.95, 0.95, 1.0])
    right = np.array([False, True, True, True, False])
    # Two frames at .05, half right; three at .967 on average, two of them right.
    assert calibration_error(said, right) == pytest.approx((abs(0.1 - 1) + abs(2.9 - 2)) / 5)
    assert calibration_error(np.array([0.0, 1.0]), np.array([False, True])) == 0.0


def test_what_is_said_of_a_group_comes_from_the_others() -> None:
    runs = [drawn(3000, seed, group) for seed, group in enumerate("aab")]
    said, right = left_out(runs)
    assert len(said) == 9000 and calibration_error(said, right) < 0.03
    alone = probability(fit_runs(runs[:2]), runs[2].evidence)
    np.testing.assert_array_equal(said[6000:], alone)


def test_the_line_is_what_a_preset_takes() -> None:
    line = yaml.safe_load(preset_line(np.array([-4.312, 1.5, 2.0, 6.25])))
    settings = make_settings(SessionSettings, line["session"], "session")
    assert settings.calibration_bias == -4.31 and settings.calibration_looks == 6.25


def test_a_run_is_observed_with_the_session_s_evidence() -> None:
    run = observe(load("dcf"), made_sequence("a", 8, 0), "g")
    assert run.group == "g" and run.evidence.shape == (7, 3) and run.right.dtype == bool
    assert np.isfinite(run.evidence).all()


def test_the_longest_row_of_boxes() -> None:
    assert longest(np.array([1, 0, 1, 1, 1, 0, 1, 1], bool)) == range(2, 5)
    assert longest(np.zeros(3, bool)) == range(0)
