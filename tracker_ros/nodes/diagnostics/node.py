# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The diagnostics node: the tracker's health on /diagnostics, and pictures for whoever looks.

It watches topics and the graph only, so it may run on another machine. Images are received, drawn and
sent only while somebody subscribes to the result.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from lifecycle_msgs.srv import GetState
from rclpy.node import Node
from rclpy.subscription import Subscription
from rclpy.utilities import get_rmw_implementation_identifier
from sensor_msgs.msg import Image

from tracker_ros.msg import ResponseMap, TrackState
from tracker_ros.ros import endpoints, health, qos
from tracker_ros.ros.annotations import find_annotation_types, image_annotations
from tracker_ros.ros.camera import subscribe_to_images
from tracker_ros.ros.compat import image_topic, run_program, steady_clock
from tracker_ros.ros.graph import duplicates, elsewhere, managers, mismatches
from tracker_ros.ros.images import ImageError, fill_image, to_picture
from tracker_ros.ros.live import AT_START, LiveParameters, retime
from tracker_ros.ros.memory import device_memory, shared_memory
from tracker_ros.ros.overlay import draw_response, draw_state
from tracker_ros.ros.parameters import declare, resolved_name
from tracker_ros.ros.services import Service

TRANSPORTS = ("raw", "compressed")
TIMEOUT = 2.0
"""Seconds within which a live tracker node says its lifecycle state."""
WAITING_IMAGES = 30
"""Images that wait for the tracker's word on them; it may be as many frames behind."""


class DiagnosticsNode(Node):
    """Watches one tracker node."""

    def __init__(self) -> None:
        super().__init__("tracker_diagnostics")
        self._declare()
        self._tracker = resolved_name(self, "tracker_node", self._value("tracker_node"))
        self._health = health.Health(self._limits())
        self._lifecycle = ""
        self._asked: Future[Any] | None = None
        self._waiting: deque[Any] = deque(maxlen=WAITING_IMAGES)
        self._images: Subscription | None = None
        self._responses: Subscription | None = None
        self._annotation_types = find_annotation_types()
        self._image_topic = image_topic(self, self._value("image_transport"))
        self._info_topic = self.resolve_topic_name("camera_info")
        self._connect()
        self._live = LiveParameters(
            self,
            lambda: AT_START,
            ("silence_seconds", "latency_ms", "device"),
            {"period": self._tune_period},
        )

    def _declare(self) -> None:
        declare(self, "tracker_node", "tracker", "node to watch, relative to this node's namespace")
        declare(self, "image_transport", "raw", "as the tracker's", choices=TRANSPORTS)
        declare(
            self,
            "image_reliability",
            "best_effort",
            "of the subscription for the overlay",
            choices=tuple(qos.RELIABILITIES),
        )
        declare(self, "device", "auto", "whose memory is watched: as the tracker's")
        declare(self, "period", 0.5, "seconds between diagnostics", 0.05, 60.0)
        declare(self, "silence_seconds", 1.0, "no image for so long is an error", 0.05, 60.0)
        declare(self, "latency_ms", 200.0, "a median latency above it is a warning", 0.0, 60000.0)

    def _value(self, name: str) -> Any:
        return self.get_parameter(name).value

    def _connect(self) -> None:
        self._diagnostics = endpoints.publisher(self, DiagnosticArray, "/diagnostics", qos.RESULT)
        self._overlay = endpoints.publisher(self, Image, "~/overlay", qos.PICTURE)
        self._response_image = endpoints.publisher(self, Image, "~/response_image", qos.PICTURE)
        if self._annotation_types is not None:
            kind = self._annotation_types.ImageAnnotations
            self._annotations = endpoints.publisher(self, kind, "~/annotations", qos.RESULT)
        endpoints.subscription(self, TrackState, f"{self._tracker}/state", self._on_state, qos.RESULT)
        self._ask_lifecycle = Service(self, GetState, f"{self._tracker}/get_state", TIMEOUT)
        clock = steady_clock()
        self._timer = self.create_timer(self._value("period"), self._report, clock=clock)
        self.create_timer(0.2, self._follow_demand, clock=clock)

    def _limits(self) -> health.Limits:
        return health.Limits(self._value("silence_seconds"), self._value("latency_ms"))

    def _tune_period(self, seconds: float) -> None:
        retime(self._timer, seconds)

    # -- health --------------------------------------------------------------------------------------

    def _report(self) -> None:
        now = time.monotonic()
        topics = [self._image_topic, *(f"{self._tracker}/{name}" for name in ("state", "target", "targets"))]
        self._health.limits = self._limits()
        message = DiagnosticArray(
            status=[
                self._health.images(
                    now,
                    self._image_topic,
                    self.count_publishers(self._image_topic),
                    self._lifecycle,
                    elsewhere(self, self._image_topic),
                ),
                self._health.tracking(self._lifecycle, managers(self, self._tracker)),
                self._health.timing(now),
                self._health.bearing(self._info_topic, self.count_publishers(self._info_topic)),
                health.connections(mismatches(self, topics) + duplicates(self, self._tracker, topics)),
                health.memory(device_memory(self._value("device"))),
                health.transport(shared_memory(), get_rmw_implementation_identifier()),
            ]
        )
        message.header.stamp = self.get_clock().now().to_msg()
        for status in message.status:
            status.name = f"{self._tracker.strip('/')}: {status.name}"
            status.hardware_id = self._tracker
        self._diagnostics.publish(message)
        self._poll_lifecycle()

    def _poll_lifecycle(self) -> None:
        """Ask for the tracker's lifecycle state; a node that was killed neither answers nor says goodbye."""
        if self._asked is None or self._asked.done():
            self._asked = self._ask_lifecycle.ask(GetState.Request())
            self._asked.add_done_callback(self._on_lifecycle)

    def _on_lifecycle(self, answer: Future[Any]) -> None:
        self._lifecycle = "" if answer.exception() else answer.result().current_state.label

    # -- pictures ------------------------------------------------------------------------------------

    def _follow_demand(self) -> None:
        """Subscribe to what is drawn, and only while somebody looks at the drawing."""
        wanted = self._overlay.get_subscription_count() > 0
        if wanted and self._images is None:
            self._images = subscribe_to_images(
                self, self._on_image, self._value("image_transport"), self._value("image_reliability")
            )
        elif not wanted and self._images is not None:
            self.destroy_subscription(self._images)
            self._images = None
            self._waiting.clear()
        wanted = self._response_image.get_subscription_count() > 0
        if wanted and self._responses is None:
            self._responses = endpoints.subscription(
                self, ResponseMap, f"{self._tracker}/response", self._on_response, qos.PICTURE
            )
        elif not wanted and self._responses is not None:
            self.destroy_subscription(self._responses)
            self._responses = None

    def _on_image(self, image: Any) -> None:
        self._waiting.append(image)

    def _on_state(self, state: TrackState) -> None:
        self._health.add(state, time.monotonic())
        if self._annotation_types is not None and self._annotations.get_subscription_count() > 0:
            self._annotations.publish(image_annotations(self._annotation_types, state))
        if self._images is None:
            return
        image = next((image for image in self._waiting if image.header == state.header), None)
        if image is None:
            return
        while self._waiting and self._waiting.popleft() is not image:
            pass
        try:
            picture = draw_state(to_picture(image), state)
        except ImageError:  # the tracker has refused it too, and said so in its state
            return
        self._overlay.publish(fill_image(Image(header=state.header), picture, "rgb8"))

    def _on_response(self, response: ResponseMap) -> None:
        picture = draw_response(response)
        self._response_image.publish(fill_image(Image(header=response.header), picture, "rgb8"))


def main(args: Sequence[str] | None = None) -> int:
    """Run the node."""
    return run_program(DiagnosticsNode, args)


if __name__ == "__main__":
    raise SystemExit(main())
