# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The ranking of frames by measures of confidence."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from eval_helpers import made_sequence

from tracker_ros.experiments.confidence import MEASURES, areas, observe, roc_area, second_peak
from tracker_ros.trackers import load


def test_roc_area_counts_pairs() -> None:
    rng = np.random.default_rng(0)
    good, bad = rng.integers(0, 9, 40).astype(float), rng.integers(0, 7, 30).astype(float)
    pairs = [1.0 if g > b else 0.5 if g == b else 0.0 for g in good for b in bad]
    assert roc_area(good, bad) == pytest.approx(np.mean(pairs))


def test_second_peak_by_hand() -> None:
    response = torch.zeros(20, 30)
    # 1.9 lies beside the peak, round the edge.
    response[1, 1], response[19, 29], response[10, 15] = 2.0, 1.9, 1.0
    assert second_peak(response) == pytest.approx(0.5)


def test_measures_of_a_run() -> None:
    overlaps, measured = observe(load("dcf"), made_sequence("a", 8, 0))
    assert overlaps.shape == (7,) and measured.shape == (7, len(MEASURES))
    assert np.isfinite(measured).all() and (measured[:, 6] <= measured[:, [0, 5]].min(axis=1)).all()


def test_areas_leave_out_sequences_with_one_side_only() -> None:
    values = np.arange(20.0)[:, None].repeat(len(MEASURES), 1)
    mixed = np.where(np.arange(20) < 10, 0.0, 0.9)
    (pooled, mean), *_ = areas([(mixed, values), (np.full(20, 0.9), values)])
    assert mean == 1.0 and 0.5 < pooled < 1.0
