# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The thread that takes requests in turn, and of frames the newest; without a running ROS."""

from __future__ import annotations

import threading

import pytest

pytest.importorskip("rclpy", reason="rclpy is not installed")


from tracker_ros.ros.worker import Worker  # noqa: E402


def test_only_the_newest_frame_waits_and_requests_go_first() -> None:
    done: list[object] = []
    started, go_on = threading.Event(), threading.Event()

    def work(frame: int) -> None:
        done.append(frame)
        started.set()
        assert go_on.wait(5)

    worker: Worker[int] = Worker(work, "test")
    worker.offer(0)
    assert started.wait(5)
    for frame in (1, 2, 3):
        worker.offer(frame)
    answers = [worker.submit(lambda name=name: done.append(name) or name) for name in "ab"]
    go_on.set()
    assert [answer.result(5) for answer in answers] == ["a", "b"]
    assert worker.close(5)
    assert done[:3] == [0, "a", "b"] and done[3:] in ([], [3])
    assert worker.dropped == 2


def test_orders_report_what_they_raise_and_are_cancelled_on_close() -> None:
    started, go_on = threading.Event(), threading.Event()
    worker: Worker[int] = Worker(lambda frame: None, "test")

    def slow() -> str:
        started.set()
        assert go_on.wait(5)
        raise ValueError("no")

    first = worker.submit(slow)
    assert started.wait(5)
    second = worker.submit(lambda: "never")
    assert not worker.close(0.0)
    assert second.cancelled() and worker.submit(lambda: "late").cancelled()
    go_on.set()
    with pytest.raises(ValueError, match="no"):
        first.result(5)
    assert worker.close(5)


def test_a_withdrawn_order_is_not_run() -> None:
    started, go_on = threading.Event(), threading.Event()
    worker: Worker[int] = Worker(lambda frame: (started.set(), go_on.wait(5)), "test")
    worker.offer(0)
    assert started.wait(5)
    withdrawn, kept = (worker.submit(lambda name=name: name) for name in "ab")
    assert withdrawn.cancel()
    go_on.set()
    assert kept.result(5) == "b" and withdrawn.cancelled()
    assert worker.close(5)


def test_the_worker_ticks_between_frames_and_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tracker_ros.ros.worker.TICK_SECONDS", 0.001)
    ticked, events = threading.Semaphore(0), []
    worker: Worker[int] = Worker(events.append, "test", ticked.release)
    assert ticked.acquire(timeout=5) and ticked.acquire(timeout=5)
    worker.offer(1)
    assert worker.submit(lambda: "done").result(5) == "done"
    assert ticked.acquire(timeout=5) and ticked.acquire(timeout=5)
    assert worker.close(5) and events == [1]


def test_the_worker_does_not_tick_while_frames_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tracker_ros.ros.worker.TICK_SECONDS", 0.0)
    done: list[str] = []

    def work(frame: int) -> None:
        done.append(f"frame {frame}")
        if frame:
            worker.offer(frame - 1)

    worker: Worker[int] = Worker(work, "test", lambda: done.append("tick"))
    worker.offer(3)
    while "frame 0" not in done:
        assert worker.submit(lambda: "").result(5) == ""
    assert worker.close(5)
    first = done.index("frame 3")
    assert done[first : first + 4] == ["frame 3", "frame 2", "frame 1", "frame 0"]
