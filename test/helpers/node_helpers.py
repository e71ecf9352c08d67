# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Real nodes in processes of their own, and a client that waits for conditions instead of sleeping."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import warnings
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import rclpy
from builtin_interfaces.msg import Time
from lifecycle_msgs.srv import ChangeState, GetState
from orphan_helpers import end_with_this_process
from rcl_interfaces.srv import GetParameters, SetParameters
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.parameter import Parameter
from sensor_msgs.msg import CompressedImage, Image
from tracker_ros.msg import TrackState
from tracker_ros.srv import SelectTarget
from vision_msgs.msg import Detection2D, Detection2DArray

from tracker_ros.geometry import Box
from tracker_ros.ros.compat import use_image_transport
from tracker_ros.ros.images import fill_image
from tracker_ros.ros.messages import box_message

REPOSITORY = Path(__file__).resolve().parents[2]
# Seconds that any one thing may take on a machine that has other things to do.
TIMEOUT = 60.0
Measured = Callable[[str, object], None]
"""pytest's `record_property`: figures for docs/reliability.md, which ``pytest --junitxml`` writes out."""
CONFIGURE, CLEANUP, ACTIVATE, DEACTIVATE = 1, 2, 3, 4


class Domain:
    """A ROS_DOMAIN_ID that no other test uses as long as this object lives, in any process.

    The processes that run in it end with it: one that a failing test left behind would answer the next
    test that gets the number. Numbers come round as late as they can, for the same reason: of a node in this
    process parts stay on the graph until its garbage is collected.
    """

    last = 0

    def __init__(self) -> None:
        self.processes: list[subprocess.Popen[str]] = []
        for number in [(Domain.last + place) % 99 + 1 for place in range(99)]:
            claim = socket.socket()
            try:
                claim.bind(("127.0.0.1", 27000 + number))
            except OSError:
                claim.close()
                continue
            self.number = Domain.last = number
            self.close = weakref.finalize(self, _release, claim, self.processes)
            return
        raise RuntimeError("all ROS domains are taken")


def _release(claim: socket.socket, processes: list[subprocess.Popen[str]]) -> None:
    for process in processes:
        if process.poll() is None:
            process.kill()
            process.wait()
    claim.close()


class NodeProcess:
    """A node's program. What it prints is in `output`; parameters are given as on its command line."""

    def __init__(
        self,
        module: str,
        domain: Domain,
        parameters: dict[str, Any] | None = None,
        arguments: tuple[str, ...] = (),
        environment: dict[str, str] | None = None,
        ros: bool = True,
    ):
        command = [sys.executable, "-m", module, *["--ros-args"] * ros]
        for name, value in (parameters or {}).items():
            command += ["-p", f"{name}:={str(value).lower() if isinstance(value, bool) else value}"]
        env = {
            **os.environ,
            "ROS_DOMAIN_ID": str(domain.number),
            "OMP_NUM_THREADS": "1",
            "PYTHONUNBUFFERED": "1",
            "PYTHONFAULTHANDLER": "1",
            "PYTHONPATH": str(REPOSITORY),
            **(environment or {}),
        }
        self._process = subprocess.Popen(
            [*command, *arguments], env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        domain.processes.append(self._process)
        end_with_this_process(self._process)
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
        """Its exit status; None while it runs."""
        return self._process.poll()

    def wait(self) -> int:
        """Wait as long as it runs; its exit status."""
        return self._process.wait()

    def ended(self) -> int:
        """Wait until it ends by itself; its exit status."""
        return self._status(self._process.wait(TIMEOUT))

    def _status(self, status: int) -> int:
        """Its exit status; 0 too if only the middleware locked up (rare), which `ros.compat` cuts short."""
        self._reader.join(5)
        if status == 1 and "Timeout (0:00:03)!" in self.output and "in destroy_node" in self.output:
            warnings.warn(f"the middleware locked up:\n{self.output}", stacklevel=3)
            return 0
        return status

    def stop(self, how: int = signal.SIGINT, seconds: float = TIMEOUT) -> int:
        """End it with a signal; its exit status."""
        if self._process.poll() is None:
            self._process.send_signal(how)
        try:
            status = self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            # Python's fault handler then says where each thread is.
            self._process.send_signal(signal.SIGABRT)
            self._reader.join(5)
            self._process.kill()
            raise AssertionError(f"did not end within {seconds} s:\n{self.output}") from None
        return self._status(status)


class Client:
    """Camera, operator and listener of one tracker node, with a context and executor of its own."""

    def __init__(self, domain: Domain, tracker: str = "tracker"):
        use_image_transport()
        self.context = Context()
        rclpy.init(context=self.context, domain_id=domain.number)
        self.node = rclpy.create_node("client", context=self.context)
        self.executor = SingleThreadedExecutor(context=self.context)
        self.executor.add_node(self.node)
        self.tracker, self.domain = tracker, domain
        self.states: list[TrackState] = []
        self.targets: list[Detection2D] = []
        self.lists: list[Detection2DArray] = []
        self.listen(TrackState, f"{tracker}/state", self.states)
        self.listen(Detection2D, f"{tracker}/target", self.targets)
        self.listen(Detection2DArray, f"{tracker}/targets", self.lists)
        # A reliable camera serves subscriptions of both kinds.
        self.camera = self.node.create_publisher(Image, "image", 10)
        self.compressed = self.node.create_publisher(CompressedImage, "image/compressed", 10)
        self.stamp = 1000.0
        self._services: dict[str, Any] = {}

    def listen(self, kind: Any, topic: str, into: list[Any], profile: Any = 10) -> Any:
        """Subscribe and collect what arrives."""
        return self.node.create_subscription(kind, topic, into.append, profile)

    def wait(self, condition: Callable[[], Any], what: str, seconds: float = TIMEOUT) -> Any:
        """Spin until the condition holds; what it returned."""
        end = time.monotonic() + seconds
        while not (value := condition()):
            if time.monotonic() > end:
                raise AssertionError(f"waited {seconds} s for {what}")
            self.executor.spin_once(timeout_sec=0.05)
        return value

    def call(self, kind: Any, name: str, request: Any, seconds: float = TIMEOUT) -> Any:
        """The answer of a service."""
        future = self.service(kind, name).call_async(request)
        self.wait(future.done, f"an answer of {name}", seconds)
        return future.result()

    def service(self, kind: Any, name: str) -> Any:
        """The client of a service whose node knows where the answers go."""
        if name not in self._services:
            self._services[name] = self.node.create_client(kind, name)
            self.meet(name.rpartition("/")[0])
        self.wait(self._services[name].service_is_ready, f"service {name}")
        return self._services[name]

    def forget_services(self) -> None:
        """To be called when a node was started again: the new one has to find this client first."""
        for service in self._services.values():
            self.node.destroy_client(service)
        self._services.clear()

    def meet(self, node: str) -> None:
        """Ask a node something harmless until it answers.

        A node may see a request before it has heard where the answer goes, and then the answer is lost. It
        hears of this client's endpoints in the order in which they were made: once it answers to the newest,
        what it says to all others arrives.
        """
        probe = self.node.create_client(GetParameters, f"{node}/get_parameters")
        end, pause = time.monotonic() + TIMEOUT, 0.2
        self.wait(probe.service_is_ready, f"node {node}")
        while True:
            future = probe.call_async(GetParameters.Request(names=["use_sim_time"]))
            with contextlib.suppress(AssertionError):
                self.wait(future.done, f"an answer of node {node}", pause)
                break
            assert time.monotonic() < end, f"node {node} never answered"
            pause = min(2 * pause, 5.0)
        self.node.destroy_client(probe)

    def transition(self, number: int) -> bool:
        """Ask for a lifecycle transition; whether it succeeded."""
        request = ChangeState.Request()
        request.transition.id = number
        return bool(self.call(ChangeState, f"{self.tracker}/change_state", request).success)

    def lifecycle(self) -> str:
        """The tracker node's lifecycle state."""
        state = self.call(GetState, f"{self.tracker}/get_state", GetState.Request()).current_state
        return str(state.label)

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
        # A bag that starts over sends stamps for a second time: earlier states are not about this image.
        since = len(self.states)
        publisher.publish(message)
        return self.state_of(message, since)

    def state_of(self, message: Any, since: int = 0) -> TrackState:
        """The first state about this image, of those from the index `since` on; its header is the key."""

        def found() -> TrackState | None:
            return next((state for state in self.states[since:] if state.header == message.header), None)

        return self.wait(found, f"a state about the image of {message.header.stamp}")

    def select(self, box: Box, stamp: float = 0.0, normalized: bool = False) -> SelectTarget.Response:
        """Ask the tracker to start on a box."""
        return self.call(SelectTarget, f"{self.tracker}/select", selection(box, stamp, normalized))

    def set_parameters(self, **values: Any) -> None:
        """Set parameters of the tracker node. '__' means '.'."""
        request = SetParameters.Request(
            parameters=[
                Parameter(name.replace("__", "."), value=v).to_parameter_msg() for name, v in values.items()
            ]
        )
        results = self.call(SetParameters, f"{self.tracker}/set_parameters", request).results
        assert all(result.successful for result in results), results

    def reconfigure(self, **values: Any) -> None:
        """Set parameters and go through the lifecycle once so that they hold."""
        assert self.transition(DEACTIVATE) and self.transition(CLEANUP)
        self.set_parameters(**values)
        assert self.transition(CONFIGURE) and self.transition(ACTIVATE)

    def connect(self, publisher: Any, make: Callable[[], Any]) -> None:
        """Publish images until the tracker has looked at the newest: discovery is over in both directions."""
        end, pause = time.monotonic() + TIMEOUT, 0.1
        while time.monotonic() < end:
            message = make()
            publisher.publish(message)
            due = time.monotonic() + pause
            while time.monotonic() < due:
                self.executor.spin_once(timeout_sec=0.05)
                if self.states and self.states[-1].header.stamp == message.header.stamp:
                    return
            # The image may be lost, or the machine busy: the next one has more time.
            pause = min(1.5 * pause, 5.0)
        raise AssertionError("the tracker never answered to an image")

    def close(self) -> None:
        self.executor.shutdown()
        self.node.destroy_node()
        rclpy.try_shutdown(context=self.context)


def time_message(seconds: float) -> Time:
    nanoseconds = round(seconds * 1e9)
    return Time(sec=nanoseconds // 10**9, nanosec=nanoseconds % 10**9)


def selection(box: Box, stamp: float = 0.0, normalized: bool = False) -> SelectTarget.Request:
    return SelectTarget.Request(bbox=box_message(box), normalized=normalized, stamp=time_message(stamp))


def scene(box: Box, width: int = 320, height: int = 240, seed: int = 0) -> np.ndarray:
    """uint8 [height, width, 3] RGB: smooth noise with a bright textured target at `box`."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(60, 120, (height // 8 + 1, width // 8 + 1, 3)).astype(np.uint8)
    pixels = coarse.repeat(8, 0).repeat(8, 1)[:height, :width].copy()
    x, y, w, h = (round(v) for v in box.to_xywh())
    texture = rng.integers(150, 255, (4, 4, 3)).astype(np.uint8)
    pixels[y : y + h, x : x + w] = texture.repeat((h + 3) // 4, 0).repeat((w + 3) // 4, 1)[:h, :w]
    return pixels


@contextlib.contextmanager
def running_tracker(parameters: dict[str, Any]) -> Iterator[tuple[NodeProcess, Client]]:
    """A tracker node in a domain of its own, and a client; the node has to end well."""
    domain = Domain()
    process, client = NodeProcess("tracker_ros.nodes.tracker.node", domain, parameters), Client(domain)
    try:
        yield process, client
    finally:
        client.close()
        status = process.stop()
        domain.close()
    assert status == 0 and "Traceback" not in process.output, process.output
