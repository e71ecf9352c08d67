# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The page's server, with a made-up tracker behind it: what it shows."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

aiohttp = pytest.importorskip("aiohttp", reason="aiohttp is not installed")

from select_helpers import Visitor, message, picture, shot, until, visit  # noqa: E402

from tracker_ros.select.hub import TIMEOUT, WAITING_BYTES, Picture, Shot  # noqa: E402
from tracker_ros.select.protocol import (  # noqa: E402
    Stamp,
)

LOOK = {"type": "look", "images": True, "response": False}
BLIND = {"type": "look", "images": False, "response": False}


def test_images_are_wanted_only_while_a_page_looks() -> None:
    async def test(visitor: Visitor) -> None:
        first, second = await visitor.connect(), await visitor.connect()
        assert visitor.tracker.looks == []
        await first.send_json(LOOK)
        await second.send_json({**LOOK, "response": True})
        await until(lambda: visitor.tracker.looks == [(True, False), (True, True)])
        await second.close()
        await until(lambda: visitor.tracker.looks[2:] == [(True, False)])
        await first.send_json(BLIND)
        await until(lambda: visitor.tracker.looks[3:] == [(False, False)])

    visit(test)


def test_only_the_newest_image_is_encoded_and_only_for_a_page_that_is_ready() -> None:
    async def test(visitor: Visitor) -> None:
        made: list[int] = []
        hub = visitor.page.hub
        blind, socket, other = [await visitor.connect() for _ in range(3)]
        await blind.send_json(BLIND)
        for number in (1, 2, 3):
            hub.add_image(shot(number, made))
        await socket.send_json(LOOK)
        header, data = await picture(socket)
        assert (header["stamp"], header["width"], header["height"], data) == ([3, 0], 640, 480, b"jpeg 3")
        for number in (4, 5, 6):
            hub.add_image(shot(number, made))
        assert made == [3]  # the page has not said that image 3 is on the screen
        await socket.send_json({"type": "shown"})
        assert (await picture(socket))[0]["stamp"] == [6, 0]
        await other.send_json(LOOK)
        assert (await picture(other))[0]["stamp"] == [6, 0]
        assert made == [3, 6]  # once for both pages

    visit(test)


def test_pictures_are_not_compressed_once_more_for_a_browser_that_offers_it() -> None:
    async def test(visitor: Visitor) -> None:
        socket = await visitor.connect(compress=15)
        assert socket.compress == 0
        await socket.close()

    visit(test)


def test_an_image_is_shown_with_the_box_that_was_found_in_it() -> None:
    async def test(visitor: Visitor) -> None:
        hub, socket = visitor.page.hub, await visitor.connect()
        await socket.send_json(LOOK)
        hub.add_image(shot(1))
        assert "state" not in (await picture(socket))[0]  # no tracker answers: images are shown as they come
        await socket.send_json({"type": "shown"})
        hub.add_state(Stamp(1, 0), {"state": "TRACKING", "box": [1, 2, 3, 4]})
        assert (await message(socket, "state"))["state"] == "TRACKING"
        assert (await picture(socket))[0]["state"]["box"] == [1, 2, 3, 4]
        await socket.send_json({"type": "shown"})
        hub.add_image(shot(2))
        hub.add_image(shot(3))
        hub.add_state(Stamp(2, 0), {"state": "TRACKING", "box": [5, 6, 7, 8]})
        header, _ = await picture(socket)
        assert (header["stamp"], header["state"]["box"]) == ([2, 0], [5, 6, 7, 8])
        await socket.send_json({"type": "shown"})
        await asyncio.sleep(TIMEOUT)  # the tracker has nothing more to say
        hub.add_image(shot(4))
        header, _ = await picture(socket)
        assert header["stamp"] == [4, 0] and "state" not in header

    visit(test)


def test_boxes_of_a_slow_tracker_are_shown_too() -> None:
    """On a busy machine, or a small one, a result takes longer than a page would wait for a fast tracker."""

    async def test(visitor: Visitor) -> None:
        hub, socket = visitor.page.hub, await visitor.connect()
        await socket.send_json(LOOK)
        for number in range(1, 16):
            hub.add_image(shot(number))
        for number, box in ((1, [1, 2, 3, 4]), (15, [5, 6, 7, 8])):
            hub.add_state(Stamp(number, 0), {"state": "TRACKING", "box": box})
            await asyncio.sleep(1.6 * TIMEOUT)
        hub.add_image(shot(16))
        seen = []
        while not seen or seen[-1][0]["stamp"] != [15, 0]:
            seen.append(await picture(socket))
            await socket.send_json({"type": "shown"})
        assert seen[-1][0]["state"]["box"] == [5, 6, 7, 8]
        hub.add_state(Stamp(16, 0), {"state": "TRACKING", "box": [9, 9, 9, 9]})
        header, _ = await picture(socket)
        assert (header["stamp"], header["state"]["box"]) == ([16, 0], [9, 9, 9, 9])

    visit(test)


def test_large_images_that_wait_do_not_fill_the_memory() -> None:
    async def test(visitor: Visitor) -> None:
        hub = visitor.page.hub
        for number in range(1, 20):
            hub.add_image(replace(shot(number), size=WAITING_BYTES // 8))
        for number, shown in ((11, False), (12, True)):
            hub.add_state(Stamp(number, 0), {"state": "TRACKING", "box": [1, 2, 3, 4]})
            assert hub.image is not None and (hub.image.stamp == Stamp(number, 0)) is shown

    visit(test)


def test_what_a_lost_tracker_said_is_not_told_to_new_pages() -> None:
    async def test(visitor: Visitor) -> None:
        hub = visitor.page.hub
        hub.add_state(Stamp(1, 0), {"state": "TRACKING", "box": [1, 2, 3, 4]})
        assert (await message(await visitor.connect(), "state"))["state"] == "TRACKING"
        hub.add_status(tracker="No tracker node answers.")
        socket = await visitor.connect()
        assert (await message(socket, "status"))["tracker"] == "No tracker node answers."
        hub.add_status(tracker="")
        hub.add_state(Stamp(2, 0), {"state": "IDLE", "box": None})
        assert (await message(socket, "state"))["state"] == "IDLE"

    visit(test)


def test_an_image_that_cannot_be_encoded_is_passed_over() -> None:
    async def test(visitor: Visitor) -> None:
        def encode() -> Picture:
            raise ValueError("cut off")

        hub, socket = visitor.page.hub, await visitor.connect()
        await socket.send_json({"type": "look", "images": True, "response": True})
        await until(lambda: visitor.tracker.looks)
        hub.add_image(Shot(Stamp(1, 0), encode))
        hub.add_response(Shot(Stamp(1, 0), encode))
        hub.add_status(images="The image cannot be shown: cut off.")
        await message(socket, "status")
        while "cut off" not in visitor.page.hub.status["images"]:
            await message(socket, "status")
        hub.add_image(shot(2))
        assert (await picture(socket))[0]["stamp"] == [2, 0]
        hub.add_response(Shot(Stamp(2, 0), lambda: Picture(b"png", 31, 31), {"window": [1, 2, 3, 4]}))
        header, data = await picture(socket)
        assert (header["type"], header["window"], data) == ("response", [1, 2, 3, 4], b"png")

    visit(test)
