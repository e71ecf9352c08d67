# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Reports of a session to messages, and detections from them. Needs generated messages, but not rclpy."""

from __future__ import annotations

import array

import numpy as np
from std_msgs.msg import Header
from torch import Tensor
from vision_msgs.msg import Detection2D, Detection2DArray, ObjectHypothesisWithPose

from tracker_ros.geometry import Box
from tracker_ros.msg import NamedValues, ResponseMap, TrackState
from tracker_ros.ros.messages import box_message, box_of
from tracker_ros.session import Report
from tracker_ros.session.detections import Detected
from tracker_ros.trackers.base import Estimate

WEIGHTS_PREFIX = "weights"


def detected(message: Detection2DArray) -> list[Detected]:
    """Read the detections of another program, each with its best hypothesis.

    Those without one are left out.
    """
    found = []
    for item in message.detections:
        best = max((r.hypothesis for r in item.results), key=lambda h: h.score, default=None)
        if best is not None:
            found.append(Detected(box_of(item.bbox), best.class_id, best.score))
    return found


def detection(header: Header, report: Report) -> Detection2D | None:
    """Return the target of a report with the image's header verbatim; None where there is no target."""
    if report.box is None:
        return None
    message = Detection2D(header=header, bbox=box_message(report.box), id=report.target_id)
    result = ObjectHypothesisWithPose()
    result.hypothesis.class_id = report.label
    result.hypothesis.score = report.score
    message.results.append(result)
    return message


def detections(header: Header, reports: list[Report]) -> Detection2DArray:
    """Return the targets of an image; those that are gone are not in the list."""
    found = (detection(header, report) for report in reports)
    return Detection2DArray(header=header, detections=[target for target in found if target is not None])


def state_message(header: Header, report: Report) -> TrackState:
    """Return the state of a target; timing, counts and the tracker are left to the caller."""
    return TrackState(
        header=header,
        state=int(report.state),
        target_id=report.target_id,
        verified=report.verified,
        reacquired=report.reacquired,
        score=report.score,
        psr=report.psr,
        apce=report.apce,
        bbox=box_message(report.box),
        message=report.message,
    )


def response_map(header: Header, target_id: str, estimate: Estimate) -> ResponseMap:
    """Return the response map behind an estimate, and the channel weights that the tracker shows.

    Those are the 1-d tensors of ``estimate.aux`` whose names begin with `WEIGHTS_PREFIX`.
    """
    height, width = estimate.response.shape
    message = ResponseMap(header=header, target_id=target_id, height=height, width=width)
    message.data = _floats(estimate.response)
    message.window = box_message(Box(*estimate.window.tolist()))
    for name, values in sorted(estimate.aux.items()):
        if name.startswith(WEIGHTS_PREFIX) and values.dim() == 1:
            message.weights.append(NamedValues(name=name, values=_floats(values)))
    return message


def _floats(values: Tensor) -> array.array[float]:
    return array.array("f", values.cpu().numpy().astype(np.float32).tobytes())
