"""Real nodes in processes of their own, and a client that waits for conditions instead of sleeping."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import rclpy
from builtin_interfaces.msg import Time
from lifecycle_msgs.srv import ChangeState, GetState
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CompressedImage, Image
from vision_msgs.msg import BoundingBox2D, Detection2D, Detection2DArray

from tracker_ros.geometry import Box
from tracker_ros.msg import TrackState
from tracker_ros.ros.compat import use_image_transport
from tracker_ros.ros.images import fill_image
from tracker_ros.ros.messages import box_message
from tracker_ros.srv import SelectTarget

REPOSITORY = Path(__file__).resolve().parents[1]
PATIENCE = 20.0
CONFIGURE, CLEANUP, ACTIVATE, DEACTIVATE = 1, 2, 3, 4


class Domain:
    """A ROS_DOMAIN_ID that no other test uses as long as this object lives, in any process."""

    def __init__(self) -> None:
        for number in range(1, 100):
            self._claim = socket.socket()
            try:
                self._claim.bind(("127.0.0.1", 27000 + number))
            except OSError:
                self._claim.close()
                continue
            self.number = number
            return
        raise RuntimeError("all ROS domains are taken")

    def close(self) -> None:
        self._claim.close()


class NodeProcess:
    """A node's program. What it prints is in `output`; parameters are given as on its command line."""

    def __init__(self, module: str, domain: Domain, parameters: dict[str, Any] | None = None,
                 arguments: tuple[str, ...] = (), environment: dict[str, str] | None = None):
        command = [sys.executable, "-m", module, "--ros-args"]
        for name, value in (parameters or {}).items():
            command += ["-p", f"{name}:={str(value).lower() if isinstance(value, bool) else value}"]
        env = {**os.environ, "ROS_DOMAIN_ID": str(domain.number), "OMP_NUM_THREADS": "1",
               "PYTHONUNBUFFERED": "1", "PYTHONPATH": str(REPOSITORY), **(environment or {})}
        # pytest-cov's hook and an inherited SIGINT disposition must not reach the node.
        self._process = subprocess.Popen([*command, *arguments], env=env, stdout=subprocess.PIPE,
                                         stderr=subprocess.STDOUT, text=True)
        self.output = ""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.output += line

    def returned(self) -> int | None:
        return self._process.poll()

    def stop(self, how: int = signal.SIGINT, seconds: float = PATIENCE) -> int:
        """End it with a signal; its exit status."""
        if self._process.poll() is None:
            self._process.send_signal(how)
        try:
            status = self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            raise AssertionError(f"did not end within {seconds} s:\n{self.output}") from None
        self._reader.join(5)
        return status


class Client:
    """Camera, operator and listener of one tracker node, with a context and executor of its own."""

    def __init__(self, domain: Domain, tracker: str = "tracker"):
        use_image_transport()
        self.context = Context()
        rclpy.init(context=self.context, domain_id=domain.number)
        self.node = rclpy.create_node("client", context=self.context)
        self.executor = SingleThreadedExecutor(context=self.context)
        self.executor.add_node(self.node)
        self.tracker = tracker
        self.states: list[TrackState] = []
        self.targets: list[Detection2D] = []
        self.lists: list[Detection2DArray] = []
        self.listen(TrackState, f"{tracker}/state", self.states)
        self.listen(Detection2D, f"{tracker}/target", self.targets)
        self.listen(Detection2DArray, f"{tracker}/targets", self.lists)
        best_effort = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
        self.camera = self.node.create_publisher(Image, "image", best_effort)
        self.compressed = self.node.create_publisher(CompressedImage, "image/compressed", best_effort)
        self.stamp = 1000.0

    def listen(self, kind: Any, topic: str, into: list[Any], profile: Any = 10) -> Any:
        """Subscribe and collect what arrives."""
        return self.node.create_subscription(kind, topic, into.append, profile)

    def wait(self, condition: Callable[[], Any], what: str, seconds: float = PATIENCE) -> Any:
        """Spin until the condition holds; what it returned."""
        end = time.monotonic() + seconds
        while not (value := condition()):
            if time.monotonic() > end:
                raise AssertionError(f"waited {seconds} s for {what}")
            self.executor.spin_once(timeout_sec=0.05)
        return value

    def call(self, kind: Any, name: str, request: Any) -> Any:
        """The answer of a service."""
        client = self.node.create_client(kind, name)
        try:
            self.wait(client.service_is_ready, f"service {name}")
            future = client.call_async(request)
            self.wait(future.done, f"an answer of {name}")
            return future.result()
        finally:
            self.node.destroy_client(client)

    def transition(self, number: int) -> bool:
        """Ask for a lifecycle transition; whether it succeeded."""
        request = ChangeState.Request()
        request.transition.id = number
        return bool(self.call(ChangeState, f"{self.tracker}/change_state", request).success)

    def lifecycle(self) -> str:
        """The tracker node's lifecycle state."""
        return str(self.call(GetState, f"{self.tracker}/get_state", GetState.Request()).current_state.label)

    def is_active(self) -> bool:
        """Configure and activate as far as necessary; wait until images would arrive."""
        if self.lifecycle() == "unconfigured":
            assert self.transition(CONFIGURE)
        if self.lifecycle() == "inactive":
            assert self.transition(ACTIVATE)
        self.wait(lambda: self.camera.get_subscription_count() + self.compressed.get_subscription_count(),
                  "a subscription to images")
        return True

    def image(self, pixels: np.ndarray, encoding: str = "rgb8", stamp: float | None = None) -> Image:
        """An Image message, 50 ms after the one before unless a stamp is given."""
        self.stamp = self.stamp + 0.05 if stamp is None else stamp
        message = fill_image(Image(), pixels, encoding)
        message.header.stamp = time_message(self.stamp)
        message.header.frame_id = "camera_optical"
        return message

    def send(self, message: Any) -> TrackState:
        """Publish an image and return the state that the tracker publishes on it."""
        publisher = self.compressed if isinstance(message, CompressedImage) else self.camera
        publisher.publish(message)
        return self.state_of(message)

    def state_of(self, message: Any) -> TrackState:
        """The first state about this image (its header is the key)."""
        start = max(0, len(self.states) - 50)
        return self.wait(lambda: next((s for s in self.states[start:] if s.header == message.header), None),
                         f"a state about stamp {message.header.stamp}")

    def select(self, box: Box, stamp: float = 0.0, normalized: bool = False) -> SelectTarget.Response:
        request = SelectTarget.Request(bbox=box_message(box), normalized=normalized, stamp=time_message(stamp))
        return self.call(SelectTarget, f"{self.tracker}/select", request)

    def close(self) -> None:
        self.executor.shutdown()
        self.node.destroy_node()
        rclpy.try_shutdown(context=self.context)


def time_message(seconds: float) -> Time:
    nanoseconds = round(seconds * 1e9)
    return Time(sec=nanoseconds // 10**9, nanosec=nanoseconds % 10**9)


def bbox(box: Box) -> BoundingBox2D:
    return box_message(box)


def scene(box: Box, width: int = 320, height: int = 240, seed: int = 0) -> np.ndarray:
    """uint8 [height, width, 3] RGB: smooth noise with a bright textured target at `box`."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(60, 120, (height // 8 + 1, width // 8 + 1, 3)).astype(np.uint8)
    pixels = coarse.repeat(8, 0).repeat(8, 1)[:height, :width].copy()
    x, y, w, h = (round(v) for v in box.to_xywh())
    texture = rng.integers(150, 255, (4, 4, 3)).astype(np.uint8).repeat((h + 3) // 4, 0).repeat((w + 3) // 4, 1)
    pixels[y : y + h, x : x + w] = texture[:h, :w]
    return pixels
