# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Several targets of one tracker node: their list, the primary one, and requests by id."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="rclpy is not installed")

from node_helpers import Client, running_tracker, scene  # noqa: E402
from sensor_msgs.msg import Image  # noqa: E402
from std_msgs.msg import String  # noqa: E402
from std_srvs.srv import SetBool, Trigger  # noqa: E402
from tracker_ros.msg import TrackState  # noqa: E402
from vision_msgs.msg import Detection2D, Detection2DArray, ObjectHypothesisWithPose  # noqa: E402

from tracker_ros.geometry import Box  # noqa: E402
from tracker_ros.ros.messages import box_message, box_of  # noqa: E402

pytestmark = pytest.mark.ros
BOXES = [Box(60.0, 60.0, 30.0, 26.0), Box(160.0, 120.0, 26.0, 30.0), Box(260.0, 180.0, 30.0, 30.0)]
PARAMETERS = {
    "autostart": True,
    "tracker": "dcf",
    "image_reliability": "reliable",
    "max_targets": 3,
    "session.coast_seconds": 30.0,
    "detections.class_id": "car",
}


class Operator:
    """Sends images with all objects in them, selects, and makes requests by id."""

    def __init__(self, client: Client):
        self.client, self.states = client, list[TrackState]()
        client.listen(TrackState, "tracker/states", self.states)
        self.select_target = client.node.create_publisher(String, "tracker/select_target", 10)
        self.stop_target = client.node.create_publisher(String, "tracker/stop_target", 10)
        self.detector = client.node.create_publisher(Detection2DArray, "tracker/detections", 10)

    def image(self) -> Image:
        pixels = scene(BOXES[0])
        for seed, box in enumerate(BOXES[1:], 1):
            pixels = np.maximum(pixels, scene(box, seed=seed))
        return self.client.image(pixels)

    def see(self, image: Image | None = None) -> tuple[TrackState, list[Detection2D]]:
        """The primary target's state about one more image, and the list of all targets in it."""
        image = image or self.image()
        state = self.client.send(image)
        lists = self.client.lists
        self.client.wait(lambda: any(found.header == image.header for found in lists), "the list")
        return state, next(found.detections for found in lists if found.header == image.header)

    def start(self, *boxes: Box) -> list[str]:
        self.see()
        answers = [self.client.select(box) for box in boxes]
        assert all(answer.accepted for answer in answers), answers
        for _ in range(3):
            self.see()
        return [str(answer.target_id) for answer in answers]

    def ask(self, topic: Any, target_id: str) -> None:
        topic.publish(String(data=target_id))

    def until(self, condition: Any, what: str) -> tuple[TrackState, list[Detection2D]]:
        """Send images until one of them is answered as wanted."""
        for _ in range(200):
            if condition(*(answer := self.see())):
                return answer
        raise AssertionError(f"200 images without {what}; the last state: {answer[0]}")


@pytest.fixture(scope="module")
def node() -> Iterator[Operator]:
    with running_tracker(PARAMETERS) as (_, client):
        operator = Operator(client)
        client.connect(client.camera, operator.image)
        yield operator


@pytest.fixture
def operator(node: Operator) -> Operator:
    """The operator of an active node without a target."""
    node.client.set_parameters(detections__start="never")
    node.client.call(Trigger, "tracker/stop", Trigger.Request())
    node.client.targets.clear(), node.client.lists.clear(), node.states.clear()
    return node


def ids(found: list[Detection2D]) -> list[str]:
    return [target.id for target in found]


def test_all_targets_are_in_one_list_and_the_last_selected_is_the_primary(operator: Operator) -> None:
    first, second, third = operator.start(*BOXES)
    assert len({first, second, third}) == 3
    state, found = operator.see()
    assert state.state == TrackState.TRACKING and state.target_id == third
    assert ids(found) == [third, first, second]
    for target, box in zip(found, (BOXES[2], BOXES[0], BOXES[1]), strict=True):
        assert box_of(target.bbox).overlap(box) > 0.7
    client = operator.client
    client.wait(lambda: client.targets[-1].header == state.header, "the primary target")
    assert client.targets[-1] == found[0], "gimbals and ground stations follow ~/target"
    about = lambda: [s for s in operator.states if s.header == state.header]  # noqa: E731
    client.wait(lambda: len(about()) == 3, "a state of each")
    assert [s.target_id for s in about()] == [third, first, second] and about()[0] == state
    assert {s.state for s in about()} == {TrackState.TRACKING}


def test_more_than_fit_replace_the_primary_target_only(operator: Operator) -> None:
    first, second, third = operator.start(*BOXES)
    answer = operator.client.select(BOXES[1]._replace(cx=210.0, cy=40.0))
    assert answer.accepted
    found = operator.see()[1]
    assert set(ids(found)) <= {answer.target_id, first, second} and third not in ids(found)


def test_a_target_is_made_the_primary_one_by_its_id(operator: Operator) -> None:
    first, second = operator.start(*BOXES[:2])
    operator.ask(operator.select_target, first)
    _, found = operator.until(lambda state, _: state.target_id == first, "the first as primary")
    assert ids(found) == [first, second], "nothing started anew"
    client = operator.client
    client.wait(lambda: client.targets[-1].id == first, "it on ~/target")


def test_one_target_is_stopped_by_its_id_and_nothing_takes_its_part(operator: Operator) -> None:
    first, second = operator.start(*BOXES[:2])
    operator.ask(operator.stop_target, second)
    state, found = operator.until(lambda _, found: len(found) == 1, "one target less")
    assert state.state == TrackState.IDLE and ids(found) == [first]
    operator.client.targets.clear()
    for _ in range(3):
        assert ids(operator.see()[1]) == [first]
    assert operator.client.targets == [], "the primary target was stopped: nothing is followed"


@pytest.mark.parametrize(("topic", "what"), [("select_target", "selection"), ("stop_target", "stop")])
def test_an_id_that_does_not_exist_is_refused_by_name(operator: Operator, topic: str, what: str) -> None:
    first, second = operator.start(*BOXES[:2])
    operator.ask(getattr(operator, topic), "target-zz")
    told = f"{what} refused: there is no target 'target-zz'; there are: "
    state, found = operator.until(lambda state, _: state.message.startswith(told), "the reason")
    assert first in state.message and second in state.message
    assert ids(found) == [second, first] and state.target_id == second


def test_stop_gives_all_targets_up(operator: Operator) -> None:
    operator.start(*BOXES)
    operator.client.call(Trigger, "tracker/stop", Trigger.Request())
    state, found = operator.see()
    assert state.state == TrackState.IDLE and found == []


def test_a_detector_fills_the_free_places_and_starts_nothing_twice(operator: Operator) -> None:
    client = operator.client
    client.call(SetBool, "tracker/enable", SetBool.Request(data=True))
    client.set_parameters(detections__start="best")

    def detect() -> list[Detection2D]:
        """What is tracked in one more image, in which the detector then sees two cars."""
        image = operator.image()
        found = operator.see(image)[1]
        message = Detection2DArray(header=image.header)
        for box, score in zip(BOXES[:2], (0.9, 0.8), strict=True):
            result = ObjectHypothesisWithPose()
            result.hypothesis.class_id, result.hypothesis.score = "car", score
            message.detections.append(Detection2D(bbox=box_message(box), results=[result]))
        operator.detector.publish(message)
        return found

    assert any(len(detect()) == 2 for _ in range(100))
    assert [len(detect()) for _ in range(10)] == [2] * 10, "the third place stays free"
    state, found = operator.see()
    assert state.target_id == found[0].id
    assert box_of(found[0].bbox).overlap(BOXES[0]) > 0.7 and box_of(found[1].bbox).overlap(BOXES[1]) > 0.7


def test_a_bad_image_is_told_of_all_and_all_go_on(operator: Operator) -> None:
    operator.start(*BOXES)
    image = operator.image()
    image.encoding = "spam"
    assert operator.client.send(image).state == TrackState.ERROR
    client = operator.client
    client.wait(lambda: len([s for s in operator.states if s.header == image.header]) == 3, "three errors")
    state, found = operator.see()
    assert state.state == TrackState.TRACKING and len(found) == 3
