# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Bytes to messages and back: one MAVLink end point, and the thread that serves a component on it."""

from __future__ import annotations

import select
import time
import traceback
from collections.abc import Callable, Iterable
from contextlib import closing
from threading import Event, Thread
from typing import Protocol

from pymavlink import mavutil
from pymavlink.dialects.v20 import common as mav

from tracker_ros.mavlink.messages import Message
from tracker_ros.mavlink.udp import UdpPort

RETRY_SECONDS = 1.0
"""After a failure the end point is opened again so much later."""
_LONGEST_WAIT = 0.2
_ORDER_WAIT = 0.02
_AT_ONCE = 64
"""Packets that are taken before something else gets its turn."""


class Component(Protocol):
    """A service on an end point. Times are of one steady clock, in seconds."""

    def handle(self, message: Message, now: float) -> list[Message]:
        """Process a message; return the messages to send."""

    def poll(self, now: float) -> list[Message]:
        """Return the messages that are due now."""

    def due(self) -> float:
        """Return the time at which `poll` has something to do next."""

    @property
    def waits(self) -> bool:
        """True while a request is in progress, whose end `poll` has to notice."""


class EndPoint:
    """A socket or serial port that speaks MAVLink 2.

    Args:
        name: "udpout:HOST:PORT", "udpin:HOST:PORT" or "serial:DEVICE:BAUD".
        system_id: of who sends.
        component_id: of who sends.

    Raises:
        ValueError: for a name that is none of these.
        OSError: when it cannot be opened.
    """

    def __init__(self, name: str, system_id: int, component_id: int):
        kind, place, number = split_name(name)
        self._is_serial = kind == "serial"
        if self._is_serial:
            self._port = mavutil.mavserial(place, baud=number)
        else:
            self._port = UdpPort(place, number, listens=kind == "udpin")
        self._codec = mav.MAVLink(self._port, system_id, component_id)
        self._codec.robust_parsing = True

    def receive(self, seconds: float) -> list[Message]:
        """Wait so many seconds for messages; return those that arrive as soon as there are some."""
        if not select.select([self._port.fd], [], [], max(seconds, 0.0))[0]:
            return []
        found: list[Message] = []
        for _ in range(_AT_ONCE):
            data = self._port.recv(1024)
            if not data:
                break
            found += self._parse(data)
        return found

    def _parse(self, data: bytes) -> list[Message]:
        if not self._is_serial:
            # A message never spans two datagrams: what an earlier one left over was not a message.
            self._codec.buf, self._codec.buf_index = bytearray(), 0
        found = [message for message in self._codec.parse_buffer(data) or [] if message.get_msgId() >= 0]
        if found and not self._is_serial:
            self._port.keep_peer()
        return found

    def send(self, messages: Iterable[Message]) -> None:
        """Send messages. May raise OSError; a datagram that nobody takes is no error."""
        for message in messages:
            self._codec.send(message)
        if self._is_serial and self._port.portdead:
            raise OSError("the serial port takes no bytes any more")

    def close(self) -> None:
        """Close the socket or port."""
        self._port.close()


def split_name(name: str) -> tuple[str, str, int]:
    """Split an end point into kind, host or device, and port or baud rate.

    Raises:
        ValueError: for a name that is none.
    """
    kind, _, rest = name.partition(":")
    place, _, number = rest.rpartition(":")
    if kind not in ("udpout", "udpin", "serial") or not place or not number.isdigit():
        raise ValueError(
            f"'{name}' is no MAVLink end point: use udpout:HOST:PORT (to a ground station that "
            "listens), udpin:HOST:PORT (to listen) or serial:DEVICE:BAUD"
        )
    if kind != "serial" and not 0 < int(number) < 65536:
        raise ValueError(f"'{name}': there is no UDP port {number}")
    return kind, place, int(number)


class Server:
    """A thread that serves a component on an end point, which it opens again after a failure.

    Args:
        component: used by this thread only, but for what it says may be called on another.
        open_end: opens the end point; may raise OSError.
        log: told in one sentence when the end point fails and when it is back, and of errors.
    """

    def __init__(self, component: Component, open_end: Callable[[], EndPoint], log: Callable[[str], None]):
        self._component, self._open, self._log = component, open_end, log
        self._closed = Event()
        self._failed = False
        self._thread = Thread(target=self._run, name="mavlink", daemon=True)
        self._thread.start()

    def close(self, seconds: float) -> bool:
        """End the thread, waiting so long; whether that was enough."""
        self._closed.set()
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while not self._closed.is_set():
            try:
                self._serve(self._open())
            except Exception as error:  # whatever it is, the thread lives on
                self._fail(error)

    def _fail(self, error: Exception) -> None:
        if not self._failed:
            # Of a lost line, and of a missing pyserial, the text says it all.
            text = str(error) if isinstance(error, OSError | ImportError) else traceback.format_exc()
            self._log(f"the MAVLink end point failed, trying again every {RETRY_SECONDS:g} s: {text}")
        self._failed = True
        self._closed.wait(RETRY_SECONDS)

    def _serve(self, end: EndPoint) -> None:
        if self._failed:
            self._log("the MAVLink end point is back")
            self._failed = False
        with closing(end):
            while not self._closed.is_set():
                end.send(self._component.poll(time.monotonic()))
                longest = _ORDER_WAIT if self._component.waits else _LONGEST_WAIT
                for message in end.receive(min(self._component.due() - time.monotonic(), longest)):
                    end.send(self._handle(message))
            end.send(self._component.poll(time.monotonic()))  # what was asked for before the end

    def _handle(self, message: Message) -> list[Message]:
        try:
            return self._component.handle(message, time.monotonic())
        except Exception:  # one message that is not understood leaves the line alone
            self._log(traceback.format_exc())
            return []
