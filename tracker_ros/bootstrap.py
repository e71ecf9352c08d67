# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The bootstrap: how sure a mean is."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

RESAMPLES = 2000


def mean_interval(values: npt.ArrayLike, level: float, seed: int = 0) -> tuple[float, float]:
    """Return the bounds of the middle `level` of the means of resampled values (percentile bootstrap).

    Args:
        values: [N], of runs or sequences that do not depend on each other.
        level: share of the means between the bounds, such as .95.
    """
    given = np.asarray(values, dtype=np.float64)
    rng = np.random.default_rng(seed)
    means = given[rng.integers(len(given), size=(RESAMPLES, len(given)))].mean(1)
    low, high = np.quantile(means, ((1 - level) / 2, (1 + level) / 2))
    return float(low), float(high)
