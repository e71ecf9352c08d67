# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""What the MAVLink camera without ROS sends by itself: the tracking status, the place, the video."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("pymavlink", reason="pymavlink is not installed")

from mavlink_helpers import BOX, ME, NAN, Tracker, answers, command, result, sent, statuses  # noqa: E402

from tracker_ros.mavlink.camera import Camera, Outcome  # noqa: E402
from tracker_ros.mavlink.geodesy import Place  # noqa: E402
from tracker_ros.mavlink.messages import ACTIVE, COASTING, FAILED, IDLE  # noqa: E402


def test_the_status_of_a_rectangle(camera: Camera, tracker: Tracker) -> None:
    tracker.says(ACTIVE, BOX)
    _, status = answers(camera, command(512, 275))
    assert (status.tracking_status, status.tracking_mode, status.target_data) == (1, 2, 4)
    corners = status.rec_top_x, status.rec_top_y, status.rec_bottom_x, status.rec_bottom_y
    assert corners == tuple(BOX)
    # The box is 160 x 120 pixels: half its longer side is an eighth of the width of 640.
    assert (status.point_x, status.point_y, status.radius) == (0.375, 0.625, 0.125)


def test_the_status_is_a_point_where_a_point_was_asked_for(camera: Camera, tracker: Tracker) -> None:
    def mode() -> int:
        return answers(camera, command(512, 275))[1].tracking_mode

    camera.handle(command(2004, 0.5, 0.5, 0.1), 0.0)
    tracker.requests[0][1].set_result(Outcome(0, "p"))
    camera.poll(0.1)
    tracker.says(ACTIVE, BOX, "p")
    assert mode() == 1
    tracker.says(ACTIVE, BOX, "chosen by somebody else")
    assert mode() == 2


@pytest.mark.parametrize(("flags", "expected"), [(IDLE, (0, 0, 0)), (FAILED, (2, 2, 0))])
def test_the_status_without_a_box_has_no_place(
    camera: Camera, tracker: Tracker, flags: int, expected: tuple[int, int, int]
) -> None:
    tracker.says(flags)
    _, status = answers(camera, command(512, 275))
    assert (status.tracking_status, status.tracking_mode, status.target_data) == expected
    assert all(math.isnan(getattr(status, name)) for name in status.get_fieldnames()[3:10])


def test_a_coasting_target_is_active_too(camera: Camera, tracker: Tracker) -> None:
    tracker.says(COASTING, BOX)
    assert answers(camera, command(512, 275))[1].tracking_status == 1 + 8


@settings(max_examples=25)
@given(st.integers(10_000, 3_000_000))
def test_the_status_comes_at_the_asked_rate(microseconds: int) -> None:
    camera = Camera(ME, Tracker(), 0.2, 0.04, 0.0)
    assert result(camera, command(511, 275, microseconds), 0.0) == 0
    times = [at for at, _ in statuses(sent(camera, 6.0))]
    steps = [after - before for before, after in zip(times, times[1:], strict=False)]
    assert steps == pytest.approx([microseconds * 1e-6] * len(steps), rel=1e-6, abs=2e-6)
    assert len(times) == pytest.approx(6.0 / (microseconds * 1e-6), abs=1.01)


def test_the_status_interval_can_be_the_default_or_off(camera: Camera) -> None:
    assert result(camera, command(511, 275, 0)) == 0
    assert [at for at, _ in statuses(sent(camera, 0.99))] == pytest.approx([0, 0.2, 0.4, 0.6, 0.8])
    assert result(camera, command(511, 275, -1), 1.0) == 0
    assert statuses(sent(camera, 5.0, 1.0)) == []
    for interval in (NAN, -2, 9_999, math.inf):
        assert result(camera, command(511, 275, interval)) == 2
    assert result(camera, command(511, 0, 100_000)) == 2  # the heartbeat has its own
    assert statuses(sent(camera, 9.0, 5.0)) == []


def test_the_status_is_streamed_while_there_is_a_target(camera: Camera, tracker: Tracker) -> None:
    assert statuses(sent(camera, 1.0)) == []
    tracker.says(ACTIVE, BOX)
    assert len(statuses(sent(camera, 2.0, 1.0))) in (5, 6)
    tracker.says(IDLE)
    assert [message.tracking_status for _, message in statuses(sent(camera, 4.0, 2.0))] == [0]


def test_the_place_is_streamed_while_it_is_known(camera: Camera, tracker: Tracker) -> None:
    def places(until: float, start: float) -> list[Any]:
        return [message for _, message in sent(camera, until, start) if message.get_msgId() == 276]

    tracker.says(ACTIVE, BOX)
    assert places(1.0, 0.0) == []
    assert result(camera, command(512, 276)) == 1  # temporarily rejected: not known
    tracker.now = tracker.now._replace(place=Place(47.397742, -8.545594, 488.5))
    status, *_ = found = places(2.0, 1.0)
    assert len(found) in (5, 6) and status.tracking_status == ACTIVE
    assert (status.lat, status.lon, status.alt) == (473977420, -85455940, 488.5)
    unknown = (status.h_acc, status.v_acc, status.vel_n, status.vel_e, status.vel_d, status.vel_acc,
               status.dist, status.hdg, status.hdg_acc)  # fmt: skip
    assert all(map(math.isnan, unknown))
    assert answers(camera, command(512, 276), 2.0)[1].lat == 473977420
    assert result(camera, command(511, 276, -1), 2.0) == 0 and places(4.0, 2.0) == []
    assert result(camera, command(511, 276, 500_000), 4.0) == 0 and len(places(5.9, 4.0)) == 4


def test_intervals_can_be_asked_for(camera: Camera) -> None:
    def interval(message: int, number: int = 510) -> int:
        request = command(510, message) if number == 510 else command(512, 244, message)
        done, answer = answers(camera, request)
        assert (done.result, answer.get_type(), answer.message_id) == (0, "MESSAGE_INTERVAL", message)
        return int(answer.interval_us)

    assert (interval(0), interval(275), interval(276)) == (1_000_000, 200_000, 200_000)
    assert result(camera, command(511, 275, 50_000)) == 0 and interval(275, 512) == 50_000
    assert result(camera, command(511, 275, -1)) == 0 and interval(275) == -1
    assert result(camera, command(511, 275, 0)) == 0 and interval(275) == 200_000
    assert interval(33) == 0, "what is never streamed"
    for wrong in (-1, 65536, NAN):
        assert result(camera, command(510, wrong)) == 2


def test_the_video_is_told_where_there_is_one(tracker: Tracker) -> None:
    uri = "rtsp://192.168.1.10:8554/main"
    camera = Camera(ME, tracker, 0.2, 0.04, 0.0, video_uri=uri, has_place=True)
    assert answers(camera, command(512, 259))[1].flags == 512 + 1024 + 256 + 2048
    for request in (command(512, 269), command(512, 269, 1), command(2504, 1), command(2504, 0)):
        done, video = answers(camera, request)
        assert done.result == 0 and video.get_type() == "VIDEO_STREAM_INFORMATION"
        assert (video.stream_id, video.count, video.type, video.flags) == (1, 1, 0, 1)
        assert str(video.uri).rstrip("\0") == uri
        assert (video.resolution_h, video.resolution_v) == (640, 480)
    assert answers(camera, command(2505, 1))[1].get_type() == "VIDEO_STREAM_STATUS"
    assert answers(camera, command(512, 270))[1].stream_id == 1
    assert result(camera, command(2504, 2)) == 2, "there is one stream"


def test_without_a_video_it_is_denied(camera: Camera) -> None:
    assert answers(camera, command(512, 259))[1].flags == 512 + 1024
    for request in (command(512, 269), command(2504, 1), command(2505, 1)):
        assert result(camera, request) == 2
