# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The absence protocol: one pass with a session over sequences whose target goes out of sight."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

import numpy as np

from tracker_ros.data.sequence import Frame, Sequence
from tracker_ros.evaluation.drivers import XYWH, Driver
from tracker_ros.evaluation.protocols import Plan, as_xywh, follow
from tracker_ros.evaluation.results import Trajectory
from tracker_ros.evaluation.session_driver import SessionDriver
from tracker_ros.session import State

ALONE = (int(State.TRACKING), 1)
"""The state reported for a tracker without a session, in every frame."""


class _Noted:
    """A driver, and what it said about each frame."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self.says: list[tuple[int, int]] = []

    def _note(self) -> None:
        self.says.append(self._driver.said() if isinstance(self._driver, SessionDriver) else ALONE)

    def start(self, frame: Frame, box: XYWH) -> None:
        self._driver.start(frame, box)
        self._note()

    def track(self, frame: Frame) -> tuple[XYWH, float]:
        found = self._driver.track(frame)
        self._note()
        return found


@dataclasses.dataclass(frozen=True)
class AbsenceProtocol:
    """Given the first true box, track to the end, and note state and id of every frame."""

    name: str = "absence"

    def plans(self, sequence: Sequence) -> list[Plan]:
        """Plan one run over the whole sequence."""
        return [Plan(sequence.name, range(len(sequence)), as_xywh(sequence.truth[0]))]

    def drive(self, driver: Driver, frames: Iterable[Frame], plan: Plan, sequence: Sequence) -> Trajectory:
        """Run the session over the frames and note what it says of each."""
        noted = _Noted(driver)
        run = follow(noted, frames, plan.box)
        return dataclasses.replace(run, says=np.array(noted.says, dtype=np.int64))
