# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Messages of the WebSocket.

From the page come JSON objects in text messages, each with a ``type``:

========== ============================================================= =========================
type       fields                                                        answered by
========== ============================================================= =========================
look       images, response: bool; what this page wants to see
shown      (none): the last image is on the screen, the next may come
select     id: int; box: x, y, w, h in image pixels; stamp: sec, nanosec ``answer`` with the same id
stop       id: int                                                       ``answer`` with the same id
========== ============================================================= =========================

To the page go JSON objects in text messages (``status``, ``state``, ``answer``, ``error``), and pictures in
binary ones: the length of a JSON header as 4 bytes, little-endian, then the header, then JPEG or PNG.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

from tracker_ros.geometry import Box

LONGEST_MESSAGE = 4096
"""Bytes; a longer message from the page ends its connection."""
_LARGEST_COORDINATE = 1e6


class Stamp(NamedTuple):
    """A ROS time, exact."""

    sec: int
    nanosec: int


class BadRequest(ValueError):
    """A message of the page that cannot be understood. The text says what is wrong with it."""


@dataclass(frozen=True)
class Look:
    """A page's choice of what to receive from now on."""

    images: bool
    response: bool


@dataclass(frozen=True)
class Shown:
    """The last image is on the screen."""


@dataclass(frozen=True)
class Select:
    """Start on this box of the image with this stamp."""

    id: int
    box: Box
    stamp: Stamp


@dataclass(frozen=True)
class Stop:
    """Stop tracking the target."""

    id: int


Request: TypeAlias = Look | Shown | Select | Stop


def read_request(text: str) -> Request:
    """Return the request in a message of the page.

    Raises:
        BadRequest: when it is none.
    """
    try:
        message = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadRequest("the message is not JSON") from error
    if not isinstance(message, dict):
        raise BadRequest("the message is not a JSON object")
    kind = message.get("type")
    if kind == "look":
        return Look(_flag(message, "images"), _flag(message, "response"))
    if kind == "shown":
        return Shown()
    if kind == "select":
        return Select(_whole(message.get("id"), "id"), _box(message.get("box")), _stamp(message.get("stamp")))
    if kind == "stop":
        return Stop(_whole(message.get("id"), "id"))
    raise BadRequest("the message has no known type")


def picture_message(header: dict[str, Any], picture: bytes) -> bytes:
    """Return a binary message of a header and an encoded picture."""
    head = json.dumps(header).encode()
    return struct.pack("<I", len(head)) + head + picture


def read_picture(message: bytes) -> tuple[dict[str, Any], bytes]:
    """Split a binary message into header and encoded picture."""
    (length,) = struct.unpack_from("<I", message)
    return json.loads(message[4 : 4 + length]), message[4 + length :]


def _flag(message: dict[str, Any], name: str) -> bool:
    if not isinstance(message.get(name), bool):
        raise BadRequest(f"'{name}' is not true or false")
    return bool(message[name])


def _whole(value: Any, name: str, end: int = 2**31) -> int:
    if type(value) is not int or not 0 <= value < end:
        raise BadRequest(f"'{name}' is not a whole number from 0 to {end - 1}")
    return value


def _box(value: Any) -> Box:
    if not isinstance(value, list) or len(value) != 4:
        raise BadRequest("'box' is not a list of x, y, w, h")
    for number in value:
        # Not written the other way round: NaN is not larger than anything.
        if type(number) not in (int, float) or not abs(number) <= _LARGEST_COORDINATE:
            raise BadRequest(f"'box' holds something else than numbers up to {_LARGEST_COORDINATE:g}")
    # JavaScript writes 40.0 as 40, and rclpy would take an int for the bytes of a float.
    return Box.from_xywh(*map(float, value))


def _stamp(value: Any) -> Stamp:
    if not isinstance(value, list) or len(value) != 2:
        raise BadRequest("'stamp' is not a list of seconds and nanoseconds")
    return Stamp(_whole(value[0], "stamp"), _whole(value[1], "stamp", 10**9))
