# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""A tracker of this package as it flies: inside the session that the nodes and replays use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from tracker_ros.data.sequence import Frame
from tracker_ros.evaluation.drivers import XYWH
from tracker_ros.export import optimized
from tracker_ros.geometry import Box
from tracker_ros.ops.frames import to_tensor
from tracker_ros.session import Session, State
from tracker_ros.trackers.base import Tracker

NOWHERE: XYWH = (float("nan"),) * 4


class SessionDriver:
    """Answers with the session's box, and with nan where it publishes none.

    The score is the tracker's while the session claims to see the target, and 0 while it predicts the
    box (COASTING) or has none.

    Args:
        tracker: with its weights.
        settings: of the session, by name.
        fps: frames a second; each frame that comes is so much later than the one before.
        device: torch device.
        scripted: compile the tracker to TorchScript first.
    """

    def __init__(
        self,
        tracker: Tracker,
        settings: Mapping[str, Any],
        fps: float,
        device: str = "cpu",
        scripted: bool = False,
    ) -> None:
        tracker = tracker.to(device).eval()
        self._tracker = optimized(tracker) if scripted else tracker
        self._settings, self._fps, self._device = dict(settings), fps, torch.device(device)
        self._session = Session(self._tracker, self._settings)
        self._frames = 0
        self._ids: list[str] = []

    def _tensor(self, frame: Frame) -> Tensor:
        return to_tensor(frame, device=self._device)

    def start(self, frame: Frame, box: XYWH) -> None:
        """Select the target in a new session."""
        self._session = Session(self._tracker, self._settings)
        self._frames = 0
        self._ids = [self._session.select(self._tensor(frame), Box.from_xywh(*box), 0.0)]

    def track(self, frame: Frame) -> tuple[XYWH, float]:
        """Step the session; a box of size 0 where it says that there is no target."""
        self._frames += 1
        report = self._session.step(self._tensor(frame), self._frames / self._fps)
        if report.state is State.ERROR:
            raise RuntimeError(report.message)
        if report.target_id not in self._ids:
            self._ids.append(report.target_id)
        seen = report.state in (State.ACQUIRING, State.TRACKING)
        return NOWHERE if report.box is None else report.box.to_xywh(), report.score if seen else 0.0

    def said(self) -> tuple[int, int]:
        """Return the session's state after the last frame, and how many ids it has used."""
        return int(self._session.state), len(self._ids)
