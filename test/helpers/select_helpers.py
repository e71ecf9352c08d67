# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""A made-up tracker behind the page's server, and browsers without a screen."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import Future
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from aiohttp.test_utils import TestServer

from tracker_ros.geometry import Box
from tracker_ros.select.access import Access
from tracker_ros.select.hub import Picture, Shot
from tracker_ros.select.protocol import Stamp, read_picture
from tracker_ros.select.server import Answer, Page

SECONDS = 10.0


class Tracker:
    """Notes what the page asks for; requests are decided by the test."""

    def __init__(self) -> None:
        self.looks: list[tuple[bool, bool]] = []
        self.selected: list[tuple[Box, Stamp]] = []
        self.pending: list[Future[Answer]] = []

    def look(self, images: bool, response: bool) -> None:
        self.looks.append((images, response))

    def request_selection(self, box: Box, stamp: Stamp) -> Future[Answer]:
        self.selected.append((box, stamp))
        return self.stop()

    def stop(self) -> Future[Answer]:
        self.pending.append(Future())
        return self.pending[-1]


class Visitor:
    """A browser without a screen."""

    def __init__(self, tracker: Tracker, page: Page, access: Access, http: aiohttp.ClientSession, host: str):
        self.tracker, self.page, self.access, self.http, self.host = tracker, page, access, http, host

    async def get(self, path: str, **headers: str) -> aiohttp.ClientResponse:
        return await self.http.get(f"http://{self.host}{path}", headers=headers)

    async def connect(
        self, token: str = "", compress: int = 0, **headers: str
    ) -> aiohttp.ClientWebSocketResponse:
        headers = {"Origin": f"http://{self.host}", **headers}
        path = f"/socket?token={token or self.access.token}"
        return await self.http.ws_connect(f"http://{self.host}{path}", headers=headers, compress=compress)


def visit(test: Callable[[Visitor], Awaitable[None]]) -> None:
    """Run a test against a server of its own."""

    async def main() -> None:
        async with served() as visitor:
            await asyncio.wait_for(test(visitor), 3 * SECONDS)

    asyncio.run(main())


@asynccontextmanager
async def served() -> AsyncIterator[Visitor]:
    tracker, access = Tracker(), Access("127.0.0.1")
    page = Page(tracker, access)
    async with TestServer(page.app) as server, aiohttp.ClientSession() as http:
        yield Visitor(tracker, page, access, http, f"127.0.0.1:{server.port}")


async def message(socket: aiohttp.ClientWebSocketResponse, kind: str) -> dict[str, Any]:
    """The next text message of that type."""
    while True:
        received = await socket.receive(SECONDS)
        assert received.type in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY), received
        if received.type is aiohttp.WSMsgType.TEXT and received.json()["type"] == kind:
            return received.json()


async def picture(socket: aiohttp.ClientWebSocketResponse) -> tuple[dict[str, Any], bytes]:
    """The next picture."""
    while True:
        received = await socket.receive(SECONDS)
        assert received.type in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY), received
        if received.type is aiohttp.WSMsgType.BINARY:
            return read_picture(received.data)


async def until(condition: Callable[[], Any]) -> None:
    """Let the server work until the condition holds."""
    end = asyncio.get_running_loop().time() + SECONDS
    while not condition():
        assert asyncio.get_running_loop().time() < end
        await asyncio.sleep(0.005)


def shot(number: int, made: list[int] | None = None) -> Shot:
    """An image whose JPEG is its number; `made` notes that it was encoded."""

    def encode() -> Picture:
        if made is not None:
            made.append(number)
        return Picture(b"jpeg %d" % number, 640, 480)

    return Shot(Stamp(number, 0), encode)
