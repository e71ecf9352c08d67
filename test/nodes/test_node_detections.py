# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""A detector beside the tracker node: starts by itself, starts on what was clicked, confirms what is back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("rclpy", reason="rclpy is not installed")

from node_helpers import Client, NodeProcess, running_tracker, scene  # noqa: E402
from sensor_msgs.msg import Image  # noqa: E402
from std_srvs.srv import SetBool, Trigger  # noqa: E402
from tracker_ros.msg import TrackState  # noqa: E402
from vision_msgs.msg import Detection2D, Detection2DArray, ObjectHypothesisWithPose  # noqa: E402

from tracker_ros.geometry import Box  # noqa: E402
from tracker_ros.ros.messages import box_message, box_of  # noqa: E402

pytestmark = pytest.mark.ros
BOX = Box(100.0, 100.0, 40.0, 30.0)
FAR = Box(250.0, 60.0, 30.0, 30.0)
PARAMETERS = {
    "autostart": True,
    "image_reliability": "reliable",
    "session.coast_seconds": 0.5,
    "detections.class_id": "car",
}


class Detector:
    """Publishes detections of an image as a detector does: with the image's header, and later."""

    def __init__(self, client: Client, node: NodeProcess):
        self._client, self.node = client, node
        self._publisher = client.node.create_publisher(Detection2DArray, "tracker/detections", 10)

    def see(self, image: Image, *found: tuple[Box, str, float]) -> None:
        message = Detection2DArray(header=image.header)
        for box, kind, score in found:
            item = Detection2D(header=image.header, bbox=box_message(box))
            result = ObjectHypothesisWithPose()
            result.hypothesis.class_id, result.hypothesis.score = kind, score
            item.results.append(result)
            message.detections.append(item)
        self._publisher.publish(message)


@pytest.fixture(scope="module")
def node() -> Iterator[tuple[Client, Detector]]:
    with running_tracker(PARAMETERS) as (process, client):
        client.connect(client.camera, lambda: client.image(scene(BOX)))
        yield client, Detector(client, process)


@pytest.fixture
def pair(node: tuple[Client, Detector]) -> tuple[Client, Detector]:
    """Client and detector of a node without a target, which a detection may start."""
    client = node[0]
    client.set_parameters(detections__start="never", detections__snap=False, detections__confirm=False)
    client.call(Trigger, "tracker/stop", Trigger.Request())
    client.call(SetBool, "tracker/enable", SetBool.Request(data=True))
    client.send(client.image(scene(BOX)))
    return node


def until(pair: tuple[Client, Detector], state: int, *found: tuple[Box, str, float]) -> TrackState:
    """Send images and what is detected in them until the tracker is in a state."""
    client, detector = pair
    for _ in range(100):
        image = client.image(scene(BOX))
        said = client.send(image)
        if said.state == state:
            return said
        detector.see(image, *found)
    raise AssertionError(f"still in state {said.state}: {said.message}")


def test_it_starts_by_itself_on_the_best_of_the_class_and_says_so(pair: Any) -> None:
    client, detector = pair
    client.set_parameters(detections__start="best")
    found = (FAR, "person", 0.99), (FAR, "car", 0.4), (BOX, "car", 0.9), (FAR, "car", 0.7)
    for _ in range(3):
        image = client.image(scene(BOX))
        assert client.send(image).state == TrackState.IDLE
        detector.see(image, *found[:2])
    began = len(client.states)
    until(pair, TrackState.TRACKING, *found)
    messages = [state.message for state in client.states[began:]]
    assert "started by itself on a detection of class 'car', score 0.90" in messages
    assert box_of(client.states[-1].bbox).overlap(BOX) > 0.8


def test_who_stopped_it_keeps_it_stopped(pair: Any) -> None:
    client, detector = pair
    client.set_parameters(detections__start="best")
    until(pair, TrackState.TRACKING, (BOX, "car", 0.9))
    client.call(Trigger, "tracker/stop", Trigger.Request())
    for _ in range(5):
        image = client.image(scene(BOX))
        assert client.send(image).state == TrackState.IDLE
        detector.see(image, (BOX, "car", 0.9))
    client.call(SetBool, "tracker/enable", SetBool.Request(data=True))
    until(pair, TrackState.TRACKING, (BOX, "car", 0.9))


def test_detections_of_another_stamp_are_refused_and_nothing_starts(pair: Any) -> None:
    client, detector = pair
    client.set_parameters(detections__start="best")
    stranger = client.image(scene(BOX), stamp=client.stamp + 500.0)
    client.stamp -= 500.0
    detector.see(stranger, (BOX, "car", 0.9))

    def told() -> bool:
        client.send(client.image(scene(BOX)))
        return any("selection refused: no image of stamp" in state.message for state in client.states)

    client.wait(told, "a refusal")
    assert client.states[-1].state == TrackState.IDLE


def test_detections_of_another_camera_start_nothing(pair: Any) -> None:
    client, detector = pair
    client.set_parameters(detections__start="best")
    stranger = client.image(scene(BOX))
    stranger.header.frame_id = "another_camera"
    text = "detections refused: the box is of the frame 'another_camera'"

    def told() -> bool:
        detector.see(stranger, (BOX, "car", 0.9))
        return text in detector.node.output

    client.send(client.image(scene(BOX)))
    client.wait(told, "a refusal")
    assert client.send(client.image(scene(BOX))).state == TrackState.IDLE


def test_a_click_starts_on_the_detection_around_it(pair: Any) -> None:
    client, detector = pair
    client.set_parameters(detections__snap=True)
    click = Box(BOX.cx + 12, BOX.cy - 9, 6.0, 6.0)
    image = client.image(scene(BOX))
    client.send(image)
    stamp = client.stamp
    detector.see(image, (BOX, "car", 0.9), (FAR, "person", 0.9))
    client.wait(lambda: client.select(click, stamp).accepted, "that the detection arrived")
    state = client.send(client.image(scene(BOX)))
    assert state.message == "selected a detection of class 'car', score 0.90"
    assert box_of(state.bbox).overlap(BOX) > 0.8
    shares = Box(click.cx / 320, click.cy / 240, 0.02, 0.02)
    assert client.select(shares, stamp, normalized=True).accepted
    refused = client.select(FAR, stamp)
    assert not refused.accepted and "no detection of class 'car' at (250, 60)" in refused.reason
    until(pair, TrackState.TRACKING)  # the target before is kept


def test_a_lost_target_comes_back_where_a_detection_agrees(pair: Any) -> None:
    client, detector = pair
    client.set_parameters(detections__confirm=True)
    assert client.select(BOX).accepted
    until(pair, TrackState.TRACKING)
    empty = scene(Box(300.0, 220.0, 4.0, 4.0), seed=1)
    for _ in range(100):
        if client.send(client.image(empty)).state == TrackState.LOST:
            break
    for _ in range(10):
        image = client.image(scene(BOX))
        assert client.send(image).state == TrackState.LOST
        detector.see(image, (BOX, "person", 0.9), (FAR, "car", 0.9))
    until(pair, TrackState.TRACKING, (BOX, "car", 0.9))
    client.set_parameters(detections__confirm=False)
