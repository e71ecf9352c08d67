# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""A tracker's runs on one sequence: those that it finished, or those of a tracker that fails at once."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tracker_ros.data.sequence import Sequence
from tracker_ros.evaluation import vot
from tracker_ros.evaluation.absence_protocol import AbsenceProtocol
from tracker_ros.evaluation.identity import require_same_data
from tracker_ros.evaluation.pace import unpaced
from tracker_ros.evaluation.protocols import EvaluationProtocol, Plan
from tracker_ros.evaluation.results import Trajectory, crashed, read_result
from tracker_ros.evaluation.vot_protocols import ResetBased
from tracker_ros.session import State

Runs = list[tuple[Plan, Trajectory]]


def load_runs(folder: Path, sequence: Sequence, protocol: EvaluationProtocol) -> Runs:
    """Return the finished runs on one sequence; none unless all but later repetitions are there.

    Raises:
        DataError: when they are of another sequence of that name, or a file cannot be read.
    """
    require_same_data(folder, sequence)
    runs: Runs = []
    for plan in protocol.plans(sequence):
        run = read_result(folder, plan.name, len(plan.order))
        if run is not None:
            runs.append((plan, run))
        elif plan.repetition == 1:
            return []
    return runs


def was_tried(folder: Path, sequence: Sequence, protocol: EvaluationProtocol) -> bool:
    """Return whether a tracker finished the runs on a sequence, or crashed in one."""
    noted = any(crashed(folder, plan.name) for plan in protocol.plans(sequence))
    return noted or bool(load_runs(folder, sequence, protocol))


def failed_runs(sequence: Sequence, protocol: EvaluationProtocol) -> Runs:
    """Return the runs of a tracker that answers nothing from the second frame on."""
    runs = []
    for plan in protocol.plans(sequence):
        count = len(plan.order)
        boxes, unknown, codes = np.full((count, 4), np.nan), np.full(count, np.nan), None
        boxes[0] = plan.box
        inner = unpaced(protocol)
        if isinstance(inner, ResetBased):
            # Started, failed in the next frame, and started again so many frames later.
            place = np.arange(count) % (1 + inner.skip)
            codes = np.select([place == 0, place == 1], [vot.STARTED, vot.FAILED], vot.UNKNOWN).astype(
                np.int8
            )
        says = np.tile((int(State.LOST), 1), (count, 1)) if isinstance(inner, AbsenceProtocol) else None
        runs.append((plan, Trajectory(boxes, unknown, np.zeros(count), codes, says)))
    return runs
