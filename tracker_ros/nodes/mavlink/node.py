# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The MAVLink node: shows a tracker node to ground stations as a camera that can track.

docs/mavlink.md lists its parameters and messages.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from statistics import median
from typing import Any

from rclpy.node import Node
from rclpy.subscription import Subscription
from std_srvs.srv import Trigger
from vision_msgs.msg import BoundingBox2D, Detection3D

import tracker_ros
from tracker_ros.mavlink.camera import ACCEPTED, DENIED, FAILED, REJECTED, Camera, Identity, Outcome
from tracker_ros.mavlink.geodesy import Place, offset
from tracker_ros.mavlink.link import EndPoint, Server, split_name
from tracker_ros.mavlink.messages import ACTIVE, COASTING, IDLE, URI_BYTES, Rectangle, Track, View
from tracker_ros.mavlink.messages import FAILED as TRACKING_FAILED
from tracker_ros.msg import TrackState
from tracker_ros.ros import endpoints, qos
from tracker_ros.ros.camera import subscribe_to_images
from tracker_ros.ros.compat import run_program
from tracker_ros.ros.images import ImageError, to_rgb
from tracker_ros.ros.live import AT_START, LiveParameters
from tracker_ros.ros.parameters import ParameterError, declare, resolved_name
from tracker_ros.srv import SelectTarget

SILENCE = 2.0
"""Seconds after which a tracker that says nothing is taken to have no target."""
FRESH, MISSED = 0.5, 2.0
"""Seconds, or usual intervals between states where these are longer, for which a box is reported.

At most `SILENCE`: one of a tracker that died must not be sent as if it were seen.
"""
CLOSING = 2.0
"""Seconds that the end point has to close."""

_FLAGS = {
    TrackState.IDLE: IDLE,
    TrackState.ACQUIRING: ACTIVE,
    TrackState.TRACKING: ACTIVE,
    TrackState.COASTING: COASTING,
}


class MavlinkNode(Node):
    """A MAVLink camera for one tracker node.

    The protocol runs on a thread of its own. It reads the last state through `view`, and sends requests
    through `select` and `stop`, which only send the request of a service.
    """

    def __init__(self) -> None:
        super().__init__("mavlink")
        self._declare()
        self._tracker = resolved_name(self, "tracker_node", self._value("tracker_node"))
        self._state, self._at, self._fresh = TrackState(), -SILENCE, FRESH
        self._intervals = deque([0.0] * 5, maxlen=5)
        self._size = (0, 0)
        self._images: Subscription | None = None
        self._select: Any = self.create_client(SelectTarget, f"{self._tracker}/select")
        self._stop: Any = self.create_client(Trigger, f"{self._tracker}/stop")
        endpoints.subscription(self, TrackState, f"{self._tracker}/state", self._on_state, qos.RESULT)
        self._origin = self._geo_origin()
        self._seen: tuple[str, Place, float] | None = None
        if self._origin is not None:
            endpoints.subscription(self, Detection3D, f"{self._tracker}/target3d", self._on_place, qos.RESULT)
        self._measure()
        self._server = self._serve()
        self._live = LiveParameters(
            self,
            lambda: AT_START,
            ("follow_unverified", "video_latency"),
            {"status_rate": self._camera.tune_status, "point_radius": self._camera.tune_radius},
        )

    def _declare(self) -> None:
        declare(self, "tracker_node", "tracker", "node to show, relative to this node's namespace")
        declare(self, "image_transport", "raw", "as the tracker's", choices=("raw", "compressed"))
        declare(
            self,
            "endpoint",
            "udpout:127.0.0.1:14550",
            "udpout:HOST:PORT, udpin:HOST:PORT or serial:DEVICE:BAUD",
        )
        declare(self, "system_id", 1, "of the vehicle that carries the camera", 1, 255)
        declare(self, "component_id", 100, "100 for the first camera, 101 for the second...", 7, 255)
        declare(self, "ground_system", 0, "only this system starts and stops tracking; 0: any", 0, 255)
        declare(self, "follow_unverified", False, "report as tracked also what may be another object")
        declare(self, "status_rate", 5.0, "tracking status, Hz, where nobody asked for another", 0.1, 100.0)
        declare(
            self,
            "point_radius",
            0.04,
            "smallest half side of the box around a point, as a share of the image's width",
            0.002,
            0.5,
        )
        declare(self, "video_uri", "", "of the camera's video for ground stations, rtsp://...; '' for none")
        # An empty list would have no type in rclpy.
        declare(
            self,
            "geo_origin",
            [0.0, 0.0, 0.0],
            "latitude and longitude, degrees, and altitude, metres, of the origin of the tracker's"
            " location.target_frame, whose axes are east, north, up; zeros: not known",
        )
        declare(
            self,
            "video_latency",
            0.0,
            "seconds by which the operator's video is late: a selection is for that image",
            0.0,
            10.0,
        )

    def _value(self, name: str) -> Any:
        return self.get_parameter(name).value

    def _serve(self) -> Server:
        name = self._value("endpoint")
        try:
            split_name(name)
        except ValueError as error:
            raise ParameterError(f"parameter 'endpoint': {error}") from error
        identity = Identity(
            self._value("system_id"),
            self._value("component_id"),
            self._tracker.strip("/"),
            tracker_ros.__version__,
        )
        self._camera = camera = Camera(
            identity,
            self,
            1 / self._value("status_rate"),
            self._value("point_radius"),
            time.monotonic(),
            self._value("ground_system"),
            self._video_uri(),
            self._origin is not None,
        )
        self.get_logger().info(f"camera {identity.component_id} of system {identity.system_id} on {name}")
        return Server(camera, lambda: EndPoint(name, *identity[:2]), self._warn)

    def _video_uri(self) -> str:
        uri = str(self._value("video_uri"))
        if uri and not (uri.startswith("rtsp://") and len(uri.encode()) < URI_BYTES):
            raise ParameterError(
                f"parameter 'video_uri' is '{uri}': rtsp://HOST... of less than {URI_BYTES} bytes is needed"
            )
        return uri

    def _geo_origin(self) -> Place | None:
        values = list(self._value("geo_origin"))
        if not any(values):
            return None
        problem = Place(*values).problem() if len(values) == 3 else f"{len(values)} numbers"
        if problem:
            raise ParameterError(f"parameter 'geo_origin' is latitude, longitude, altitude, got {problem}")
        return Place(*values)

    def _warn(self, text: str) -> None:
        if self.context.ok():
            self.get_logger().warning(text)

    def close(self) -> None:
        """End the protocol's thread before the process ends."""
        self._server.close(CLOSING)

    # -- what the tracker says -----------------------------------------------------------------------

    def _on_state(self, state: TrackState) -> None:
        before = self._state
        is_found = before.state == TrackState.LOST and state.state == TrackState.TRACKING
        if state.image_width and state.image_height:
            self._size = (state.image_width, state.image_height)
        # A target is lost when the size changes.
        elif is_found or (state.target_id and state.target_id != before.target_id):
            self._measure()
        now = time.monotonic()
        # The middle one of five: a gap makes no slow camera.
        self._intervals.append(now - self._at)
        self._fresh = min(max(FRESH, MISSED * median(self._intervals)), SILENCE)
        self._state, self._at = state, now

    def _on_place(self, target: Detection3D) -> None:
        at = target.bbox.center.position
        if self._origin is not None and all(map(math.isfinite, (at.x, at.y, at.z))):
            self._seen = target.id, offset(self._origin, at.x, at.y, at.z), time.monotonic()

    def _place(self, target_id: str) -> Place | None:
        """Return the target's place on the earth; None without a recent one of this target."""
        if self._seen is None or self._seen[0] != target_id or time.monotonic() - self._seen[2] > self._fresh:
            return None
        return self._seen[1]

    def _measure(self) -> None:
        """Receive one image to learn its size, where the tracker does not tell it."""
        if self._images is None:
            self._images = subscribe_to_images(self, self._on_image, self._value("image_transport"))

    def _on_image(self, image: Any) -> None:
        try:
            height, width = to_rgb(image).shape[:2]
        except ImageError:  # the tracker refuses it too, and says why
            return
        self._size = (width, height)
        if self._images is not None:
            self.destroy_subscription(self._images)
            self._images = None

    def view(self) -> View:
        """Return the tracker's last report; of a tracker that fell silent no box remains."""
        state, (width, height) = self._state, self._size
        silence = time.monotonic() - self._at
        flags = _FLAGS.get(state.state, TRACKING_FAILED)
        # An autopilot flies after what is said to be tracked: another object than the selected one is not.
        if flags != IDLE and not (state.verified or self._value("follow_unverified")):
            flags = TRACKING_FAILED
        if silence > self._fresh and flags != IDLE:
            flags = TRACKING_FAILED
        box = _fractions(state.bbox, width, height) if width and flags in (ACTIVE, COASTING) else None
        return View(
            Track(flags, state.target_id, box, width / height if width else 1.0),
            self._size,
            silence < SILENCE,
            self._place(state.target_id) if flags == ACTIVE else None,
        )

    # -- requests ------------------------------------------------------------------------------------

    def request_selection(self, box: Rectangle) -> Future[Outcome]:
        """Ask the tracker to start on this part of the image that the operator sees."""
        request = SelectTarget.Request(normalized=True)
        request.bbox.center.position.x = (box.left + box.right) / 2
        request.bbox.center.position.y = (box.top + box.bottom) / 2
        request.bbox.size_x, request.bbox.size_y = box.right - box.left, box.bottom - box.top
        if late := self._value("video_latency"):
            stamp = self._state.header.stamp
            nanoseconds = max(stamp.sec * 10**9 + stamp.nanosec - round(late * 1e9), 0)
            request.stamp.sec, request.stamp.nanosec = divmod(nanoseconds, 10**9)
        return self._ask(self._select, request, self._selected)

    def stop(self) -> Future[Outcome]:
        """Ask the tracker to give its target up."""
        return self._ask(self._stop, Trigger.Request(), _stopped)

    def _selected(self, response: SelectTarget.Response) -> Outcome:
        if response.accepted:
            return Outcome(ACCEPTED, response.target_id)
        # Where the tracker is at work it is the box that cannot be tracked, and never will be.
        return Outcome(DENIED if self.view().works else REJECTED, reason=response.reason)

    def _ask(self, client: Any, request: Any, understand: Callable[[Any], Outcome]) -> Future[Outcome]:
        """Send a request; the future is done when the answer is there, or cancelled by who waited enough."""
        answer: Future[Outcome] = Future()
        if not client.service_is_ready():
            why = f"the tracker node is not ready: no {client.srv_name}"
            answer.set_result(Outcome(REJECTED, reason=why))
            return answer
        asked = client.call_async(request)

        def done(future: Any) -> None:
            if not answer.set_running_or_notify_cancel():
                return
            error = future.exception()
            failed = Outcome(FAILED, reason=str(error))
            answer.set_result(understand(future.result()) if error is None else failed)

        def forget(given_up: Future[Outcome]) -> None:
            if given_up.cancelled():
                client.remove_pending_request(asked)

        asked.add_done_callback(done)
        answer.add_done_callback(forget)
        return answer


def _stopped(response: Trigger.Response) -> Outcome:
    return Outcome(ACCEPTED) if response.success else Outcome(FAILED, reason=response.message)


def _fractions(box: BoundingBox2D, width: int, height: int) -> Rectangle | None:
    """Return the part of a box that lies in the image; None where there is none."""
    center, half_width, half_height = box.center.position, box.size_x / 2, box.size_y / 2
    left, right = (min(max((center.x + side) / width, 0.0), 1.0) for side in (-half_width, half_width))
    top, bottom = (min(max((center.y + side) / height, 0.0), 1.0) for side in (-half_height, half_height))
    return Rectangle(left, top, right, bottom) if right > left and bottom > top else None


def main(args: Sequence[str] | None = None) -> int:
    """Run the node."""
    return run_program(MavlinkNode, args)


if __name__ == "__main__":
    raise SystemExit(main())
