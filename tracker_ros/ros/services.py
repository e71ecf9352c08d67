# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Calls of services that always end: with the answer, or with an error that says who did not answer."""

from __future__ import annotations

import time
from concurrent.futures import Future as Answer
from typing import Any

from rclpy.node import Node

from tracker_ros.ros.compat import steady_clock

_CHECK_SECONDS = 0.2


class NoAnswer(RuntimeError):
    """A service that is not there or did not answer in time. The message names it."""


class Service:
    """A client of one service. Use it on the executor's thread.

    Args:
        node: to which the client belongs.
        kind: the service's type.
        name: the service's name.
        timeout: seconds that an answer may take.
    """

    def __init__(self, node: Node, kind: Any, name: str, timeout: float):
        self._client: Any = node.create_client(kind, name)
        self._name, self._timeout = node.resolve_service_name(name), timeout
        self._asked: dict[Any, tuple[float, Answer[Any]]] = {}
        node.create_timer(_CHECK_SECONDS, self._give_up, clock=steady_clock())

    def ask(self, request: Any) -> Answer[Any]:
        """Send a request; the future holds the response, or `NoAnswer`."""
        answer: Answer[Any] = Answer()
        if not self._client.service_is_ready():
            answer.set_exception(NoAnswer(f"nobody offers the service {self._name}: is the node running?"))
            return answer
        future = self._client.call_async(request)
        self._asked[future] = time.monotonic() + self._timeout, answer
        future.add_done_callback(self._on_answer)
        return answer

    def _on_answer(self, future: Any) -> None:
        if future in self._asked:
            _, answer = self._asked.pop(future)
            answer.set_result(future.result())

    def _give_up(self) -> None:
        now = time.monotonic()
        for future in [future for future, (end, _) in self._asked.items() if now > end]:
            _, answer = self._asked.pop(future)
            self._client.remove_pending_request(future)
            answer.set_exception(NoAnswer(f"no answer of {self._name} within {self._timeout:g} s"))
