# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The web server behind the page: files, one WebSocket a page, and who may have them.

It has no other way in than the WebSocket: no POST, no cookie.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from aiohttp import WSMsgType, web

from tracker_ros.geometry import Box
from tracker_ros.select.access import Access
from tracker_ros.select.hub import Hub, Shot
from tracker_ros.select.protocol import (
    LONGEST_MESSAGE,
    BadRequest,
    Look,
    Select,
    Shown,
    Stamp,
    Stop,
    read_request,
)

MOST_PAGES = 8
"""Pages that may look at a time."""
_HEARTBEAT = 10.0
"""Seconds between signs of life; a page that gives none is forgotten."""
_GOODBYE = 1.0
"""Seconds that a page has to close its side."""
_FILES = Path(__file__).parent / "page"
_TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; "
    "form-action 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_STRANGER = "This address needs the token of the running server: open the whole address that it printed.\n"


class Answer(NamedTuple):
    """The outcome of a request."""

    accepted: bool
    reason: str = ""
    target_id: str = ""


class Bridge(Protocol):
    """The tracker, as the page sees it. Methods are called on the event loop's thread and return at once."""

    def look(self, images: bool, response: bool) -> None:
        """Set whether anybody wants images and response maps from now on."""

    def request_selection(self, box: Box, stamp: Stamp) -> Future[Answer]:
        """Start on this box of the image with this stamp."""

    def stop(self) -> Future[Answer]:
        """Stop tracking the target."""


@dataclass(eq=False)
class Viewer:
    """One open page: what it wants, and what it was sent last."""

    socket: web.WebSocketResponse
    wants: Look = Look(False, False)
    ready: bool = True
    deciding: bool = False
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    seen: dict[str, Any] = field(default_factory=dict)

    def is_new(self, kind: str, thing: Any) -> bool:
        """Return whether this page has not been sent that thing yet, and mark it as sent."""
        if not thing or self.seen.get(kind) is thing:
            return False
        self.seen[kind] = thing
        return True


class Page:
    """The application. `hub` takes what there is to see."""

    def __init__(self, bridge: Bridge, access: Access):
        self.hub = Hub(self._on_change)
        self._bridge, self._access = bridge, access
        self._viewers: set[Viewer] = set()
        self._looked = Look(False, False)
        self._tasks: set[asyncio.Task[None]] = set()
        self.app = web.Application(middlewares=[self._guard])
        self.app.on_response_prepare.append(_add_headers)
        self.app.on_shutdown.append(self._close)
        self.app.router.add_get("/", self._index)
        self.app.router.add_get("/socket", self._socket)
        for path in _FILES.iterdir():
            if path.suffix in _TYPES:
                self.app.router.add_get(f"/{path.name}", _file(path))

    # -- who may come in -----------------------------------------------------------------------------

    @web.middleware
    async def _guard(self, request: web.Request, handler: Callable[[web.Request], Awaitable[Any]]) -> Any:
        if not self._access.serves(request.headers.get("Host", "")):
            raise web.HTTPForbidden(text="This server does not serve that host name.\n")
        return await handler(request)

    async def _index(self, request: web.Request) -> web.Response:
        if not self._access.knows(request.query.get("token", "")):
            raise web.HTTPForbidden(text=_STRANGER)
        return _read(_FILES / "index.html")

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        host, origin = request.headers.get("Host", ""), request.headers.get("Origin", "")
        if not self._access.same_origin(origin, host):
            raise web.HTTPForbidden(text="Only this server's own page may connect.\n")
        if not self._access.knows(request.query.get("token", "")):
            raise web.HTTPForbidden(text=_STRANGER)
        if len(self._viewers) >= MOST_PAGES:
            raise web.HTTPServiceUnavailable(text=f"{MOST_PAGES} pages are open already.\n")
        # Pictures are compressed already; what aiohttp packs once more outlives a page that closes.
        viewer = Viewer(
            web.WebSocketResponse(
                max_msg_size=LONGEST_MESSAGE, heartbeat=_HEARTBEAT, timeout=_GOODBYE, compress=False
            )
        )
        self._viewers.add(viewer)
        try:
            await viewer.socket.prepare(request)
            await self._serve(viewer)
        finally:
            self._viewers.discard(viewer)
            self._follow_demand()
        return viewer.socket

    # -- one page ------------------------------------------------------------------------------------

    async def _serve(self, viewer: Viewer) -> None:
        viewer.changed.set()
        sender = asyncio.create_task(self._send(viewer))
        try:
            async for message in viewer.socket:
                if message.type is WSMsgType.TEXT:
                    await self._execute(viewer, message.data)
                else:
                    await viewer.socket.send_json({"type": "error", "text": "only text is understood"})
        except ConnectionError:  # the page went away while it was answered
            pass
        finally:
            sender.cancel()

    async def _execute(self, viewer: Viewer, text: str) -> None:
        try:
            request = read_request(text)
        except BadRequest as error:
            await viewer.socket.send_json({"type": "error", "text": str(error)})
            return
        if isinstance(request, Look):
            viewer.wants, viewer.ready = request, True
            self._follow_demand()
            viewer.changed.set()
        elif isinstance(request, Shown):
            viewer.ready = True
            viewer.changed.set()
        else:
            await self._forward(viewer, request)

    async def _forward(self, viewer: Viewer, request: Select | Stop) -> None:
        """Pass a request on. Its answer must not hold up the images."""
        if viewer.deciding:
            await self._answer(viewer, request.id, Answer(False, "the request before is not decided yet"))
            return
        if isinstance(request, Select):
            pending = self._bridge.request_selection(request.box, request.stamp)
        else:
            pending = self._bridge.stop()

        async def answer() -> None:
            try:
                await self._answer(viewer, request.id, await asyncio.wrap_future(pending))
            except ConnectionError:  # the page was closed meanwhile
                pass
            finally:
                viewer.deciding = False

        viewer.deciding = True
        task = asyncio.create_task(answer())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    @staticmethod
    async def _answer(viewer: Viewer, number: int, answer: Answer) -> None:
        await viewer.socket.send_json({"type": "answer", "id": number, **answer._asdict()})

    async def _send(self, viewer: Viewer) -> None:
        """Send what is new, and an image only when the one before is on the screen."""
        hub = self.hub
        try:
            while True:
                await viewer.changed.wait()
                viewer.changed.clear()
                for kind, message in (("status", hub.status), ("state", hub.state)):
                    if viewer.is_new(kind, message):
                        await viewer.socket.send_json(message)
                if viewer.wants.response:
                    await self._send_picture(viewer, "response", hub.response)
                if viewer.wants.images and viewer.ready:
                    viewer.ready = not await self._send_picture(viewer, "image", hub.image)
        except ConnectionError:  # closed: the reading side ends too
            pass

    async def _send_picture(self, viewer: Viewer, kind: str, shot: Shot | None) -> bool:
        if shot is None or not viewer.is_new(kind, shot):
            return False
        try:
            message = await self.hub.message(kind, shot)
        except ValueError:  # whoever made the shot says so in the status
            return False
        await viewer.socket.send_bytes(message)
        return True

    # -- all pages -----------------------------------------------------------------------------------

    def _on_change(self) -> None:
        for viewer in self._viewers:
            viewer.changed.set()

    def _follow_demand(self) -> None:
        wants = [viewer.wants for viewer in self._viewers]
        wanted = Look(any(look.images for look in wants), any(look.response for look in wants))
        if wanted != self._looked:
            self._looked = wanted
            if not wanted.images:
                self.hub.forget_pictures()
            self._bridge.look(wanted.images, wanted.response)

    async def _close(self, _: web.Application) -> None:
        for viewer in list(self._viewers):
            await viewer.socket.close(code=1001, message=b"the server ends")


async def _add_headers(_: web.BaseRequest, response: web.StreamResponse) -> None:
    response.headers.update(_HEADERS)


def _file(path: Path) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def send(_: web.Request) -> web.Response:
        return _read(path)

    return send


def _read(path: Path) -> web.Response:
    return web.Response(body=path.read_bytes(), content_type=_TYPES[path.suffix], charset="utf-8")
