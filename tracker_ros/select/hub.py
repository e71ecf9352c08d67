# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The data that all pages show: the newest of each kind, and the newest image whose box is known."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from tracker_ros.select.protocol import Stamp, picture_message

FEWEST_WAITING, MOST_WAITING, WAITING_BYTES = 6, 60, 64 << 20
"""Images that wait for the tracker's word on them: more where they are small."""
TIMEOUT, LONGEST_TIMEOUT = 0.25, 2.0
"""Seconds without a word after which images are shown without a box: twice those between two, in these."""


class Picture(NamedTuple):
    """An encoded image and the size in pixels of the image it was made from."""

    data: bytes
    width: int
    height: int


@dataclass(frozen=True, eq=False)
class Shot:
    """An image or map that can be shown, and what the page is told about it besides its stamp and size.

    `encode` runs in a thread, and raises ValueError for an unusable image. It holds `size` bytes.
    """

    stamp: Stamp
    encode: Callable[[], Picture]
    about: dict[str, Any] = field(default_factory=dict)
    size: int = 0


class Hub:
    """Collects what there is to see. Use it on the event loop's thread.

    An image is encoded once, when the first page is ready for it, however many pages look.

    Args:
        changed: called whenever there is something new.
    """

    def __init__(self, changed: Callable[[], None]):
        self.status: dict[str, Any] = {"type": "status", "images": "", "tracker": ""}
        self.state: dict[str, Any] = {}
        self.image: Shot | None = None
        self.response: Shot | None = None
        self._changed = changed
        self._waiting: deque[Shot] = deque(maxlen=MOST_WAITING)
        self._answered, self._timeout = -TIMEOUT, TIMEOUT
        self._encoding: dict[Shot, asyncio.Future[Picture]] = {}

    def add_status(self, **texts: str) -> None:
        """Note problems of the images and the tracker, by name; '' where there is none."""
        if any(self.status[name] != text for name, text in texts.items()):
            self.status = {**self.status, **texts}
            if self.status["tracker"]:  # what a tracker said that is gone holds no longer
                self.state = {}
            self._changed()

    def add_image(self, image: Shot) -> None:
        """Accept an image; it is shown with the tracker's answer to it, if that comes in time."""
        self._waiting.append(image)
        while len(self._waiting) > FEWEST_WAITING and sum(i.size for i in self._waiting) > WAITING_BYTES:
            self._waiting.popleft()
        if asyncio.get_running_loop().time() - self._answered > self._timeout:
            self._show(image)

    def add_state(self, stamp: Stamp, state: dict[str, Any]) -> None:
        """Accept the tracker's answer to the image of that stamp."""
        self.state = {"type": "state", **state}
        image = next((image for image in self._waiting if image.stamp == stamp), None)
        if image is not None:
            before, self._answered = self._answered, asyncio.get_running_loop().time()
            # A slow tracker is not one that says nothing.
            self._timeout = min(max(2 * (self._answered - before), TIMEOUT), LONGEST_TIMEOUT)
            while self._waiting and self._waiting.popleft() is not image:
                pass
            self._show(replace(image, about={"state": state}))
        self._changed()

    def add_response(self, response: Shot) -> None:
        """Accept a picture of the response map."""
        self.response = response
        self._changed()

    def forget_pictures(self) -> None:
        """Forget all pictures: nobody looks any more, and whoever comes back later must not see old ones."""
        self._waiting.clear()
        self.image = self.response = None

    def _show(self, image: Shot) -> None:
        self.image = image
        self._changed()

    async def message(self, kind: str, shot: Shot) -> bytes:
        """Return the message with which a page gets a picture. It is encoded once.

        Raises:
            ValueError: when it cannot be encoded.
        """
        if shot not in self._encoding:
            self._encoding = {
                key: made for key, made in self._encoding.items() if key in (self.image, self.response)
            }
            self._encoding[shot] = asyncio.get_running_loop().run_in_executor(None, shot.encode)
        picture = await asyncio.shield(self._encoding[shot])
        header = {"type": kind, "stamp": shot.stamp, "width": picture.width, "height": picture.height}
        return picture_message({**header, **shot.about}, picture.data)
