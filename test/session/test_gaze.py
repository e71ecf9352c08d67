# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Where the tracker looks while its target is missed."""

from __future__ import annotations

import pytest
from session_helpers import BOX, Spot, frame, spot, tracking
from torch import Tensor

from tracker_ros.geometry import Box
from tracker_ros.session import Session, State
from tracker_ros.session.absence import Absence
from tracker_ros.session.identity import Looks


def piece(x: int) -> Tensor:
    """As `spot`, of which 4 x 6 px are in sight."""
    pixels = spot(None)
    pixels[:, 58:62, x - 3 : x + 3] = spot(x)[:, 58:62, x - 3 : x + 3]
    return pixels


def test_the_trackers_own_path_is_followed_though_too_little_is_seen_to_show_it() -> None:
    session = Session(Spot(), {"search_windows": 0, "coast_seconds": 1.0})
    session.select(spot(60), Box(60, 60, 20, 20), 0.0)
    for step in range(1, 5):
        session.step(spot(60), 0.05 * step)
    # It leaves its place and that of the prediction, in steps that the tracker can follow.
    hidden = [session.step(piece(60 + 12 * step), 0.2 + 0.05 * step) for step in range(1, 9)]
    assert all(report.state is State.COASTING and report.box == Box(60, 60, 20, 20) for report in hidden)
    report = session.step(spot(168), 0.65)
    assert report.state is State.COASTING and report.box is not None
    assert report.box.cx == pytest.approx(168, abs=1)


@pytest.mark.parametrize(("own", "rival", "proving", "elsewhere"), [
    (0.69, -1.0, False, False), (0.71, 0.6, False, True), (0.71, 0.62, False, False), (0.3, -1.0, True, True),
    (-1.0, -1.0, False, False)
])  # fmt: skip
def test_a_place_is_left_for_a_proof_or_for_what_looks_clearly_more_like_the_target(
    own: float, rival: float, proving: bool, elsewhere: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    session, there = tracking(), Box(50.0, 24.0, 10.0, 8.0)
    found = (there if own >= 0 else None, Looks(own, rival), proving)
    monkeypatch.setattr(session._recovery, "look_around", lambda *_: found)
    gaze = session._gaze
    gaze.looks = Looks(0.6, -1.0)
    gaze.seek(frame(), session._model, BOX, 0.9, Absence(5.0, BOX, False, BOX, False), lost=True)
    assert gaze._candidate == (there if elsewhere else BOX)
