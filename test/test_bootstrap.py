# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The bootstrap's interval against that of a normal distribution."""

from __future__ import annotations

import numpy as np
import pytest

from tracker_ros.bootstrap import mean_interval


@pytest.mark.parametrize(("level", "quantile"), [(0.95, 1.96), (0.9, 1.645), (0.5, 0.674)])
def test_the_interval_is_that_of_a_normal_mean(level: float, quantile: float) -> None:
    values = np.random.default_rng(1).normal(0.5, 0.1, 400)
    low, high = mean_interval(values, level)
    half = quantile * values.std() / 20
    assert low == pytest.approx(values.mean() - half, abs=0.15 * half)
    assert high == pytest.approx(values.mean() + half, abs=0.15 * half)


def test_one_value_has_no_width() -> None:
    assert mean_interval([0.3], 0.95) == (0.3, 0.3)
