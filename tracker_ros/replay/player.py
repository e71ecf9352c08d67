# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The command line of `ros2 bag play` for a flight that the nodes are to see again."""

from __future__ import annotations

from pathlib import Path

CLOCK_HZ = 100


def play_command(bag: str, rate: str = "1.0", loop: bool = False, paused: bool = False) -> list[str]:
    """Play a bag with its time on ``/clock``, without what nodes published when it was recorded.

    Args:
        bag: folder of the bag, or its file.
        rate: times faster than it was recorded.
        loop: start over at the end; stamps then jump back, and the tracker says LOST for a moment.
        paused: wait for the player's service ``~/resume``, or the space bar.

    Raises:
        ValueError: for a bag that is not there, or a rate that is not positive.
    """
    if not Path(bag).exists():
        raise ValueError(f"there is no bag {bag}: give bag:=FOLDER")
    if not 0 < float(rate) < float("inf"):
        raise ValueError(f"rate must be positive, got {rate}")
    command = ["ros2", "bag", "play", bag, "--clock", str(CLOCK_HZ), "--rate", rate]
    return command + ["--loop"] * loop + ["--start-paused"] * paused
