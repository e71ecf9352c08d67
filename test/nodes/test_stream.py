# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Images become steps of a session: order, stamps, clocks and selections; without a running ROS."""

from __future__ import annotations

import pytest
import torch
from session_helpers import BOX, Oracle

pytest.importorskip("rclpy", reason="rclpy is not installed")

from stream_helpers import received, stream  # noqa: E402

from tracker_ros.ros.images import ImageError  # noqa: E402
from tracker_ros.ros.messages import box_message, box_of  # noqa: E402
from tracker_ros.ros.stream import Decoder, FrameBuffer, ImageStream  # noqa: E402
from tracker_ros.session import Session, State  # noqa: E402
from tracker_ros.trackers import load  # noqa: E402


def test_buffer_finds_the_clicked_frame() -> None:
    buffer = FrameBuffer(3, "/image")
    with pytest.raises(ValueError, match="^no image was received yet on /image: start the camera, or remap"):
        buffer.since(0.0)
    for stamp in (1.0, 2.0, 3.0, 4.0):
        buffer.add(received(stamp))
    assert [f.stamp for f in buffer.since(0.0)] == [4.0]
    assert [f.stamp for f in buffer.since(3.0)] == [3.0, 4.0]
    assert [f.stamp for f in buffer.since(2.95)] == [3.0, 4.0]
    with pytest.raises(
        ValueError, match=r"no image of stamp 1.000 s is available on /image: .* 2.000 to 4.000 s"
    ):
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
    buffer = FrameBuffer(4, "/image")
    buffer.add(received(0.0, at=1.0))
    with pytest.raises(ValueError, match="images on /image carry no stamps"):
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
