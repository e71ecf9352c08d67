# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""One thread for the work that must not hold up callbacks: requests in turn, and of frames the newest."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from threading import Condition, Thread
from time import monotonic
from typing import Generic, TypeVar

Frame = TypeVar("Frame")

TICK_SECONDS = 0.1


class Worker(Generic[Frame]):
    """Runs `on_frame` for the newest offered frame and, before frames, every submitted request.

    Args:
        on_frame: called on the worker's thread; it handles its own errors.
        name: of the thread, for debuggers.
        on_tick: called as `on_frame` is, every `TICK_SECONDS` unless a frame waits.
    """

    def __init__(
        self, on_frame: Callable[[Frame], None], name: str, on_tick: Callable[[], None] | None = None
    ):
        self.dropped = 0
        self._on_frame, self._on_tick = on_frame, on_tick
        self._condition = Condition()
        self._requests: deque[tuple[Callable[[], str], Future[str]]] = deque()
        self._frame: Frame | None = None
        self._closed = False
        self._thread = Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def offer(self, frame: Frame) -> None:
        """Put a frame in line. One that still waits there is dropped and counted in `dropped`."""
        with self._condition:
            self.dropped += self._frame is not None
            self._frame = frame
            self._condition.notify()

    def submit(self, request: Callable[[], str]) -> Future[str]:
        """Run `request` on the worker's thread; the future holds its answer or what it raised.

        A request whose future is cancelled before its turn is not run.
        """
        future: Future[str] = Future()
        with self._condition:
            if self._closed:
                future.cancel()
            else:
                self._requests.append((request, future))
                self._condition.notify()
        return future

    def close(self, seconds: float) -> bool:
        """Stop after the work in progress, waiting so long; False if that was not enough.

        Requests that have not started are cancelled. The thread is a daemon: one that is stuck
        does not keep the process alive.
        """
        with self._condition:
            self._closed = True
            self._frame = None
            waiting, self._requests = self._requests, deque()
            self._condition.notify()
        for _, future in waiting:
            future.cancel()
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _run(self) -> None:
        due = monotonic() + TICK_SECONDS
        while True:
            with self._condition:
                timeout = None if self._on_tick is None else max(due - monotonic(), 0.0)
                self._condition.wait_for(
                    lambda: self._closed or self._requests or self._frame is not None, timeout
                )
                if self._closed:
                    return
                request = self._requests.popleft() if self._requests else None
                frame = None
                if request is None:
                    frame, self._frame = self._frame, None
            if request is not None:
                self._execute(*request)
            elif frame is not None:
                self._on_frame(frame)
            if self._on_tick is not None and self._frame is None and monotonic() >= due:
                self._on_tick()
                due = monotonic() + TICK_SECONDS

    @staticmethod
    def _execute(request: Callable[[], str], future: Future[str]) -> None:
        if not future.set_running_or_notify_cancel():
            return
        try:
            future.set_result(request())
        except Exception as error:  # handed to whoever waits for the future
            future.set_exception(error)
