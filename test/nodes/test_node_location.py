# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Where the target is, as the tracker node publishes it: bearing and target3d, and why there is none."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

pytest.importorskip("rclpy", reason="rclpy is not installed")

from geometry_msgs.msg import Vector3Stamped  # noqa: E402
from node_helpers import REPOSITORY, Client, Domain, NodeProcess, scene  # noqa: E402
from sensor_msgs.msg import CameraInfo, Image  # noqa: E402
from std_srvs.srv import Trigger  # noqa: E402
from tracker_ros.msg import TrackState  # noqa: E402
from vision_msgs.msg import Detection3D  # noqa: E402

from tracker_ros.geometry import Box  # noqa: E402
from tracker_ros.nodes.sim_camera.node import camera_info  # noqa: E402
from tracker_ros.ros.depth import depth_of  # noqa: E402
from tracker_ros.ros.images import ImageError  # noqa: E402

pytestmark = pytest.mark.ros
BOX = Box(220.0, 90.0, 40.0, 30.0)
PARAMETERS = {"autostart": True, "image_reliability": "reliable", "session.coast_seconds": 30.0}
DISTORTION = (-0.28, 0.09, 0.001, -0.002, -0.01)


class Site:
    """A tracker node, its camera with depth, and what it says about the target's place."""

    def __init__(self, domain: Domain, environment: dict[str, str] | None = None, **parameters: Any):
        given = {**PARAMETERS, **{name.replace("__", "."): value for name, value in parameters.items()}}
        self.process = NodeProcess("tracker_ros.nodes.tracker.node", domain, given, environment=environment)
        self.client = Client(domain)
        node = self.client.node
        self.infos = node.create_publisher(CameraInfo, "camera_info", 10)
        self.depths = node.create_publisher(Image, "depth", 10)
        self.bearings: list[Vector3Stamped] = []
        self.places: list[Detection3D] = []
        self.client.listen(Vector3Stamped, "tracker/bearing", self.bearings)
        self.client.listen(Detection3D, "tracker/target3d", self.places)

    def start(self) -> str:
        """Track a resting target; its id."""
        self.client.connect(self.client.camera, lambda: self.client.image(scene(BOX)))
        self.client.call(Trigger, "tracker/stop", Trigger.Request())
        self.client.send(self.client.image(scene(BOX)))
        answer = self.client.select(BOX)
        assert answer.accepted, answer.reason
        return str(answer.target_id)

    def until(
        self, condition: Callable[[TrackState], bool], info: CameraInfo | None = None, depth: Any = None,
        later: float = 0.0,
    ) -> TrackState:  # fmt: skip
        """Send frames with calibration and depth until a state says what is expected; that state."""
        for _ in range(100):
            image = self.client.image(scene(BOX))
            if info is not None:
                info.header = image.header
                self.infos.publish(info)
            if depth is not None:
                self.depths.publish(depth_message(depth, self.client, image, later))
            state = self.client.send(image)
            if condition(state):
                return state
        raise AssertionError(f"the last state says: {state.no_bearing!r}")

    def said(self, text: str, *args: Any, **more: Any) -> TrackState:
        return self.until(lambda state: text in state.no_bearing, *args, **more)

    def of(self, messages: list[Any], state: TrackState) -> Any:
        """The message about the image of a state."""

        def found() -> Any:
            return next((message for message in messages if message.header == state.header), None)

        return self.client.wait(found, "the message about that image")

    def close(self) -> None:
        self.client.close()
        status = self.process.stop()
        assert status == 0 and "Traceback" not in self.process.output, self.process.output


def depth_message(depth: np.ndarray, client: Client, image: Image, later: float) -> Image:
    message = Image(height=depth.shape[0], width=depth.shape[1], header=image.header)
    message.encoding = {"uint16": "16UC1", "float32": "32FC1"}[depth.dtype.name]
    message.step = depth.strides[0]
    message.data.frombytes(depth.tobytes())
    if later:
        message.header = client.image(scene(BOX), stamp=client.stamp + later).header
        client.stamp -= later
    return message


@pytest.fixture
def site(domain: Domain) -> Iterator[Site]:
    made = Site(domain, location__depth=True)
    yield made
    made.close()


def opencvs(state: TrackState, info: CameraInfo) -> tuple[float, float]:
    """Right and down of the target's middle, by forward; OpenCV counts from the centre of the first pixel."""
    point = np.array([[[state.bbox.center.position.x - 0.5, state.bbox.center.position.y - 0.5]]])
    a, b = cv2.undistortPoints(point, info.k.reshape(3, 3), np.array(info.d)).ravel()
    return float(a), float(b)


def test_bearing_and_place_and_why_there_is_none(site: Site) -> None:
    target_id = site.start()
    state = site.said("no bearing: no camera_info yet on /camera_info")
    assert (state.image_width, state.image_height) == (320, 240) and state.bbox.size_x > 0
    site.said("for images of 640 x 480 pixels, but the images have 320 x 240", camera_info(640, 480, 1.0))
    site.said("its focal length is not a positive number", CameraInfo(width=320, height=240))
    assert site.bearings == []

    info = camera_info(320, 240, 1.0)
    info.d = list(DISTORTION)
    state = site.said("no target3d: no depth image yet on /depth", info)
    newest = site.of(site.bearings, state)
    ray = np.array([newest.vector.x, newest.vector.y, newest.vector.z])
    a, b = opencvs(state, info)
    assert np.linalg.norm(ray) == pytest.approx(1)
    assert ray / ray[2] == pytest.approx([a, b, 1.0], abs=1e-4)

    nothing = np.full((240, 320), math.nan, np.float32)
    site.said("only 0 % of the depth image inside the box is valid", info, nothing)
    site.said("the depth image on /depth is 160 x 120, the image 320 x 240", info, nothing[::2, ::2].copy())
    site.said("s from the image's stamp", info, nothing, later=0.5)
    assert site.places == []

    holes = np.full((240, 320), 30.0, np.float32)
    holes[75:105, 200:240] = 8.0
    holes[80:90, 205:225] = math.nan
    for depth in (holes, (np.nan_to_num(holes) * 1000).astype(np.uint16)):
        state = site.until(lambda state: not state.no_bearing, info, depth)
        place = site.of(site.places, state)
        at, (a, b) = place.bbox.center.position, opencvs(state, info)
        assert (at.x, at.y, at.z) == pytest.approx((8 * a, 8 * b, 8.0), abs=1e-2)
        assert place.bbox.size.x == pytest.approx(state.bbox.size_x / info.k[0] * 8, rel=1e-3)
        assert place.id == target_id and place.results[0].hypothesis.score == pytest.approx(state.score)


def fake_tf2(folder: Path) -> dict[str, str]:
    """The environment with a stand-in for tf2_ros that knows how the camera hangs under a drone."""
    (folder / "tf2_ros.py").write_text(
        """
from types import SimpleNamespace as Values
class TransformException(Exception):
    pass
class Buffer:
    def __init__(self, node=None):
        pass
    def lookup_transform(self, target, source, time):
        if source != "camera_optical":
            raise TransformException(f'"{source}" passed to lookupTransform does not exist')
        # Looks straight down, its right to the east: x, -y, -z.
        turn = Values(x=1.0, y=0.0, z=0.0, w=0.0)
        return Values(transform=Values(rotation=turn, translation=Values(x=5.0, y=6.0, z=20.0)))
class TransformListener:
    def __init__(self, buffer, node):
        pass
    def unregister(self):
        pass
"""
    )
    return {"PYTHONPATH": f"{folder}{os.pathsep}{REPOSITORY}"}


def test_height_above_ground_and_the_frame_of_tf2(domain: Domain, tmp_path: Path) -> None:
    site = Site(domain, fake_tf2(tmp_path), location__height_above_ground=20.0, location__target_frame="map")
    try:
        site.start()
        info = camera_info(320, 240, 1.0)
        state = site.until(lambda state: not state.no_bearing, info)
        place = site.client.wait(lambda: site.places and site.places[-1], "a place")
        x, y = state.bbox.center.position.x, state.bbox.center.position.y
        at = place.bbox.center.position
        expected = (5 + 20 * (x - 160) / info.k[0], 6 - 20 * (y - 120) / info.k[4], 0.0)
        assert (at.x, at.y, at.z) == pytest.approx(expected, abs=0.05)
        assert place.header.frame_id == "map" and place.header.stamp == site.bearings[-1].header.stamp
        assert site.bearings[-1].vector.z < -0.9 and site.bearings[-1].header.frame_id == "map"
        image = site.client.image(scene(BOX))
        image.header.frame_id = "elsewhere"
        state = site.client.send(image)
        assert "no bearing: no transform from 'elsewhere' to 'map'" in state.no_bearing
    finally:
        site.close()


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"location.target_frame": "map"}, "parameter 'location.target_frame' is 'map', which needs tf2"),
        ({"location.depth": True, "location.height_above_ground": 3.0}, "both tell the distance"),
    ],
)
def test_what_cannot_be_had_is_said_when_configuring(
    domain: Domain, parameters: dict[str, Any], words: str
) -> None:
    process = NodeProcess("tracker_ros.nodes.tracker.node", domain, {**PARAMETERS, **parameters})
    client = Client(domain)
    try:
        client.wait(lambda: "configure failed" in process.output and words in process.output, words)
        assert client.lifecycle() == "unconfigured"
    finally:
        client.close()
        assert process.stop() == 0


def test_depth_is_read_as_it_is_stored() -> None:
    numbers = np.arange(6, dtype=np.uint16).reshape(2, 3)
    message = Image(height=2, width=3, encoding="16UC1", is_bigendian=1, step=8)
    padded = np.zeros((2, 8), np.uint8)
    padded[:, :6] = numbers.astype(">u2").view(np.uint8)
    message.data.frombytes(padded.tobytes())
    read, unit = depth_of(message)
    assert np.array_equal(read, numbers) and unit == 1e-3
    message.step = 4
    with pytest.raises(ImageError, match="16 bytes, but 2 rows of 4 bytes with 3 numbers"):
        depth_of(message)
    message.encoding = "mono16"
    with pytest.raises(ImageError, match="'mono16' is no depth"):
        depth_of(message)
