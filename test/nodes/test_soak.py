# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Seconds of the soak that `scripts/soak.sh` runs for half an hour."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="rclpy is not installed")

from soak import GROWTH, NODES, Figures, soak  # noqa: E402


@pytest.mark.ros
def test_a_fast_camera_into_a_slow_tracker_gives_young_results_in_flat_memory(tmp_path: Path) -> None:
    figures = soak(tmp_path, 5.0, size=(320, 240), clip_seconds=2.0)
    # On a machine with other things to do a frame takes longer than asked for: the measured time counts.
    assert figures.age(50) < 2 * max(figures.seconds / len(figures.ages), figures.frame_seconds)
    assert figures.dropped > len(figures.ages) > 5
    before, after = figures.memory()
    assert (after - before < GROWTH).all(), figures.lines()


def test_what_a_soak_finds_wrong() -> None:
    flat = [(100 << 20,) * 3] * 20
    grown = [*flat[:10], *[(100 << 20, 109 << 20, 100 << 20)] * 10]
    good = Figures(0.1, 20.0, [0.15] * 200, 1200, 1000, flat)
    assert good.problems() == [] and "60.0 Hz" in good.lines()[0]
    old = Figures(0.1, 20.0, [*[0.15] * 190, *np.full(10, 0.25)], 1200, 1000, grown)
    assert old.problems() == [
        "age 250 ms (p99) reaches two frame times of the tracker, 200 ms",
        f"{NODES[1]} grew by 9.0 MiB",
    ]
