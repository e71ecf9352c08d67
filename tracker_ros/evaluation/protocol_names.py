# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Protocols by the name that the command line, folders and tables use."""

from __future__ import annotations

import re

from tracker_ros.data.sequence import DataError
from tracker_ros.evaluation.absence_protocol import AbsenceProtocol
from tracker_ros.evaluation.pace import LatencyAware, RealTime
from tracker_ros.evaluation.protocols import (
    EvaluationProtocol,
    OnePass,
    Repeated,
    SpatialRobustness,
    TemporalRobustness,
)
from tracker_ros.evaluation.vot import EAO_INTERVALS
from tracker_ros.evaluation.vot_protocols import AnchorBased, ResetBased

_FIRST_ANCHOR_BASED = 2020
_PATTERN = re.compile(
    r"(?P<base>ope|tre|sre|absence|got10k|vot(?P<year>\d{4}))(-(?P<pace>realtime|latency)(?P<fps>\d+))?"
)
HELP = (
    "ope, tre, sre (OTB), got10k, vot2015 to vot2019 (reset-based), vot2020 to vot2022 (anchor-based),"
    " absence (in a session, over targets that go out of sight);"
    " with -realtime30 the tracker misses frames while it is busy (VOT), with -latency30 it is also"
    " scored by the answer that is ready when a frame comes; 30 is the camera's rate"
)


def make_protocol(name: str, repetitions: int | None = None) -> EvaluationProtocol:
    """Return the protocol that a name means.

    Args:
        name: as in `HELP`.
        repetitions: of each run, in place of got10k's 3 and vot2015's to vot2019's 15.

    Raises:
        DataError: for an unknown name, with the known ones.
    """
    match = _PATTERN.fullmatch(name)
    if match is None or (match["year"] and int(match["year"]) not in EAO_INTERVALS):
        raise DataError(f"unknown protocol '{name}'; known: {HELP}")
    base = _base(match["base"], int(match["year"] or 0), repetitions)
    if match["pace"]:
        if int(match["fps"]) < 1:
            raise DataError(f"protocol '{name}': the camera's rate must be at least 1")
        return (RealTime if match["pace"] == "realtime" else LatencyAware)(base, int(match["fps"]))
    return base


def _base(name: str, year: int, repetitions: int | None) -> EvaluationProtocol:
    if year >= _FIRST_ANCHOR_BASED:
        return AnchorBased(year)
    if year:
        return ResetBased(year) if repetitions is None else ResetBased(year, repetitions)
    if name == "got10k":
        return Repeated() if repetitions is None else Repeated(repetitions=repetitions)
    return {"ope": OnePass, "tre": TemporalRobustness, "sre": SpatialRobustness, "absence": AbsenceProtocol}[
        name
    ]()
