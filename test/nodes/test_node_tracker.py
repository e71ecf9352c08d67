# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The tracker node as others see it: a process of its own, spoken to through topics and services."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="rclpy is not installed")

from node_helpers import (  # noqa: E402
    ACTIVATE,
    DEACTIVATE,
    Client,
    Measured,
    NodeProcess,
    running_tracker,
    scene,
    selection,
    time_message,
)
from sensor_msgs.msg import CompressedImage, Image  # noqa: E402
from std_msgs.msg import Header  # noqa: E402
from std_srvs.srv import SetBool, Trigger  # noqa: E402
from tracker_ros.msg import ResponseMap, TrackState  # noqa: E402
from tracker_ros.srv import SelectTarget  # noqa: E402
from vision_msgs.msg import Detection2D  # noqa: E402

from tracker_ros.config_files import DEFAULT_PRESET  # noqa: E402
from tracker_ros.geometry import Box  # noqa: E402
from tracker_ros.ros.images import fill_compressed  # noqa: E402
from tracker_ros.ros.messages import box_message, box_of  # noqa: E402
from tracker_ros.ros.qos import PICTURE  # noqa: E402

pytestmark = pytest.mark.ros
BOX = Box(100.0, 100.0, 40.0, 30.0)
# A loaded machine may take long between two images of a test.
PARAMETERS = {"autostart": True, "image_reliability": "reliable", "session.coast_seconds": 30.0}


@pytest.fixture(scope="module")
def node() -> Iterator[tuple[NodeProcess, Client]]:
    with running_tracker(PARAMETERS) as (process, client):
        client.connect(client.camera, lambda: client.image(scene(BOX)))
        yield process, client


@pytest.fixture
def client(node: tuple[NodeProcess, Client]) -> Client:
    """The client of an active node without a target."""
    made = node[1]
    made.call(Trigger, "tracker/stop", Trigger.Request())
    made.states.clear(), made.targets.clear(), made.lists.clear()
    return made


def track(client: Client, box: Box = BOX, frames: int = 3) -> str:
    """Select and track a resting target; its id."""
    client.send(client.image(scene(box)))
    answer = client.select(box)
    assert answer.accepted, answer.reason
    for _ in range(frames):
        state = client.send(client.image(scene(box)))
    assert state.state == TrackState.TRACKING
    return str(answer.target_id)


def test_results_carry_the_image_header_and_one_id(client: Client) -> None:
    assert client.send(client.image(scene(BOX))).state == TrackState.IDLE
    answer, box, sent = client.select(BOX), BOX, []
    for _ in range(8):
        box = box._replace(cx=box.cx + 3, cy=box.cy + 1)
        sent.append(client.image(scene(box)))
        state = client.send(sent[-1])
        assert state.header == sent[-1].header and state.target_id == answer.target_id
    client.wait(lambda: len(client.targets) == 8, "a Detection2D for each image")
    for image, target in zip(sent, client.targets, strict=True):
        assert target.header == image.header and target.id == answer.target_id
    found = box_of(client.targets[-1].bbox)
    assert math.dist(found[:2], box[:2]) < 3 and abs(found.w / box.w - 1) < 0.1
    assert state.tracker == DEFAULT_PRESET and state.score > 0.4 and state.psr > 0 and state.latency_ms > 0
    client.wait(lambda: client.lists[-1].header == sent[-1].header, "the list of the last image")
    assert client.lists[-1].detections == [client.targets[-1]]


def no_rows(image: Image) -> None:
    image.height, image.data = 0, image.data[:0]


def wrong_step(image: Image) -> None:
    image.step = 100


def cut_off(image: Image) -> None:
    image.data = image.data[:1000]


def depth(image: Image) -> None:
    image.encoding = "16UC1"


def unknown(image: Image) -> None:
    image.encoding = "spam"


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (no_rows, "empty: 320 x 0"),
        (wrong_step, "step is 100 bytes"),
        (cut_off, "data holds 1000 bytes"),
        (depth, "convert it to mono8"),
        (unknown, "encoding 'spam' is not supported"),
    ],
)
def test_bad_images_are_named_and_tracking_goes_on(client: Client, spoil: Any, words: str) -> None:
    target_id = track(client)
    image = client.image(scene(BOX))
    spoil(image)
    state = client.send(image)
    assert state.state == TrackState.ERROR and words in state.message and state.bbox.size_x == 0
    client.wait(lambda: client.lists[-1].header == image.header, "the list about it")
    assert client.lists[-1].detections == []
    state = client.send(client.image(scene(BOX)))
    assert state.state == TrackState.TRACKING and state.target_id == target_id


@pytest.mark.parametrize(
    ("box", "words"),
    [
        (BOX._replace(cx=1000.0), "outside the 320 x 240 image"),
        (BOX._replace(cy=math.nan), "not finite"),
        (BOX._replace(w=0.0), "0 x 30 px"),
        (BOX._replace(h=-5.0), "40 x -5 px"),
    ],
)
def test_bad_boxes_are_refused_and_tracking_goes_on(client: Client, box: Box, words: str) -> None:
    target_id = track(client)
    answer = client.select(box)
    assert not answer.accepted and words in answer.reason and answer.target_id == ""
    state = client.send(client.image(scene(BOX)))
    assert state.state == TrackState.TRACKING and state.target_id == target_id


def test_a_second_selection_replaces_the_target(client: Client) -> None:
    first = track(client)
    answer = client.select(BOX)
    assert answer.accepted and answer.target_id != first
    assert client.send(client.image(scene(BOX))).target_id == answer.target_id


def test_two_selections_at_once_are_both_answered(client: Client) -> None:
    client.send(client.image(scene(BOX)))
    service = client.service(SelectTarget, "tracker/select")
    futures = [service.call_async(selection(BOX._replace(cx=BOX.cx + d))) for d in (0, 2)]
    client.wait(lambda: all(f.done() for f in futures), "both answers")
    ids = [f.result().target_id for f in futures]
    assert all(f.result().accepted for f in futures) and ids[0] != ids[1]
    assert client.send(client.image(scene(BOX))).target_id == max(ids, key=lambda i: int(i.split("-")[-1]))


def test_selection_in_an_earlier_image_catches_up(client: Client) -> None:
    boxes = [BOX._replace(cx=BOX.cx + 8 * i) for i in range(10)]
    stamps = [client.send(client.image(scene(box))).header.stamp for box in boxes]
    answer = client.select(boxes[0], stamp=stamps[0].sec + stamps[0].nanosec * 1e-9)
    assert answer.accepted, answer.reason
    state = client.send(client.image(scene(boxes[-1])))
    assert math.dist(box_of(state.bbox)[:2], boxes[-1][:2]) < 6
    answer = client.select(BOX, stamp=5.0)
    assert not answer.accepted and "no image of stamp 5.000 s" in answer.reason and "/image" in answer.reason


def test_normalised_selection(client: Client) -> None:
    client.send(client.image(scene(BOX)))
    assert client.select(Box(BOX.cx / 320, BOX.cy / 240, BOX.w / 320, BOX.h / 240), normalized=True).accepted
    assert math.dist(box_of(client.send(client.image(scene(BOX))).bbox)[:2], BOX[:2]) < 2


def test_selection_by_topic(client: Client) -> None:
    image = client.image(scene(BOX))
    client.send(image)
    publisher = client.node.create_publisher(Detection2D, "tracker/init_box", 10)
    client.wait(publisher.get_subscription_count, "the subscription")
    publisher.publish(Detection2D(header=image.header, bbox=box_message(BOX._replace(w=math.inf))))
    # The request may be heard after the next image: they come on different threads.
    told = r"selection refused: box .*not finite"
    client.wait(lambda: re.match(told, client.send(client.image(scene(BOX))).message), "the refusal")
    other = Header(stamp=image.header.stamp, frame_id="another_camera")
    publisher.publish(Detection2D(header=other, bbox=box_message(BOX)))
    told = "selection refused: the box is of the frame 'another_camera', the images on /image are of "
    client.wait(lambda: client.send(client.image(scene(BOX))).message.startswith(told), "the refusal")
    publisher.publish(Detection2D(bbox=box_message(BOX)))
    client.wait(lambda: client.send(client.image(scene(BOX))).state == TrackState.TRACKING, "tracking")
    client.node.destroy_publisher(publisher)


def test_stop_and_disable_leave_no_box(client: Client) -> None:
    for kind, name, request in (
        (Trigger, "stop", Trigger.Request()),
        (SetBool, "enable", SetBool.Request(data=False)),
    ):
        track(client)
        client.lists.clear()
        assert client.call(kind, f"tracker/{name}", request).success
        client.wait(lambda: client.lists and not client.lists[-1].detections, f"an empty list after {name}")
    count = len(client.states)
    # The node may hear this image, on another thread, after it is enabled again: an answer without a target.
    client.camera.publish(client.image(scene(BOX)))
    assert client.call(SetBool, "tracker/enable", SetBool.Request(data=True)).message == "enabled"
    client.send(client.image(scene(BOX)))
    assert {state.state for state in client.states[count:]} == {TrackState.IDLE}
    client.wait(lambda: not client.lists[-1].detections, "an empty list")


def test_response_is_published_to_subscribers(client: Client) -> None:
    track(client)
    responses: list[ResponseMap] = []
    subscription = client.listen(ResponseMap, "tracker/response", responses, PICTURE)
    client.wait(lambda: client.send(client.image(scene(BOX))) and responses, "a response map")
    response = responses[-1]
    values = np.array(response.data).reshape(response.height, response.width)
    window = box_of(response.window)
    row, column = np.unravel_index(values.argmax(), values.shape)
    x = window.cx + ((column + 0.5) / response.width - 0.5) * window.w
    y = window.cy + ((row + 0.5) / response.height - 0.5) * window.h
    cell = max(window.w / response.width, window.h / response.height)
    assert math.dist((x, y), BOX[:2]) < 2 * cell
    client.node.destroy_subscription(subscription)


def test_late_and_duplicated_images_are_skipped(client: Client) -> None:
    track(client)
    before = client.send(client.image(scene(BOX)))
    newest = client.stamp
    for back in (0.0, 0.04, 0.2):
        client.camera.publish(client.image(scene(BOX), stamp=newest - back))
    # The subscription keeps one image: let the node see one of these before the next is sent.
    client.lifecycle()
    client.stamp = newest
    state = client.send(client.image(scene(BOX)))
    assert state.state == TrackState.TRACKING and state.frames_processed == before.frames_processed + 1
    assert state.frames_dropped > before.frames_dropped


def test_a_change_of_size_or_encoding_loses_the_target_until_it_is_seen(client: Client) -> None:
    track(client)
    state = client.send(client.image(scene(BOX, 336, 240)))
    assert state.state == TrackState.LOST and "frame size changed" in state.message
    client.wait(lambda: client.send(client.image(scene(BOX))).state == TrackState.TRACKING, "tracking again")
    state = client.send(client.image(scene(BOX)[..., 0], "mono8"))
    assert state.state == TrackState.LOST and "encoding changed from 'rgb8' to 'mono8'" in state.message
    client.wait(lambda: client.send(client.image(scene(BOX))).state == TrackState.TRACKING, "tracking again")


def test_lifecycle_from_outside(client: Client) -> None:
    track(client)
    client.lists.clear()
    assert client.lifecycle() == "active" and not client.transition(ACTIVATE)
    assert client.transition(DEACTIVATE) and client.lifecycle() == "inactive"
    client.wait(lambda: client.lists and not client.lists[-1].detections, "an empty list")
    answer = client.select(BOX)
    told = "the tracker node is inactive: ros2 lifecycle set /tracker activate"
    assert not answer.accepted and answer.reason == told
    enabled = client.call(SetBool, "tracker/enable", SetBool.Request(data=True))
    assert (enabled.success, enabled.message) == (False, told)
    assert client.transition(ACTIVATE)
    client.connect(client.camera, lambda: client.image(scene(BOX)))
    track(client)


def test_a_silent_camera_is_noticed_and_forgiven(client: Client, record_property: Measured) -> None:
    client.reconfigure(session__coast_seconds=0.4)
    client.connect(client.camera, lambda: client.image(scene(BOX)))
    answer = client.select(BOX)
    began = time.monotonic()
    client.send(client.image(scene(BOX)))
    seen = client.wait(lambda: [s for s in client.states if s.state == TrackState.LOST], "LOST")[0]
    record_property("seconds_to_lost", time.monotonic() - began)
    assert "no sight of the target" in seen.message and seen.target_id == answer.target_id
    assert any(s.state == TrackState.COASTING and "no frame for" in s.message for s in client.states)
    client.wait(lambda: not client.lists[-1].detections, "an empty list")
    images = 0
    while client.send(client.image(scene(BOX))).state != TrackState.TRACKING:
        assert (images := images + 1) < 20, "not found again"
    record_property("images_to_tracking", images + 1)
    assert client.states[-1].target_id == answer.target_id
    client.reconfigure(session__coast_seconds=30.0)
    client.connect(client.camera, lambda: client.image(scene(BOX)))


def test_compressed_images(client: Client) -> None:
    client.reconfigure(image_transport="compressed")

    def jpeg(share: float = 1.0) -> CompressedImage:
        image = fill_compressed(CompressedImage(), scene(BOX))
        image.data = image.data[: int(len(image.data) * share)]
        client.stamp += 0.05
        image.header.stamp = time_message(client.stamp)
        return image

    client.connect(client.compressed, jpeg)
    target_id = client.select(BOX).target_id
    for _ in range(3):
        client.send(jpeg())
    state = client.send(jpeg(0.7))
    assert state.state == TrackState.ERROR and "JPEG is cut off" in state.message
    state = client.send(jpeg())
    assert state.state == TrackState.TRACKING and state.target_id == target_id
    client.reconfigure(image_transport="raw")
    client.connect(client.camera, lambda: client.image(scene(BOX)))
