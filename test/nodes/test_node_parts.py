# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""What nodes are made of, without a running ROS: worker, stream, model."""

from __future__ import annotations

import array
import threading
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from session_helpers import BOX, Oracle

pytest.importorskip("rclpy", reason="rclpy is not installed")


from tracker_ros.export import optimized  # noqa: E402
from tracker_ros.nodes.tracker.model import find_device, warm_up  # noqa: E402
from tracker_ros.nodes.tracker.pipeline import Pipeline  # noqa: E402
from tracker_ros.ros.images import ImageError  # noqa: E402
from tracker_ros.ros.messages import box_message, box_of  # noqa: E402
from tracker_ros.ros.stream import Decoder, FrameBuffer, ImageStream, Received  # noqa: E402
from tracker_ros.ros.worker import Worker  # noqa: E402
from tracker_ros.session import Session, State  # noqa: E402
from tracker_ros.trackers import SettingsError, load  # noqa: E402
from tracker_ros.trackers.base import Estimate  # noqa: E402


def received(stamp: float, encoding: str = "rgb8", at: float = 0.0, width: int = 64) -> Received:
    """An image that tells `Oracle` a score of 0.9."""
    channels = 3 if encoding == "rgb8" else 1
    pixels = np.zeros((48, width, channels), np.uint8)
    pixels[0, 0, 0] = 90
    header = SimpleNamespace(stamp=SimpleNamespace(sec=int(stamp), nanosec=round(stamp % 1 * 1e9)))
    return Received(
        SimpleNamespace(
            header=header,
            width=width,
            height=48,
            step=width * channels,
            encoding=encoding,
            data=array.array("B", pixels.tobytes()),
        ),
        at,
    )


def stream(**settings: float) -> ImageStream:
    """Tracking since stamp 9.9. Its frames show nothing, so that all places look alike."""
    alike = {"verify_frames": 2, "look_margin": -0.01}
    made = ImageStream(Session(Oracle(), {**alike, **settings}), Decoder("cpu"))
    made.start_target([received(9.8)], BOX, False)
    made.process(received(9.85))
    report = made.process(received(9.9))
    assert report is not None and report.state is State.TRACKING
    return made


# -- worker ------------------------------------------------------------------------------------------


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


# -- stream ------------------------------------------------------------------------------------------


def test_buffer_finds_the_clicked_frame() -> None:
    buffer = FrameBuffer(3)
    with pytest.raises(ValueError, match="no image was received yet"):
        buffer.since(0.0)
    for stamp in (1.0, 2.0, 3.0, 4.0):
        buffer.add(received(stamp))
    assert [f.stamp for f in buffer.since(0.0)] == [4.0]
    assert [f.stamp for f in buffer.since(3.0)] == [3.0, 4.0]
    assert [f.stamp for f in buffer.since(2.95)] == [3.0, 4.0]
    with pytest.raises(ValueError, match=r"no image of stamp 1.000 s.* 2.000 to 4.000 s"):
        buffer.since(1.0)


def test_selection_catches_up_to_the_last_frame_but_one() -> None:
    made = ImageStream(Session(Oracle()), Decoder("cpu"))
    assert made.start_target([received(1.0 + i / 10) for i in range(5)], BOX, False) == "target-1"
    assert made.session.state is State.TRACKING
    assert made.process(received(1.3)) is None
    assert made.process(received(1.4)) is not None


def test_a_selection_in_the_frame_that_waits_does_not_make_it_late() -> None:
    made, waiting = ImageStream(Session(Oracle()), Decoder("cpu")), received(1.0)
    made.start_target([waiting], BOX, False)
    report = made.process(waiting)
    assert report is not None and report.state is State.ACQUIRING and report.box == BOX
    assert made.process(waiting) is None


def test_a_bad_image_on_the_way_does_not_refuse_the_selection() -> None:
    made, frames = ImageStream(Session(Oracle()), Decoder("cpu")), [received(1.0 + i / 10) for i in range(5)]
    frames[2].message.step = 1
    assert made.start_target(frames, BOX, False) == "target-1" and made.session.state is State.TRACKING
    with pytest.raises(ImageError):
        made.start_target(frames[2:], BOX, False)
    assert made.session.target_id == "target-1"


def test_normalised_selection() -> None:
    made = ImageStream(Session(Oracle()), Decoder("cpu"))
    made.start_target([received(1.0)], box_of(box_message(BOX._replace(cx=0.5, cy=0.5, w=0.25, h=0.5))), True)
    report = made.process(received(1.1))
    assert report is not None and report.box == (32.0, 24.0, 16.0, 24.0)


@pytest.mark.parametrize("stamp", [9.9, 9.85, 9.5])
def test_duplicated_and_late_frames_are_skipped(stamp: float) -> None:
    made = stream()
    assert made.process(received(stamp)) is None
    assert made.session.state is State.TRACKING


def test_stamps_that_jump_back_lose_the_target_and_tracking_resumes() -> None:
    made = stream()
    report = made.process(received(1.0))
    assert report is not None and report.state is State.LOST and "jumped back" in report.message
    made.process(received(1.1))
    report = made.process(received(1.2))
    assert report is not None and report.state is State.TRACKING


def test_another_encoding_or_size_loses_the_target() -> None:
    made = stream()
    report = made.process(received(10.0, encoding="mono8"))
    assert report is not None and report.state is State.LOST and "from 'rgb8' to 'mono8'" in report.message
    made = stream()
    report = made.process(received(10.0, width=66))
    assert report is not None and report.state is State.LOST and "frame size changed" in report.message


def test_a_bad_image_leaves_the_session_alone() -> None:
    made = stream()
    bad = received(10.0)
    bad.message.step = 1
    with pytest.raises(ImageError):
        made.process(bad)
    report = made.process(received(10.1))
    assert report is not None and report.state is State.TRACKING


def test_silence_is_measured_on_the_steady_clock() -> None:
    made = stream(coast_seconds=1.0)
    made.process(received(10.0, at=500.0))
    assert made.tick(500.5) is None
    report = made.tick(501.1)
    assert report is not None and report.state is State.COASTING
    assert made.tick(501.2) is None
    report = made.tick(502.1)
    assert report is not None and report.state is State.LOST


def test_a_camera_without_stamps_is_timed_by_arrival() -> None:
    made = ImageStream(Session(Oracle()), Decoder("cpu"))
    made.start_target([received(0.0, at=7.0)], BOX, False)
    assert made.process(received(0.0, at=7.1)) is not None
    report = made.process(received(0.0, at=7.2))
    assert report is not None and report.state is State.TRACKING


@pytest.mark.parametrize("first", [0.0, 50.0])
@pytest.mark.parametrize("clock", [1.7e9, 3.0])
def test_a_camera_that_stamps_some_images_is_timed_by_stamps_and_the_gaps_by_arrival(
    first: float, clock: float
) -> None:
    made = ImageStream(Session(Oracle()), Decoder("cpu"))
    made.start_target([received(first, at=clock)], BOX, False)
    before = made.time
    for i in range(1, 40):
        stamp = 0.0 if i % 10 == 5 else 50 + i / 30
        # An image without a stamp arrives late: the next one's stamp is no reason to leave that out.
        report = made.process(received(stamp, at=clock + i / 30 + (0.05 if not stamp else 0.0)))
        assert report is not None and report.state in (State.ACQUIRING, State.TRACKING), report
        assert 0 <= made.time - before <= 0.1 + 1e-6
        before = made.time
    assert report.state is State.TRACKING
    assert made.process(received(51.0, at=clock + 2)) is None  # late
    report = made.tick(clock + 60)
    assert report is not None and report.state is State.LOST


def test_simulated_time_counts_for_a_camera_that_stamps_some_images() -> None:
    made = ImageStream(Session(Oracle()), Decoder("cpu"))
    made.start_target([received(50.0, at=3.0)], BOX, False)
    assert (
        made.process(received(50.1, at=3.1)) is not None and made.process(received(0.0, at=3.2)) is not None
    )
    assert made.tick(1000.0, simulated=50.3) is None  # the player is paused
    report = made.tick(1000.0, simulated=60.0)
    assert report is not None and report.state is State.LOST


@pytest.mark.parametrize("ahead", [1.7e9, 3600.0, 2.0, -3600.0])
def test_a_silent_camera_is_noticed_although_its_stamps_are_of_another_clock(ahead: float) -> None:
    """Simulated time is 50 s; the camera stamps its images with another time and then dies."""
    made = ImageStream(Session(Oracle()), Decoder("cpu"))
    made.start_target([received(50.0 + ahead, at=3.0)], BOX, False)
    assert made.process(received(50.1 + ahead, at=3.1)) is not None
    assert made.tick(3.2, simulated=50.2) is None
    report = made.tick(63.2, simulated=110.2)
    assert report is not None and report.state is State.LOST


def test_a_selection_by_stamp_passes_over_images_without_one() -> None:
    buffer = FrameBuffer(4)
    buffer.add(received(0.0, at=1.0))
    with pytest.raises(ValueError, match="images carry no stamps"):
        buffer.since(1.0)
    buffer.add(received(50.0, at=1.1))
    buffer.add(received(0.0, at=1.2))
    assert [frame.stamp for frame in buffer.since(50.0)] == [50.0, 0.0]
    with pytest.raises(ValueError, match=r"newest are of 50.000 to 50.000 s"):
        buffer.since(1.0)


@pytest.mark.parametrize("value", [0, 128, 255])
def test_featureless_images_do_no_harm(value: int) -> None:
    frame = torch.full((3, 120, 160), value, dtype=torch.uint8)
    session = Session(load("dcf"))
    session.select(frame, BOX, 0.0)
    for i in range(1, 15):
        report = session.step(frame, 0.1 * i)
        # The session turns a number that is not finite into ERROR.
        assert report.state is not State.ERROR and 0.0 <= report.score <= 1.0


# -- model -------------------------------------------------------------------------------------------


def test_devices() -> None:
    assert find_device("cpu") == "cpu"
    assert find_device("auto") == ("cuda" if torch.cuda.is_available() else "cpu")
    with pytest.raises(SettingsError, match="device 'abacus' cannot be used"):
        find_device("abacus")


def test_compiled_tracker_answers_like_the_eager_one() -> None:
    eager = load("dcf")
    compiled = optimized(eager)
    noise = torch.Generator().manual_seed(3)
    frame = torch.randint(0, 256, (3, 120, 160), dtype=torch.uint8, generator=noise)
    moved = frame.roll((2, -3), (1, 2))
    box = torch.tensor([80.0, 60.0, 30.0, 20.0])
    with torch.inference_mode():
        answers = []
        for tracker in (eager, compiled):
            state = tracker.initialize(frame, box)
            estimate = tracker.localize(moved, state)
            answers.append(tracker.localize(moved, tracker.update(moved, state, estimate)))
    torch.testing.assert_close(answers[0].box, answers[1].box, rtol=1e-4, atol=1e-3)
    torch.testing.assert_close(answers[0].response, answers[1].response, rtol=1e-3, atol=1e-4)


def test_compilation_can_be_turned_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTORCH_JIT", "0")
    eager = load("dcf")
    assert optimized(eager) is eager


def test_a_tracker_without_finite_answers_is_not_let_through() -> None:
    class Broken(Oracle):
        def localize(self, frame: torch.Tensor, state: dict[str, torch.Tensor]) -> Estimate:
            return super().localize(frame, state)._replace(score=torch.tensor(torch.nan))

    with pytest.raises(SettingsError, match="not finite"):
        warm_up(Broken(), "cpu")


def test_a_disabled_pipeline_looks_at_no_image() -> None:
    seen: list[float] = []
    looked = threading.Event()

    def process(frame: Received) -> None:
        seen.append(frame.stamp)
        looked.set()

    log = SimpleNamespace(warning=lambda *_, **__: None)
    node = SimpleNamespace(get_logger=lambda: log, get_clock=lambda: None)
    targets = SimpleNamespace(sessions=[], process=process, tick=lambda *_: [], stop=lambda: [])
    pipeline = Pipeline(node, targets, None, "oracle", "image", 4, None)  # type: ignore[arg-type]
    pipeline.enabled = False
    pipeline.receive(received(1.0).message)
    pipeline.enabled = True
    pipeline.receive(received(2.0).message)
    assert looked.wait(30)
    # Had the first image been put in line, it would have been seen or counted as dropped.
    assert seen == [2.0] and pipeline._worker.dropped == 0
    pipeline._worker.close(30)
