# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Drives the nodes through one flight and keeps everything that they publish."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from geometry_msgs.msg import QuaternionStamped, Vector3Stamped
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState, GetState
from rclpy.executors import SingleThreadedExecutor
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rclpy.serialization import deserialize_message, serialize_message
from sensor_msgs.msg import CameraInfo, CompressedImage, Image
from std_srvs.srv import SetBool
from vision_msgs.msg import Detection2D, Detection2DArray

from tracker_ros.demo.bag import BagWriter
from tracker_ros.demo.pointing import off_axis
from tracker_ros.demo.scores import Moment
from tracker_ros.geometry import Box
from tracker_ros.msg import ResponseMap, TrackState
from tracker_ros.optics.camera import Camera, read_camera
from tracker_ros.ros import qos
from tracker_ros.ros.health import STATES
from tracker_ros.ros.images import fill_compressed, to_rgb
from tracker_ros.ros.messages import box_message, box_of
from tracker_ros.srv import SelectTarget

IMAGES = "/image/compressed"
RESPONSES = "/tracker/response"
JPEG_QUALITY = 90
STARTED = 60.0
"""Seconds within which a node must answer; importing PyTorch and compiling the model are the longest."""
ANSWERED = 10.0
"""Seconds within which a running node must answer."""
ASKED_AGAIN = 2.0
"""Seconds after which a node that just starts is asked again."""
CENTERED = math.radians(1.0)
"""A target so near to the optical axis is in the middle."""
_LAST_MESSAGES = 0.3
"""Seconds that the bag waits for messages published together with the last result."""


class FlightError(RuntimeError):
    """The flight cannot go on. Says what was waited for."""


class Flight:
    """A node that selects the target, lets the camera play, and writes a bag of what is published.

    Args:
        bag: where to write the bag; must not exist.
        check: called while waiting; raises when there is nothing more to wait for.
        gimbal: whether a gimbal node turns the camera.
    """

    def __init__(self, bag: Path, check: Callable[[], None], gimbal: bool = False):
        self.node = rclpy.create_node("tracker_demo")
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self.node)
        self._bag = BagWriter(bag)
        self._check = check
        self._truths: dict[int, Detection2D] = {}
        self._results: dict[int, tuple[TrackState, float]] = {}
        self.newest: Moment | None = None
        self.camera: Camera | None = None
        self._nodes = ("tracker", "gimbal") if gimbal else ("tracker",)
        # A queue: unlike the tracker this node must not lose an image only because it is late.
        images = QoSProfile(depth=10, reliability=ReliabilityPolicy.BEST_EFFORT)
        self._record("image", Image, images, self._keep_image)
        self._record("camera_info", CameraInfo, images, self._keep_camera)
        self._record("sim_camera/truth", Detection2D, qos.RESULT, self._keep_truth)
        self._record("tracker/state", TrackState, qos.RESULT, self._keep_result)
        self._record("tracker/target", Detection2D, qos.RESULT)
        self._record("tracker/targets", Detection2DArray, qos.RESULT)
        self._record("tracker/response", ResponseMap, images)
        self._record("/diagnostics", DiagnosticArray, qos.RESULT)
        if gimbal:
            self._record("gimbal/rate", Vector3Stamped, qos.RESULT)
            self._record("gimbal/attitude", QuaternionStamped, qos.MEASUREMENT)
        self._clients: dict[str, Any] = {
            "sim_camera/play": self.node.create_client(SetBool, "sim_camera/play"),
            "tracker/select": self.node.create_client(SelectTarget, "tracker/select"),
        }
        for kind, service in ((ChangeState, "change_state"), (GetState, "get_state")):
            for name in self._nodes:
                self._clients[f"{name}/{service}"] = self.node.create_client(kind, f"{name}/{service}")

    def close(self) -> None:
        """Finish the bag, with what is on its way, and take the node away."""
        end = time.monotonic() + _LAST_MESSAGES
        while time.monotonic() < end:
            self._executor.spin_once(timeout_sec=0.05)
        self._executor.shutdown()
        self.node.destroy_node()
        self._bag.close()

    # -- what is published ---------------------------------------------------------------------------

    def _record(
        self, topic: str, kind: Any, profile: QoSProfile, keep: Callable[[bytes, int], bool] | None = None
    ) -> None:
        name = self.node.resolve_topic_name(topic)

        def on_message(data: Any, info: Any) -> None:
            at = info["received_timestamp"]
            if keep is None or keep(data, at):
                self._bag.write(name, kind, at, data)

        self.node.create_subscription(kind, topic, on_message, profile, raw=True)

    def _keep_image(self, data: bytes, at: int) -> bool:
        """Record an image as JPEG: raw ones would make the bag ten times larger."""
        image = deserialize_message(data, Image)
        small = fill_compressed(CompressedImage(header=image.header), to_rgb(image), JPEG_QUALITY)
        self._bag.write(IMAGES, CompressedImage, at, serialize_message(small))
        return False

    def _keep_camera(self, data: bytes, at: int) -> bool:
        if self.camera is None:
            self.camera = read_camera(deserialize_message(data, CameraInfo))
        return True

    def _keep_truth(self, data: bytes, at: int) -> bool:
        truth = deserialize_message(data, Detection2D)
        self._truths[stamp_of(truth)] = truth
        return True

    def _keep_result(self, data: bytes, at: int) -> bool:
        state = deserialize_message(data, TrackState)
        stamp = stamp_of(state)
        # What is said later about the same image is about the time without a new one.
        self._results.setdefault(stamp, (state, (at - stamp) * 1e-9))
        if stamp in self._truths:
            self.newest = self._moment(stamp)
        return True

    def _moment(self, stamp: int) -> Moment:
        truth = self._truths[stamp]
        box = box_of(truth.bbox) if truth.bbox.size_x > 0 else None
        moment = Moment(stamp, box, truth.results[0].hypothesis.score)
        if "gimbal" in self._nodes and box is not None and self.camera is not None:
            moment = moment._replace(off_axis=off_axis(self.camera, box))
        if stamp not in self._results:
            return moment
        state, latency = self._results[stamp]
        found = box_of(state.bbox) if state.bbox.size_x > 0 else None
        return moment._replace(state=STATES[state.state], box=found, score=state.score, latency=latency)

    def moments(self, first: int, last: int) -> list[Moment]:
        """Yield one for each image with a stamp (ns) from `first` to `last`."""
        return [self._moment(stamp) for stamp in sorted(self._truths) if first <= stamp <= last]

    # -- requests ----------------------------------------------------------------------------------------

    def wait(self, condition: Callable[[], Any], what: str, seconds: float) -> Any:
        """Work until the condition holds; what it returned.

        Raises:
            FlightError: after so many seconds.
        """
        end = time.monotonic() + seconds
        while not (value := condition()):
            if time.monotonic() > end:
                raise FlightError(f"waited {seconds:g} s in vain for {what}")
            self._check()
            self._executor.spin_once(timeout_sec=0.05)
        return value

    def _call(self, name: str, request: Any, seconds: float) -> Any:
        client = self._clients[name]
        self.wait(client.service_is_ready, f"the service {name}", seconds)
        future = client.call_async(request)
        self.wait(future.done, f"an answer of {name}", seconds)
        return future.result()

    def _meet(self, name: str) -> None:
        """Wait until a node answers: a request may reach it before it knows where answers go.

        It learns that in the order in which clients were made, so that an answer to the last one vouches
        for all.
        """
        end = time.monotonic() + STARTED
        while True:
            try:
                self._call(f"{name}/get_state", GetState.Request(), ASKED_AGAIN)
                return
            except FlightError:
                if time.monotonic() > end:
                    raise FlightError(f"waited {STARTED:g} s in vain for the {name} node to answer") from None

    def activate(self) -> None:
        """Configure and activate tracker and gimbal, and wait for the camera's first image."""
        for node in self._nodes:
            self._meet(node)
            for number, name in (
                (Transition.TRANSITION_CONFIGURE, "configure"),
                (Transition.TRANSITION_ACTIVATE, "activate"),
            ):
                request = ChangeState.Request(transition=Transition(id=number))
                if not self._call(f"{node}/change_state", request, STARTED).success:
                    raise FlightError(f"the {node} refused to {name}; its log says why")
        self.wait(lambda: self._truths, "an image of the camera", STARTED)
        if self.node.count_publishers("image") > 1:
            raise FlightError("another camera publishes images here: choose another ROS_DOMAIN_ID")

    def request_selection(self, box: Box | None) -> None:
        """Select the target in the newest image, at its true place unless a box is given.

        Raises:
            FlightError: when the place is not known, or the tracker refuses.
        """
        end = time.monotonic() + ANSWERED
        while True:
            # The newest image may not have reached the tracker yet: ask again with a newer one.
            stamp, truth = max(self._truths.items())
            if box is None and truth.bbox.size_x <= 0:
                raise FlightError("the target's place in the first image is not known: give its box")
            bbox = box_message(box) if box is not None else truth.bbox
            request = SelectTarget.Request(bbox=bbox, stamp=truth.header.stamp)
            answer = self._call("tracker/select", request, ANSWERED)
            if answer.accepted:
                return
            if time.monotonic() > end:
                raise FlightError(f"the tracker refuses the selection: {answer.reason}")
            self._wait_for_newer(stamp)

    def _wait_for_newer(self, stamp: int) -> None:
        self.wait(lambda: max(self._truths) > stamp, "the next image", ANSWERED)

    def center(self) -> None:
        """Wait for the gimbal to turn to the target, which stands still as long as the camera."""
        end = time.monotonic() + ANSWERED

        def centered() -> bool:
            return self._moment(self.last_stamp()).off_axis < CENTERED

        self.wait(lambda: centered() or time.monotonic() > end, "the gimbal", 2 * ANSWERED)

    def play(self) -> None:
        """Resume the camera from its first image."""
        self._call("sim_camera/play", SetBool.Request(data=True), ANSWERED)

    def last_stamp(self) -> int:
        """Return the newest image's stamp, ns."""
        return max(self._truths)

    def has_result(self, stamp: int) -> bool:
        """Return whether the tracker has answered the image of this stamp (ns)."""
        return stamp in self._results

    @property
    def tracker(self) -> str:
        """Name of the tracker's preset; '' before its first answer."""
        return next((state.tracker for state, _ in self._results.values()), "")


def stamp_of(message: Any) -> int:
    """Return the stamp of a message's header, ns."""
    return int(message.header.stamp.sec * 10**9 + message.header.stamp.nanosec)
