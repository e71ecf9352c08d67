# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""An operator that tests steer, and messages as they come off the wire."""

from __future__ import annotations

import math
from concurrent.futures import Future
from typing import Any

from pymavlink.dialects.v20 import common as mav

from tracker_ros.mavlink.camera import Camera, Identity, Outcome, View
from tracker_ros.mavlink.messages import Rectangle, Track

ME = Identity(1, 100, "front/tracker", "1.2.3")
GROUND = (255, 190)
BOX = Rectangle(0.25, 0.5, 0.5, 0.75)
NAN = math.nan


class Tracker:
    """An operator that notes its requests and answers when the test says so."""

    def __init__(self) -> None:
        self.now = View(Track(aspect=4 / 3), (640, 480), True)
        self.requests: list[tuple[Any, Future[Outcome]]] = []

    def view(self) -> View:
        return self.now

    def request_selection(self, box: Rectangle) -> Future[Outcome]:
        self.requests.append((box, Future()))
        return self.requests[-1][1]

    def stop(self) -> Future[Outcome]:
        self.requests.append(("stop", Future()))
        return self.requests[-1][1]

    def says(self, flags: int, box: Rectangle | None = None, target_id: str = "a") -> None:
        self.now = self.now._replace(track=Track(flags, target_id, box, 4 / 3))


def wire(message: Any, sender: tuple[int, int] = GROUND) -> Any:
    """The message as its receiver sees it."""
    (received,) = mav.MAVLink(None).parse_buffer(message.pack(mav.MAVLink(None, *sender)))
    return received


def command(
    number: int,
    *parameters: float,
    target: tuple[int, int] = (1, 100),
    confirmation: int = 0,
    sender: tuple[int, int] = GROUND,
) -> Any:
    padded = [*parameters, *[0.0] * (7 - len(parameters))]
    return wire(mav.MAVLink_command_long_message(*target, number, confirmation, *padded), sender)


def answers(camera: Camera, message: Any, now: float = 0.0) -> list[Any]:
    return [wire(answer, (1, 100)) for answer in camera.handle(message, now)]


def result(camera: Camera, message: Any, now: float = 0.0) -> int:
    """The MAV_RESULT of the first answer, which must be the acknowledgement of this command."""
    first = answers(camera, message, now)[0]
    assert first.get_type() == "COMMAND_ACK" and first.command == message.command
    assert (first.target_system, first.target_component) == GROUND
    return first.result


def sent(camera: Camera, until: float, start: float = 0.0) -> list[tuple[float, Any]]:
    """What the camera sends by itself up to some time, polled when it asks to be."""
    found, now = [], start
    while now < until:
        found += [(now, wire(message, (1, 100))) for message in camera.poll(now)]
        now = max(camera.due(), now + 1e-6)
    return found


def statuses(messages: list[tuple[float, Any]]) -> list[tuple[float, Any]]:
    return [(at, message) for at, message in messages if message.get_msgId() == 275]
