# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Selecting a target as a person does: simulated camera, tracker, selector and click node as processes."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("rclpy", reason="rclpy is not installed")
pytest.importorskip("aiohttp", reason="aiohttp is not installed")

import cv2  # noqa: E402
import numpy as np  # noqa: E402
from browser_helpers import Browser  # noqa: E402
from geometry_msgs.msg import Point, PointStamped  # noqa: E402
from node_helpers import ACTIVATE, DEACTIVATE, TIMEOUT  # noqa: E402
from select_node_helpers import (  # noqa: E402
    HEIGHT,
    LIVE,
    WIDTH,
    Flight,
    Talk,
    click,
    converse,
    corners,
    draw,
    in_browser,
    subscribers,
)
from std_msgs.msg import Header  # noqa: E402
from std_srvs.srv import Trigger  # noqa: E402
from tracker_ros.msg import TrackState  # noqa: E402

from tracker_ros.config_files import DEFAULT_PRESET  # noqa: E402

# Four programs start at once, on a machine that may have other things to do.
pytestmark = [pytest.mark.ros, pytest.mark.timeout(300)]


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


def test_a_target_is_selected_over_the_socket_and_tracked(idle: Flight) -> None:
    async def talk(page: Talk) -> None:
        await page.send(type="look", images=True, response=True)
        header, data = await page.receive("image")
        assert (header["width"], header["height"]) == (WIDTH, HEIGHT)
        assert cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR).shape == (HEIGHT, WIDTH, 3)
        refused = {"reason": "nobody offers"}
        # A selector that has just started sees no tracker yet; a tracker may get an image after the page.
        while "nobody offers" in refused["reason"] or "is available" in refused["reason"]:
            header, _ = await page.receive("image")
            await page.send(type="select", id=1, box=[900, 900, 40, 40], stamp=header["stamp"])
            refused = await page.receive("answer")
        assert not refused["accepted"] and "lies outside the 640 x 480 image" in refused["reason"]
        await page.send(type="select", id=2, box=[10, 10, 40, 40], stamp=[1, 0])
        refused = await page.receive("answer")
        assert (
            not refused["accepted"]
            and "no image of stamp 1.000 s is available on /image" in refused["reason"]
        )
        # One that the tracker has seen: on a busy machine it may miss what the page got.
        header, _ = await page.receive("image", lambda header: "state" in header)
        await page.send(type="select", id=3, box=list(idle.box.to_xywh()), stamp=header["stamp"])
        accepted = await page.receive("answer")
        assert accepted["accepted"], accepted
        state = await page.receive("state", lambda state: state["state"] == "TRACKING")
        assert state["target"] == accepted["target_id"] and state["tracker"] == DEFAULT_PRESET
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
        assert re.fullmatch(r"No image on /image for \d+ s\.", status["images"])
        await page.receive("status", lambda status: not status["images"])
        assert await asyncio.to_thread(transition, DEACTIVATE)
        status = await page.receive("status", lambda status: status["tracker"])
        assert status["tracker"] == "The tracker node is inactive: ros2 lifecycle set /tracker activate"
        await page.send(type="select", id=1, box=[10, 10, 40, 40], stamp=[0, 0])
        told = "the tracker node is inactive: ros2 lifecycle set /tracker activate"
        assert (await page.receive("answer"))["reason"] == told
        assert await asyncio.to_thread(transition, ACTIVATE)
        await page.receive("status", lambda status: not status["tracker"])

    converse(idle, talk)


# -- the page in a browser -----------------------------------------------------------------------------


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
        for size in ({"width": 390, "height": 844}, {"width": 844, "height": 390}):  # upright, on its side
            await page.call("Emulation.setDeviceMetricsOverride", deviceScaleFactor=2, mobile=True, **size)
            await page.wait("document.getElementById('stop').getBoundingClientRect().bottom <= innerHeight")

    in_browser(idle, tmp_path, use, 390, 844, True)


def test_a_reloaded_page_shows_the_same_target_and_saves_its_picture(idle: Flight, tmp_path: Path) -> None:
    async def use(page: Browser) -> None:
        await draw(page, idle.box, page.drag)
        await page.wait("document.getElementById('state').textContent === 'TRACKING'")
        target = await page.text("#target")
        await page.reload()
        # The state may come before the first image, without which there is nothing to save.
        await page.wait(f"document.getElementById('state').textContent === 'TRACKING' && {LIVE}")
        assert await page.text("#target") == target
        assert re.fullmatch(r"[01][.]\d\d", await page.text("#score"))
        assert re.fullmatch(r"\d+ ms", await page.text("#age"))
        saved = tmp_path / "saved"
        await page.call("Page.setDownloadBehavior", behavior="allow", downloadPath=str(saved))
        await page.evaluate("document.getElementById('save').click()")
        end = time.monotonic() + TIMEOUT
        while not (files := list(saved.glob("*.png"))):
            assert time.monotonic() < end, list(saved.glob("*"))
            await asyncio.sleep(0.05)
        assert re.fullmatch(r"target-\d+[.]\d{9}[.]png", files[0].name)
        picture = cv2.imread(str(files[0]))
        canvas = "(c => [c.height, c.width])(document.getElementById('picture'))"
        assert list(picture.shape[:2]) == await page.evaluate(canvas)

    in_browser(idle, tmp_path, use, 390, 844)


# -- clicks --------------------------------------------------------------------------------------------


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
