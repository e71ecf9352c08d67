# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""A camera that notes when the answers to its images come."""

from __future__ import annotations

import itertools
import struct
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import rclpy
from rclpy.serialization import serialize_message
from sensor_msgs.msg import CompressedImage, Image
from vision_msgs.msg import Detection2D

from tracker_ros.data.sequence import Frame
from tracker_ros.geometry import Box
from tracker_ros.msg import TrackState
from tracker_ros.ros import qos
from tracker_ros.ros.camera import image_type
from tracker_ros.ros.images import fill_compressed, fill_image
from tracker_ros.ros.messages import box_message
from tracker_ros.ros.reader import Reader
from tracker_ros.session import State

STARTED = 60.0
"""Seconds that a node has for its start."""


class Camera:
    """Publishes images at a rate, and notes when the answers to them come.

    Images are published as bytes, as a driver in C++ does: they are not converted from Python first.
    Answers are read on threads of their own, so that none waits for the next image's turn.

    Args:
        frames: shown forwards and backwards, again and again.
        transport: raw or compressed.
        rate: images a second.
        check: called while waiting; raises when there is nothing to wait for any more.
    """

    def __init__(self, frames: list[Frame], transport: str, rate: float, check: Callable[[], None]):
        self.node = rclpy.create_node("latency_camera")
        self._rate, self._check = rate, check
        topic = "image" if transport == "raw" else "image/compressed"
        self._publisher = self.node.create_publisher(image_type(transport), topic, qos.camera())
        self._init_box = self.node.create_publisher(Detection2D, "tracker/init_box", qos.COMMAND)
        images = [serialize_message(_message(frame, transport)) for frame in frames]
        self._images = itertools.cycle(images + images[-2:0:-1])
        self._began: dict[int, int] = {}
        self.publishing: list[float] = []
        self.latencies: list[float] = []
        self.states: list[TrackState] = []
        self._readers = [
            Reader(self.node, Detection2D, "tracker/target", self._on_target, qos.RESULT),
            Reader(self.node, TrackState, "tracker/state", self.states.append, qos.RESULT),
        ]

    def close(self) -> None:
        """Destroy the node."""
        for reader in self._readers:
            reader.close()
        self.node.destroy_node()

    def show(self, count: int) -> None:
        """Publish so many images at the rate."""
        start = time.monotonic()
        for index in range(count):
            self.rest(start + index / self._rate - time.monotonic())
            stamp = time.time_ns()
            image = stamped(next(self._images), stamp)
            began = self._began[stamp] = time.perf_counter_ns()
            self._publisher.publish(image)
            self.publishing.append((time.perf_counter_ns() - began) * 1e-6)
        self.rest(1 / self._rate)

    def rest(self, seconds: float) -> None:
        """Wait so long, without an image."""
        time.sleep(max(seconds, 0.0))
        self._check()

    def connect(self) -> None:
        """Publish until the node answers.

        Raises:
            TimeoutError: when it does not.
        """
        end = time.monotonic() + STARTED
        while not self.states:
            if time.monotonic() > end:
                raise TimeoutError(f"the tracker node did not answer within {STARTED:g} s")
            self.show(1)

    def request_selection(self, box: Box) -> None:
        """Track what is at `box` in the newest image, besides what is tracked already.

        Raises:
            TimeoutError: when the node does not say that it tracks.
        """
        before = self.states[-1].target_id
        self._init_box.publish(Detection2D(bbox=box_message(box)))
        end = time.monotonic() + STARTED
        while self.states[-1].target_id == before or self.states[-1].state != State.TRACKING:
            if time.monotonic() > end:
                raise TimeoutError(f"the tracker node does not track: {self.states[-1].message}")
            self.show(1)

    def forget(self) -> None:
        """Start a new measurement."""
        for noted in (self._began, self.publishing, self.latencies, self.states):
            noted.clear()

    def _on_target(self, message: Detection2D) -> None:
        now = time.perf_counter_ns()
        began = self._began.get(message.header.stamp.sec * 10**9 + message.header.stamp.nanosec)
        if began is not None:
            self.latencies.append((now - began) * 1e-6)


def stamped(image: bytes, stamp: int) -> bytes:
    """Return a serialised image with another stamp, in nanoseconds.

    In CDR (little-endian, as this machine writes it) the stamp of the header follows the four bytes that
    name the encoding: int32 seconds, uint32 nanoseconds.
    """
    return b"".join((image[:4], struct.pack("=iI", *divmod(stamp, 10**9)), memoryview(image)[12:]))


def _message(frame: Frame, transport: str) -> Any:
    if transport == "compressed":
        return fill_compressed(CompressedImage(), frame)
    # What most camera drivers send; it must be converted.
    return fill_image(Image(), np.ascontiguousarray(frame[..., ::-1]), "bgr8")
