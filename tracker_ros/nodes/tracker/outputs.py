# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""What the tracker node publishes for each processed frame."""

from __future__ import annotations

from rclpy.lifecycle import LifecycleNode
from std_msgs.msg import Header
from vision_msgs.msg import Detection2D, Detection2DArray

from tracker_ros.msg import ResponseMap, TrackState
from tracker_ros.ros import qos
from tracker_ros.ros.messages import box_message, detection, detections, response_map
from tracker_ros.session import Report


class Outputs:
    """The lifecycle publishers of one configuration, and the message that each report becomes."""

    def __init__(self, node: LifecycleNode):
        self._node = node
        self._target = node.create_lifecycle_publisher(Detection2D, "~/target", qos.RESULT)
        self._targets = node.create_lifecycle_publisher(Detection2DArray, "~/targets", qos.RESULT)
        self._state = node.create_lifecycle_publisher(TrackState, "~/state", qos.RESULT)
        self._response = node.create_lifecycle_publisher(ResponseMap, "~/response", qos.PICTURE)

    def publish_target(self, header: Header, report: Report) -> None:
        """Publish where the target is in the image with this header, or that there is none."""
        target = detection(header, report)
        if target is not None:
            self._target.publish(target)
        self._targets.publish(detections(header, target))
        if report.estimate is not None and self._response.get_subscription_count() > 0:
            self._response.publish(response_map(header, report.target_id, report.estimate))

    def publish_state(self, header: Header, report: Report, state: TrackState) -> None:
        """Publish `state`, which holds timing, counts and the tracker, filled with the report."""
        state.header, state.state, state.target_id = header, int(report.state), report.target_id
        state.verified, state.reacquired = report.verified, report.reacquired
        state.score, state.psr, state.apce = report.score, report.psr, report.apce
        state.bbox, state.message = box_message(report.box), report.message
        self._state.publish(state)

    def close(self) -> None:
        """Take the topics away."""
        for publisher in (self._target, self._targets, self._state, self._response):
            self._node.destroy_lifecycle_publisher(publisher)
