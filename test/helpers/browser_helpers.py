# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Headless Chromium, driven over its DevTools protocol."""

from __future__ import annotations

import asyncio
import base64
import re
import shutil
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

TIMEOUT = 60.0
NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")


def find_chromium() -> str:
    """The program; skips the test where there is none."""
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip("no Chromium is installed")
    return found


class Browser:
    """One page of a running Chromium. Coordinates are CSS pixels from the top-left corner of the page."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse):
        self._socket = socket
        self._session = ""
        self._number = 0
        self.problems: deque[str] = deque(maxlen=20)

    async def call(self, method: str, **params: Any) -> dict[str, Any]:
        """One command of the protocol; its result."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        await self._socket.send_json({**message, "sessionId": self._session} if self._session else message)
        while True:
            answer = await self._socket.receive_json(timeout=TIMEOUT)
            self._note(answer)
            if answer.get("id") == self._number:
                assert "error" not in answer, f"{method}: {answer['error']}"
                return answer["result"]

    def _note(self, event: dict[str, Any]) -> None:
        """Keep what the page complains about: scripts that fail, resources that are refused."""
        if event.get("method") == "Runtime.exceptionThrown":
            self.problems.append(str(event["params"]["exceptionDetails"]))
        elif event.get("method") == "Log.entryAdded" and event["params"]["entry"]["level"] == "error":
            self.problems.append(str(event["params"]["entry"]))

    async def open(self, url: str, width: int, height: int, touch: bool = False) -> None:
        """Open an address in a window of this size."""
        target = await self.call("Target.createTarget", url="about:blank")
        attached = await self.call("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            await self.call(f"{domain}.enable")
        await self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=2 if touch else 1,
            mobile=touch,
        )
        await self.call("Emulation.setTouchEmulationEnabled", enabled=touch)
        await self.call("Page.navigate", url=url)
        await self.wait("location.href !== 'about:blank' && document.readyState === 'complete'")

    async def reload(self) -> None:
        """Load the page anew; the old document, which answers for a while yet, is told by a mark."""
        await self.evaluate("document.old = true")
        await self.call("Page.reload")
        await self.wait("!document.old && document.readyState === 'complete'")

    async def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression in the page."""
        result = await self.call(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    async def wait(self, expression: str) -> Any:
        """Wait until an expression is true; its value."""
        end = time.monotonic() + TIMEOUT
        while not (value := await self.evaluate(expression)):
            text = await self.evaluate("document.body?.innerText")
            assert time.monotonic() < end, f"waited for {expression} in\n{text}\n{list(self.problems)}"
            await asyncio.sleep(0.05)
        return value

    async def text(self, selector: str) -> str:
        """The text of an element."""
        return str(await self.evaluate(f"document.querySelector('{selector}').textContent"))

    async def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        """Draw with the mouse."""
        for kind, (x, y) in (("mousePressed", start), ("mouseMoved", end), ("mouseReleased", end)):
            await self.call(
                "Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", buttons=1, clickCount=1
            )

    async def swipe(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        """Draw with a finger."""
        for kind, points in (("touchStart", [start]), ("touchMove", [end]), ("touchEnd", [])):
            await self.call(
                "Input.dispatchTouchEvent", type=kind, touchPoints=[{"x": x, "y": y} for x, y in points]
            )

    async def press(self, key: str, shift: bool = False) -> None:
        """Press a key by its name, such as ArrowLeft."""
        codes = {"Enter": 13, "Escape": 27, "ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40}
        for kind in ("rawKeyDown", "keyUp"):
            await self.call(
                "Input.dispatchKeyEvent",
                type=kind,
                key=key,
                code=key,
                modifiers=8 * shift,
                windowsVirtualKeyCode=codes[key],
            )

    async def screenshot(self, path: Path) -> None:
        """Save what the page looks like as PNG."""
        result = await self.call("Page.captureScreenshot", format="png")
        path.write_bytes(base64.b64decode(result["data"]))


async def _address(output: asyncio.StreamReader) -> str:
    """Where the protocol is spoken, which Chromium prints."""
    while line := await output.readline():
        if found := re.search(r"listening on (ws://\S+)", line.decode()):
            return found[1]
    raise AssertionError("Chromium ended at once")


@asynccontextmanager
async def browser(profile: Path) -> AsyncIterator[Browser]:
    """A Chromium with an empty profile in a folder."""
    # The sandbox does not work in every container; the only page that is opened is ours.
    process = await asyncio.create_subprocess_exec(
        find_chromium(),
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--no-first-run",
        "--disable-dev-shm-usage",
        "--remote-debugging-port=0",
        f"--user-data-dir={profile}",
        "about:blank",
        stderr=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.DEVNULL,
    )
    assert process.stderr is not None
    try:
        address = await asyncio.wait_for(_address(process.stderr), TIMEOUT)
        async with aiohttp.ClientSession() as session:
            async with session.ws_connect(address, max_msg_size=0) as socket:
                yield Browser(socket)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
