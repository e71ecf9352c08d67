# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Simulated camera, tracker, selector and click node as processes, and the ways in which a person selects."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import aiohttp
from browser_helpers import Browser, browser
from node_helpers import TIMEOUT, Client, Domain, NodeProcess
from std_msgs.msg import String
from vision_msgs.msg import Detection2D

from tracker_ros.geometry import Box
from tracker_ros.ros.messages import box_of
from tracker_ros.select.protocol import read_picture

STARTING = 2 * TIMEOUT
WIDTH, HEIGHT = 640, 480
# JavaScript: the page has drawn an image.
LIVE = "document.getElementById('link').dataset.link === 'live'"


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
            NodeProcess(
                f"tracker_ros.nodes.{name}.node", self.domain, {"image_reliability": "reliable", **more}
            )
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
        self.client.meet("click_to_track")
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


class Talk:
    """The page's WebSocket, without a page."""

    def __init__(self, websocket: Any):
        self._socket = websocket

    async def send(self, **message: Any) -> None:
        await self._socket.send_json(message)

    async def receive(self, kind: str, found: Callable[[Any], Any] = lambda _: True) -> Any:
        """The next message of that type that is looked for; of a picture header and data."""
        while True:
            message = await self._socket.receive(TIMEOUT)
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


def subscribers(flight: Flight, topic: str) -> set[str]:
    found = flight.client.node.get_subscriptions_info_by_topic(topic)
    return {endpoint.node_name for endpoint in found}


def in_browser(flight: Flight, folder: Path, use: Callable[[Browser], Awaitable[None]], *size: Any) -> None:
    """Use the page in Chromium; nothing that it tries to load or do may be refused."""

    async def main() -> None:
        async with browser(folder) as page:
            await page.open(flight.url, *size)
            await page.wait(LIVE)
            await use(page)
            assert not page.problems, list(page.problems)

    asyncio.run(main())


async def corners(page: Browser, box: Box) -> tuple[tuple[float, float], tuple[float, float]]:
    """Where the corners of a box of the image are on the screen."""
    left, top, width, height = await page.evaluate(
        "(() => { const r = document.getElementById('picture').getBoundingClientRect();"
        " return [r.left, r.top, r.width, r.height]; })()"
    )
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
        if "is available" not in said:
            break
    assert re.fullmatch(r"Selected target-\w+-\d+\.", said), said


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
