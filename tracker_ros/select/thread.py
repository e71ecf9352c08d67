# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The page's server in a thread of its own, beside a program that has another loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from threading import Thread
from typing import Any

from aiohttp import web

from tracker_ros.select.access import Access
from tracker_ros.select.server import Bridge, Page

_CLOSING_SECONDS = 2.0


class PageThread:
    """Serves the page until `close`.

    Args:
        bridge: the tracker. Its methods are called on this thread.
        host: name or numeric address to bind.
        port: to bind; 0 for one that is free.

    Raises:
        OSError: when that address cannot be bound.
    """

    def __init__(self, bridge: Bridge, host: str, port: int):
        self._access = Access(host)
        self._loop = asyncio.new_event_loop()
        self._ending = asyncio.Event()
        started: Future[tuple[Page, int]] = Future()
        self._thread = Thread(target=self._run, args=(bridge, host, port, started), name="page", daemon=True)
        self._thread.start()
        self._page, self._port = started.result()
        self._host = f"[{host}]" if ":" in host else host

    @property
    def url(self) -> str:
        """The address to open, with the token."""
        return f"http://{self._host}:{self._port}/?token={self._access.token}"

    def tell(self, what: Callable[..., None], *things: Any) -> None:
        """Call a method of `hub` on the event loop's thread."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(what, *things)

    @property
    def hub(self) -> Any:
        """The hub of the page; its methods are for `tell`."""
        return self._page.hub

    def close(self) -> None:
        """Close all pages and end the thread."""
        self.tell(self._ending.set)
        self._thread.join(_CLOSING_SECONDS)

    def _run(self, bridge: Bridge, host: str, port: int, started: Future[tuple[Page, int]]) -> None:
        try:
            self._loop.run_until_complete(self._serve(bridge, host, port, started))
        finally:
            self._loop.run_until_complete(self._loop.shutdown_default_executor())
            self._loop.close()

    async def _serve(self, bridge: Bridge, host: str, port: int, started: Future[tuple[Page, int]]) -> None:
        page = Page(bridge, self._access)
        # Requests are not logged: they hold the token.
        runner = web.AppRunner(page.app, access_log=None, handle_signals=False)
        await runner.setup()
        try:
            await web.TCPSite(runner, host, port).start()
            started.set_result((page, runner.addresses[0][1]))
            await self._ending.wait()
        except OSError as error:
            started.set_exception(error)
        finally:
            await runner.cleanup()
