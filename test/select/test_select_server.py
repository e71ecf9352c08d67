# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The page's server, with a made-up tracker behind it: what it understands, and its thread."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

aiohttp = pytest.importorskip("aiohttp", reason="aiohttp is not installed")

from select_helpers import SECONDS, Tracker, Visitor, message, picture, shot, until, visit  # noqa: E402

from tracker_ros.geometry import Box  # noqa: E402
from tracker_ros.select.protocol import (  # noqa: E402
    LONGEST_MESSAGE,
    BadRequest,
    Select,
    Stamp,
    read_request,
)
from tracker_ros.select.server import Answer  # noqa: E402
from tracker_ros.select.thread import PageThread  # noqa: E402

LOOK = {"type": "look", "images": True, "response": False}


def test_an_oversized_message_ends_that_page_only() -> None:
    async def test(visitor: Visitor) -> None:
        socket, other = await visitor.connect(), await visitor.connect()
        await socket.send_str(json.dumps({"type": "stop", "id": 1, "filler": "x" * LONGEST_MESSAGE}))
        while not socket.closed:
            await socket.receive(SECONDS)
        assert socket.close_code == aiohttp.WSCloseCode.MESSAGE_TOO_BIG
        assert not visitor.tracker.pending
        await other.send_json(LOOK)
        await until(lambda: visitor.tracker.looks == [(True, False)])

    visit(test)


BAD = [
    "",
    "nonsense",
    "[" * 4000,
    "null",
    "[]",
    "{}",
    '{"type": "fly"}',
    '{"type": ["select"]}',
    '{"type": "look", "images": 1, "response": false}',
    '{"type": "stop"}',
    '{"type": "stop", "id": true}',
    '{"type": "select", "id": 1, "box": [1, 2, 3], "stamp": [1, 2]}',
    '{"type": "select", "id": 1, "box": [1, 2, NaN, 4], "stamp": [1, 2]}',
    '{"type": "select", "id": 1, "box": [1, 2, 1e999, 4], "stamp": [1, 2]}',
    '{"type": "select", "id": 1, "box": [1, 2, 1' + "0" * 999 + ', 4], "stamp": [1, 2]}',
    '{"type": "select", "id": 1, "box": [1, 2, 3, 4], "stamp": [-1, 2]}',
    '{"type": "select", "id": 1, "box": [1, 2, 3, 4], "stamp": [1, 1000000000]}',
    '{"type": "select", "id": 1, "box": [1, 2, 3, 4], "stamp": 1.5}',
]


def test_malformed_messages_get_an_error_and_the_page_goes_on() -> None:
    async def test(visitor: Visitor) -> None:
        socket = await visitor.connect()
        for text in BAD:
            await socket.send_str(text)
            assert (await message(socket, "error"))["text"], text
        await socket.send_bytes(b"\x00")
        assert "only text" in (await message(socket, "error"))["text"]
        await socket.send_json(LOOK)
        await until(lambda: visitor.tracker.looks == [(True, False)])
        assert not visitor.tracker.selected

    visit(test)


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats()
        | st.sampled_from(["look", "shown", "select", "stop"]),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(
                st.sampled_from(["type", "id", "box", "stamp", "images", "response"]), inner, max_size=6
            )
        ),
    )
)
def test_any_json_is_a_request_or_refused(value: Any) -> None:
    try:
        request = read_request(json.dumps(value))
    except BadRequest as error:
        assert str(error)
    else:
        assert type(request).__name__.lower() == value["type"]


def test_numbers_of_a_selection_arrive_exactly() -> None:
    stamp = [1795258681, 999999999]
    text = json.dumps({"type": "select", "id": 7, "box": [1.5, 2, 30, 40.25], "stamp": stamp})
    wanted = Select(7, Box(16.5, 22.125, 30, 40.25), Stamp(*stamp))
    assert read_request(text) == wanted
    assert all(type(number) is float for number in read_request(text).box)


def test_orders_are_answered_and_images_do_not_wait_for_them() -> None:
    async def test(visitor: Visitor) -> None:
        socket, tracker = await visitor.connect(), visitor.tracker
        await socket.send_json(LOOK)
        await socket.send_json({"type": "select", "id": 1, "box": [10, 20, 30, 40], "stamp": [5, 6]})
        await until(lambda: tracker.pending)
        assert tracker.selected == [(Box(25, 40, 30, 40), Stamp(5, 6))]
        visitor.page.hub.add_image(shot(1))
        assert (await picture(socket))[0]["stamp"] == [1, 0]
        await socket.send_json({"type": "stop", "id": 2})
        second = await message(socket, "answer")
        assert (second["id"], second["accepted"]) == (2, False) and "not decided" in second["reason"]
        tracker.pending[0].set_result(Answer(False, "box lies outside"))
        first = await message(socket, "answer")
        assert first == {
            "type": "answer",
            "id": 1,
            "accepted": False,
            "reason": "box lies outside",
            "target_id": "",
        }
        await socket.send_json({"type": "stop", "id": 3})
        await until(lambda: len(tracker.pending) == 2)
        tracker.pending[1].set_result(Answer(True))
        assert (await message(socket, "answer"))["accepted"]

    visit(test)


def test_a_page_that_leaves_before_the_answer_harms_nobody() -> None:
    async def test(visitor: Visitor) -> None:
        socket, other = await visitor.connect(), await visitor.connect()
        await socket.send_json({"type": "stop", "id": 1})
        await until(lambda: visitor.tracker.pending)
        await socket.close()
        visitor.tracker.pending[0].set_result(Answer(True))
        await other.send_json(LOOK)
        await until(lambda: visitor.tracker.looks == [(True, False)])

    visit(test)


def test_the_thread_serves_tells_and_ends() -> None:
    thread = PageThread(Tracker(), "127.0.0.1", 0)

    async def visit_it() -> None:
        async with aiohttp.ClientSession() as http:
            base, _, token = thread.url.partition("/?token=")
            assert (await http.get(thread.url)).status == 200
            headers = {"Origin": base}
            async with http.ws_connect(f"{base}/socket?token={token}", headers=headers) as socket:
                thread.tell(thread.hub.add_state, Stamp(1, 0), {"state": "LOST"})
                assert (await message(socket, "state"))["state"] == "LOST"
                await asyncio.to_thread(thread.close)
                assert (await socket.receive(SECONDS)).type is aiohttp.WSMsgType.CLOSE

    asyncio.run(visit_it())
    assert not thread._thread.is_alive()
    thread.tell(thread.hub.add_status)  # too late, and no harm


def test_a_port_that_is_taken_is_an_error() -> None:
    first = PageThread(Tracker(), "127.0.0.1", 0)
    port = int(first.url.partition("/?")[0].rpartition(":")[2])
    try:
        with pytest.raises(OSError, match="address already in use"):
            PageThread(Tracker(), "127.0.0.1", port)
    finally:
        first.close()
