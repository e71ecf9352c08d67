# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Selecting a target as a person does: simulated camera, tracker, selector and click node as processes."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("rclpy", reason="rclpy is not installed")
aiohttp = pytest.importorskip("aiohttp", reason="aiohttp is not installed")

import cv2  # noqa: E402
import numpy as np  # noqa: E402
from browser_helpers import Browser, browser  # noqa: E402
from geometry_msgs.msg import Point, PointStamped  # noqa: E402
from node_helpers import (  # noqa: E402
    ACTIVATE,
    DEACTIVATE,
    PATIENCE,
    Client,
    Domain,
    NodeProcess,
)
from std_msgs.msg import Header, String  # noqa: E402
from std_srvs.srv import Trigger  # noqa: E402
from tracker_ros.msg import TrackState  # noqa: E402
from vision_msgs.msg import Detection2D  # noqa: E402

from tracker_ros.geometry import Box  # noqa: E402
from tracker_ros.ros.messages import box_of  # noqa: E402
from tracker_ros.select.protocol import read_picture  # noqa: E402

# Four programs start at once, on a machine that may have other things to do.
pytestmark = [pytest.mark.ros, pytest.mark.timeout(300)]
STARTING = 2 * PATIENCE
WIDTH, HEIGHT = 640, 480


class Flight:
    """The processes, and a client in their domain. The camera repeats its first image."""

    def __init__(self) -> None:
        self.domain = Domain()
        values: dict[str, dict[str, Any]] = {
            "selector": {"port": 0},
            "click": {},
            "sim_camera": {"paused": True, "rate": 15.0},
            "tracker": {"autostart": True, "session.coast_seconds": 30.0},
        }
        self.processes = [
            NodeProcess(f"tracker_ros.nodes.{name}", self.domain, {"image_reliability": "reliable", **more})
            for name, more in values.items()
        ]
        self.client = Client(self.domain)
        self.truths: list[Detection2D] = []
        self.said: list[String] = []
        self.client.listen(Detection2D, "sim_camera/truth", self.truths)
        self.client.listen(String, "click_to_track/message", self.said)

    def begin(self) -> None:
        """Wait until everything runs."""
        self.client.wait(lambda: self.truths, "the camera", STARTING)
        self.client.wait(lambda: self.client.states, "the tracker's word on an image", STARTING)
        self.box = box_of(self.truths[0].bbox)
        find = re.compile(r"http://\S+")
        self.url = self.client.wait(lambda: find.search(self.processes[0].output), "the address")[0]

    def close(self) -> None:
        self.client.close()
        with ThreadPoolExecutor() as all_at_once:
            statuses = list(all_at_once.map(NodeProcess.stop, self.processes))
        self.domain.close()
        output = "\n".join(process.output for process in self.processes)
        assert statuses == [0] * len(statuses) and "Traceback" not in output, output


@pytest.fixture(scope="module")
def flight() -> Iterator[Flight]:
    flight = Flight()
    try:
        flight.begin()
        yield flight
    finally:
        flight.close()


@pytest.fixture
def idle(flight: Flight) -> Flight:
    """The flight without a target."""
    client = flight.client
    client.call(Trigger, "tracker/stop", Trigger.Request())
    client.wait(lambda: client.states and client.states[-1].state == TrackState.IDLE, "no target")
    client.states.clear(), flight.said.clear()
    return flight


# -- the page's server ---------------------------------------------------------------------------------


class Talk:
    """The page's WebSocket, without a page."""

    def __init__(self, websocket: Any):
        self._socket = websocket

    async def send(self, **message: Any) -> None:
        await self._socket.send_json(message)

    async def receive(self, kind: str, found: Callable[[Any], Any] = lambda _: True) -> Any:
        """The next message of that type that is looked for; of a picture header and data."""
        while True:
            message = await self._socket.receive(PATIENCE)
            assert message.type in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY), message
            if message.type is aiohttp.WSMsgType.BINARY:
                header, data = read_picture(message.data)
                if header["type"] == "image":
                    await self.send(type="shown")
                if header["type"] == kind and found(header):
                    return header, data
            else:
                value = json.loads(message.data)
                if value["type"] == kind and found(value):
                    return value


def converse(flight: Flight, talk: Callable[[Talk], Awaitable[None]]) -> None:
    """Run `talk` over a connection to the selector node."""

    async def main() -> None:
        base, _, token = flight.url.partition("/?token=")
        async with aiohttp.ClientSession() as http:
            headers = {"Origin": base}
            async with http.ws_connect(f"{base}/socket?token={token}", headers=headers, max_msg_size=0) as ws:
                await talk(Talk(ws))

    asyncio.run(main())


def test_a_target_is_selected_over_the_socket_and_tracked(idle: Flight) -> None:
    async def talk(page: Talk) -> None:
        await page.send(type="look", images=True, response=True)
        header, data = await page.receive("image")
        assert (header["width"], header["height"]) == (WIDTH, HEIGHT)
        assert cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR).shape == (HEIGHT, WIDTH, 3)
        refused = {"reason": "nobody offers"}
        while "nobody offers" in refused["reason"]:  # a selector that has just started sees no tracker yet
            header, _ = await page.receive("image")
            await page.send(type="select", id=1, box=[900, 900, 40, 40], stamp=header["stamp"])
            refused = await page.receive("answer")
        assert not refused["accepted"] and "lies outside the 640 x 480 image" in refused["reason"]
        await page.send(type="select", id=2, box=[10, 10, 40, 40], stamp=[1, 0])
        refused = await page.receive("answer")
        assert not refused["accepted"] and "no image of stamp 1.000 s is at hand" in refused["reason"]
        # One that the tracker has seen: on a busy machine it may miss what the page got.
        header, _ = await page.receive("image", lambda header: "state" in header)
        await page.send(type="select", id=3, box=list(idle.box.to_xywh()), stamp=header["stamp"])
        accepted = await page.receive("answer")
        assert accepted["accepted"], accepted
        state = await page.receive("state", lambda state: state["state"] == "TRACKING")
        assert state["target"] == accepted["target_id"] and state["tracker"] == "dcf"
        header, _ = await page.receive("image", lambda header: header.get("state", {}).get("box"))
        assert np.allclose(header["state"]["box"], idle.box.to_xywh(), atol=6)
        header, data = await page.receive("response")
        x, y, w, h = header["window"]
        assert x < idle.box.cx < x + w and y < idle.box.cy < y + h
        assert cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED).shape[2] == 4
        await page.send(type="stop", id=4)
        assert (await page.receive("answer"))["accepted"]
        await page.receive("state", lambda state: state["state"] == "IDLE")

    converse(idle, talk)


def subscribers(flight: Flight, topic: str) -> set[str]:
    found = flight.client.node.get_subscriptions_info_by_topic(topic)
    return {endpoint.node_name for endpoint in found}


def test_images_are_received_only_while_a_page_looks(idle: Flight) -> None:
    wait = idle.client.wait
    wait(lambda: "selector" not in subscribers(idle, "/image"), "no page")

    async def talk(page: Talk) -> None:
        await page.send(type="look", images=True, response=True)
        await page.receive("image")
        await asyncio.to_thread(wait, lambda: "selector" in subscribers(idle, "/tracker/response"), "demand")
        await page.send(type="look", images=True, response=False)
        await asyncio.to_thread(wait, lambda: not subscribers(idle, "/tracker/response"), "no demand")

    converse(idle, talk)
    wait(lambda: "selector" not in subscribers(idle, "/image"), "the end of the subscription")


def test_the_page_is_told_of_a_silent_camera_and_an_inactive_tracker(idle: Flight) -> None:
    camera, transition = idle.processes[2].pid, idle.client.transition

    async def talk(page: Talk) -> None:
        await page.send(type="look", images=True, response=False)
        await page.receive("image")
        os.kill(camera, signal.SIGSTOP)
        try:
            status = await page.receive("status", lambda status: status["images"])
        finally:
            os.kill(camera, signal.SIGCONT)
        assert re.fullmatch(r"No image on /image for \d s\.", status["images"])
        await page.receive("status", lambda status: not status["images"])
        assert await asyncio.to_thread(transition, DEACTIVATE)
        status = await page.receive("status", lambda status: status["tracker"])
        assert status["tracker"] == "The tracker node is inactive, not active."
        await page.send(type="select", id=1, box=[10, 10, 40, 40], stamp=[0, 0])
        assert (await page.receive("answer"))["reason"] == "the tracker node is not active"
        assert await asyncio.to_thread(transition, ACTIVATE)
        await page.receive("status", lambda status: not status["tracker"])

    converse(idle, talk)


# -- the page in a browser -----------------------------------------------------------------------------


def in_browser(flight: Flight, folder: Path, use: Callable[[Browser], Awaitable[None]], *size: Any) -> None:
    """Use the page in Chromium; nothing that it tries to load or do may be refused."""

    async def main() -> None:
        async with browser(folder) as page:
            await page.open(flight.url, *size)
            await page.wait("document.getElementById('link').dataset.link === 'live'")
            await use(page)
            assert not page.problems, list(page.problems)

    asyncio.run(main())


async def corners(page: Browser, box: Box) -> tuple[tuple[float, float], tuple[float, float]]:
    """Where the corners of a box of the image are on the screen."""
    left, top, width, height = await page.evaluate(
        "(() => { const r = document.getElementById('picture').getBoundingClientRect();"
        " return [r.left, r.top, r.width, r.height]; })()")
    scale = min(width / WIDTH, height / HEIGHT)
    left, top = left + (width - WIDTH * scale) / 2, top + (height - HEIGHT * scale) / 2
    x, y, w, h = box.to_xywh()
    return (left + x * scale, top + y * scale), (left + (x + w) * scale, top + (y + h) * scale)


async def draw(page: Browser, box: Box, gesture: Callable[..., Awaitable[None]]) -> None:
    """Draw a box; again if the tracker, on a busy machine, has missed the image that the page showed."""
    for _ in range(5):
        await page.evaluate("document.getElementById('notice').textContent = ''")
        await gesture(*await corners(page, box))
        await page.wait("/^(Selected|Refused)/.test(document.getElementById('notice').textContent)")
        said = await page.text("#notice")
        if "is at hand" not in said:
            break
    assert re.fullmatch(r"Selected target-\w+-\d+\.", said), said


def test_a_box_is_dragged_in_the_page(idle: Flight, tmp_path: Path) -> None:
    async def use(page: Browser) -> None:
        await draw(page, idle.box, page.drag)
        await page.wait("document.getElementById('state').textContent === 'TRACKING'")
        assert await page.text("#target") in await page.text("#notice")
        found = [int(v) for v in re.findall(r"\d+", await page.text("#box"))]
        assert np.allclose(found, idle.box[2:], atol=6)
        await page.evaluate("document.getElementById('stop').click()")
        await page.wait("document.getElementById('state').textContent === 'IDLE'")
        start, _ = await corners(page, idle.box)
        await page.drag(start, start)
        assert await page.text("#notice") == "Drag a box around the target."

        async def use_keys(*_: Any) -> None:
            await page.evaluate("document.getElementById('picture').focus()")
            for key in ("ArrowUp", "ArrowUp", "Enter"):
                await page.press(key)

        await draw(page, idle.box, use_keys)
        await page.wait("document.getElementById('state').textContent !== 'IDLE'")

    in_browser(idle, tmp_path, use, 1280, 800)


def test_a_box_is_drawn_with_a_finger_on_a_small_screen(idle: Flight, tmp_path: Path) -> None:
    async def use(page: Browser) -> None:
        await draw(page, idle.box, page.swipe)
        await page.wait("document.getElementById('state').textContent === 'TRACKING'")
        assert await page.evaluate("document.documentElement.scrollWidth") <= 390

    in_browser(idle, tmp_path, use, 390, 844, True)


# -- clicks --------------------------------------------------------------------------------------------


def click(flight: Flight, kind: Any, topic: str, message: Any) -> str:
    """Publish a click as a viewer does; what the click node says to it."""
    flight.said.clear()
    publisher = flight.client.node.create_publisher(kind, topic, 10)
    try:
        flight.client.wait(lambda: publisher.get_subscription_count(), "the click node")
        publisher.publish(message)
        return str(flight.client.wait(lambda: flight.said, f"word on the click on {topic}")[-1].data)
    finally:
        flight.client.node.destroy_publisher(publisher)


def test_a_click_in_rqt_selects(idle: Flight) -> None:
    client = idle.client
    rounded = Point(x=float(round(idle.box.cx)), y=float(round(idle.box.cy)))
    said = click(idle, Point, "image_mouse_left", rounded)
    assert said.startswith("selected target-"), said
    client.wait(lambda: client.states and client.states[-1].state == TrackState.TRACKING, "tracking")
    state = client.states[-1]
    assert state.target_id == said.removeprefix("selected ")
    assert abs(state.bbox.center.position.x - idle.box.cx) < 4
    said = click(idle, Point, "image_mouse_left", Point(x=700.0, y=20.0))
    assert said == "refused: the click at (700, 20) px is outside the 640 x 480 image"


def test_a_stamped_click_selects_in_the_image_of_that_stamp_and_frame(idle: Flight) -> None:
    point = Point(x=idle.box.cx, y=idle.box.cy)
    camera = idle.truths[-1].header
    said = click(idle, PointStamped, "clicked_point", PointStamped(header=camera, point=point))
    assert said.startswith("selected target-"), said
    other = Header(stamp=camera.stamp, frame_id="map")
    said = click(idle, PointStamped, "clicked_point", PointStamped(header=other, point=point))
    assert said == "refused: the click is in the frame 'map', but images are in 'camera_optical_frame'"
