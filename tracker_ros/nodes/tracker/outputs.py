# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Topics that the tracker node publishes for each processed frame."""

from __future__ import annotations

from typing import Any

from geometry_msgs.msg import Vector3Stamped
from rclpy.lifecycle import LifecycleNode
from rclpy.qos import QoSProfile
from std_msgs.msg import Header
from vision_msgs.msg import Detection2D, Detection2DArray, Detection3D

from tracker_ros.msg import ResponseMap, TrackState
from tracker_ros.nodes.tracker.location import Location, LocationSettings
from tracker_ros.ros import endpoints, qos
from tracker_ros.ros.reports import detection, detections, response_map
from tracker_ros.session import Report


class Outputs:
    """The lifecycle publishers of one configuration, and the message that each report becomes.

    Raises:
        ParameterError: as `Location` does.
    """

    def __init__(self, node: LifecycleNode, settings: LocationSettings):
        self._node = node
        self._publishers: list[Any] = []
        try:
            self._target = self._offer(Detection2D, "~/target")
            self._targets = self._offer(Detection2DArray, "~/targets")
            self._state = self._offer(TrackState, "~/state")
            self._states = self._offer(TrackState, "~/states")
            self._response = self._offer(ResponseMap, "~/response", qos.PICTURE)
            bearing, place = self._offer(Vector3Stamped, "~/bearing"), self._offer(Detection3D, "~/target3d")
            self.location = Location(node, settings, bearing, place)
        except Exception:  # the node can be configured again, and would offer them twice
            self._withdraw()
            raise

    def _offer(self, kind: Any, topic: str, profile: QoSProfile = qos.RESULT) -> Any:
        self._publishers.append(endpoints.lifecycle_publisher(self._node, kind, topic, profile))
        return self._publishers[-1]

    def publish_target(self, header: Header, report: Report, size: tuple[int, int]) -> str:
        """Publish where the primary target is in the image with this header and size.

        Returns:
            Why there is no bearing or no place, as `Location.publish` does.
        """
        target = detection(header, report)
        if target is not None:
            self._target.publish(target)
        if report.estimate is not None and self._response.get_subscription_count() > 0:
            self._response.publish(response_map(header, report.target_id, report.estimate))
        return self.location.publish(header, report, size)

    def publish_list(self, header: Header, reports: list[Report]) -> None:
        """Publish all targets of an image, or that there is none."""
        self._targets.publish(detections(header, reports))

    def publish_state(self, state: TrackState) -> None:
        """Publish the state of the primary target."""
        self._state.publish(state)

    def publish_one_of_all(self, state: TrackState) -> None:
        """Publish the state of any target to who listens to all of them."""
        if self._states.get_subscription_count() > 0:
            self._states.publish(state)

    def close(self) -> None:
        """Remove the topics."""
        self.location.close()
        self._withdraw()

    def _withdraw(self) -> None:
        for publisher in self._publishers:
            self._node.destroy_lifecycle_publisher(publisher)
