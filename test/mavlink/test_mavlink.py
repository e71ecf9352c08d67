# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The MAVLink camera without ROS: what it answers on the wire, and when it sends."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("pymavlink", reason="pymavlink is not installed")

from mavlink_helpers import BOX, GROUND, ME, NAN, Tracker, command, wire  # noqa: E402
from pymavlink.dialects.v20 import common as mav  # noqa: E402

from tracker_ros.mavlink.camera import Camera, Outcome  # noqa: E402
from tracker_ros.mavlink.geodesy import Place  # noqa: E402
from tracker_ros.mavlink.messages import ACTIVE, COASTING, FAILED, IDLE  # noqa: E402


@pytest.fixture
def tracker() -> Tracker:
    return Tracker()


@pytest.fixture
def camera(tracker: Tracker) -> Camera:
    return Camera(ME, tracker, 0.2, 0.04, 0.0)


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


# -- what it says of itself ---------------------------------------------------------------------------


def test_a_heartbeat_each_second_says_camera(camera: Camera, tracker: Tracker) -> None:
    beats = sent(camera, 4.5)
    assert [at for at, _ in beats] == pytest.approx([0, 1, 2, 3, 4], abs=1e-5)
    beat = beats[0][1]
    assert (beat.get_msgId(), beat.get_srcSystem(), beat.get_srcComponent()) == (0, 1, 100)
    assert (beat.type, beat.autopilot, beat.system_status) == (30, 8, 4)  # CAMERA, INVALID, ACTIVE
    tracker.now = tracker.now._replace(works=False)
    assert sent(camera, 5.5, 5.0)[0][1].system_status == 3  # STANDBY


@pytest.mark.parametrize("request_", [(512, 259), (521, 1)])
def test_camera_information_offers_points_and_rectangles(camera: Camera, request_: tuple[int, int]) -> None:
    ack, info = answers(camera, command(*request_), now=12.5)
    assert (ack.get_msgId(), ack.result, info.get_msgId()) == (77, 0, 259)
    assert info.flags == 512 + 1024  # CAMERA_CAP_FLAGS_HAS_TRACKING_POINT, ..._RECTANGLE
    assert bytes(info.vendor_name).rstrip(b"\0") == b"tracker_ros"
    assert bytes(info.model_name).rstrip(b"\0") == b"front/tracker"
    assert info.firmware_version == 1 + (2 << 8) + (3 << 16)
    assert (info.time_boot_ms, info.resolution_h, info.resolution_v) == (12500, 640, 480)
    assert (info.cam_definition_uri, info.gimbal_device_id, info.camera_device_id) == ("", 0, 0)
    assert math.isnan(info.focal_length)


@pytest.mark.parametrize("request_", [(512, 260), (522, 1)])
def test_camera_settings_say_video(camera: Camera, request_: tuple[int, int]) -> None:
    ack, settings = answers(camera, command(*request_))
    assert (ack.result, settings.get_msgId(), settings.mode_id) == (0, 260, 1)
    assert math.isnan(settings.zoomLevel) and math.isnan(settings.focusLevel)


def test_what_cannot_be_had_is_denied_or_unsupported(camera: Camera) -> None:
    assert result(camera, command(512, 261)) == 2  # STORAGE_INFORMATION: there is none
    assert result(camera, command(512, NAN)) == 2
    assert result(camera, command(521, 7)) == 2
    assert [a.get_msgId() for a in answers(camera, command(521, 0))] == [77]
    assert result(camera, command(2000)) == 3  # MAV_CMD_IMAGE_START_CAPTURE
    as_int = mav.MAVLink_command_int_message(1, 100, 0, 2010, 0, 0, 0, 0, 0, 0, 0, 0, 0)
    assert result(camera, wire(as_int)) == 7  # MAV_RESULT_COMMAND_LONG_ONLY


def test_commands_for_others_and_those_for_all_that_cannot_be_obeyed_are_left_alone(camera: Camera) -> None:
    for target in ((1, 1), (1, 101), (2, 100), (2, 0)):
        assert answers(camera, command(512, 259, target=target)) == []
    assert answers(camera, command(400, 1, target=(1, 0))) == []  # arming is not ours to refuse
    assert answers(camera, command(512, 148, target=(1, 0))) == []  # nor is the autopilot's version
    assert answers(camera, command(2010, 101, target=(1, 0))) == []  # another camera's target
    assert len(answers(camera, command(512, 259, target=(1, 0)))) == 2
    assert answers(camera, wire(mav.MAVLink_ping_message(0, 0, 1, 100))) == []


# -- requests ---------------------------------------------------------------------------------------------


def test_a_rectangle_is_acknowledged_when_the_tracker_has_it(camera: Camera, tracker: Tracker) -> None:
    sent = command(2005, *BOX)
    assert answers(camera, sent, 1.0) == [] and camera.waits
    assert tracker.requests[0][0] == BOX
    assert result(camera, command(2005, *BOX, confirmation=1), 1.2) == 5  # IN_PROGRESS
    assert result(camera, command(2005, 0, 0, 0.5, 0.5), 1.2) == 1  # one after the other
    tracker.requests[0][1].set_result(Outcome(0, "b"))
    ack = wire(camera.poll(1.3)[0])
    assert (ack.command, ack.result, ack.target_system, ack.target_component) == (2005, 0, *GROUND)
    # The ground station did not get that: it hears it again, and the tracker is not bothered.
    assert result(camera, command(2005, *BOX, confirmation=1), 1.5) == 0
    assert len(tracker.requests) == 1 and not camera.waits
    assert answers(camera, command(2005, *BOX), 2.0) == [] and len(tracker.requests) == 2


def test_an_order_that_the_tracker_does_not_answer_is_rejected_for_now(
    camera: Camera, tracker: Tracker
) -> None:
    camera.handle(command(2010), 1.0)
    news = [message for at in range(2, 11) for message in camera.poll(at) if message.get_msgId() == 77]
    assert [(ack.command, ack.result, ack.progress) for ack in news] == [(2010, 5, 255)] * 9  # IN_PROGRESS
    ack, text, *_ = (wire(message) for message in camera.poll(11.1))
    assert (ack.command, ack.result) == (2010, 1)
    assert tracker.requests[0][1].cancelled()
    assert text.text == "tracking: the tracker node does not answer"


@pytest.mark.parametrize("reason", ["too small", "x" * 40, "box x=1 y=2 w=3 h=4 lies outside " + "é" * 60])
def test_a_refusal_comes_with_its_reason(camera: Camera, tracker: Tracker, reason: str) -> None:
    camera.handle(command(2005, *BOX), 1.0)
    tracker.requests[0][1].set_result(Outcome(2, reason=reason))
    ack, *texts = [m for m in camera.poll(1.1) if m.get_msgId() in (77, 253)]
    assert ack.result == 2
    received = [wire(text) for text in texts]
    assert [text.chunk_seq for text in received] == list(range(len(texts)))
    assert len({text.id for text in received}) == 1 and (received[0].id == 0) == (len(texts) == 1)
    pieces = [text._text_raw.rstrip(b"\0") for text in received]  # a letter may span two of them
    assert b"".join(pieces).decode() == f"tracking: {reason}"
    assert len(texts) == 1 or len(pieces[-1]) < 50  # the last one must not be full


@pytest.mark.parametrize("sent", [
    (2005, NAN, 0.1, 0.5, 0.5), (2005, -math.inf, 0.1, 0.5, 0.5),
    (2005, 0.5, 0.1, 0.5, 0.5), (2005, 0.5, 0.5, 0.1, 0.1), (2005, 0.1, 0.1, 0.5, math.inf),
    (2005, *BOX, 3), (2004, NAN, 0.5), (2004, 0.5, 1.5), (2004, 0.5, 0.5, -0.1), (2004, 0.5, 0.5, 2.0),
    (2004, 0.5, 0.5, 0.1, 101), (2010, 6),
])  # fmt: skip
def test_numbers_that_make_no_sense_are_denied(
    camera: Camera, tracker: Tracker, sent: tuple[float, ...]
) -> None:
    assert result(camera, command(int(sent[0]), *sent[1:])) == 2
    assert tracker.requests == []


@pytest.mark.parametrize("box", [(0.93, 0.4, 1.0016, 0.5), (-0.01, -0.25, 0.5, 1.5)])
def test_a_rectangle_over_the_edge_is_the_trackers_to_judge(
    camera: Camera, tracker: Tracker, box: tuple[float, ...]
) -> None:
    assert answers(camera, command(2005, *box)) == []
    assert tracker.requests[0][0] == pytest.approx(box)


@pytest.mark.parametrize("number", [2004, 2005, 2010])
def test_who_starts_and_stops_tracking(tracker: Tracker, number: int) -> None:
    camera = Camera(ME, tracker, 0.2, 0.04, 0.0, ground_system=255)
    sent = (0.5, 0.5, 0.1) if number == 2004 else BOX if number == 2005 else ()
    for sender in ((0, 190), (255, 0), (1, 100)):
        assert answers(camera, command(number, *sent, sender=sender)) == [], "nobody's id, or our own"
    ack, text, *_ = answers(camera, command(number, *sent, sender=(254, 190)))
    assert ack.result == 2 and "system 254 does not command" in text.text
    ack, text, *_ = answers(camera, command(number, *sent, target=(0, 100)))
    assert ack.result == 2 and "a command to all systems" in text.text
    assert answers(camera, command(number, *sent, target=(0, 0))) == []
    assert tracker.requests == []
    camera.handle(command(number, *sent), 0.0)
    assert len(tracker.requests) == 1
    tracker.requests.clear()
    Camera(ME, tracker, 0.2, 0.04, 0.0).handle(command(number, *sent, sender=(254, 190)), 0.0)
    assert len(tracker.requests) == 1, "where no ground station is named, any will do"


@given(st.floats(0, 1, width=32), st.floats(0, 1, width=32), st.floats(0, 1, width=32) | st.just(NAN))
def test_a_point_becomes_a_square_of_pixels_inside_the_image(x: float, y: float, radius: float) -> None:
    tracker = Tracker()
    camera = Camera(ME, tracker, 0.2, 0.04, 0.0)
    camera.handle(command(2004, x, y, radius), 0.0)
    box, half = tracker.requests[0][0], max(0.04, 0.0 if math.isnan(radius) else radius) * 640
    left, right, top, bottom = x * 640 - half, x * 640 + half, y * 480 - half, y * 480 + half
    expected = max(left, 0) / 640, max(top, 0) / 480, min(right, 640) / 640, min(bottom, 480) / 480
    assert box == pytest.approx(expected, abs=1e-6)


def test_a_point_has_no_size_before_the_first_image(camera: Camera, tracker: Tracker) -> None:
    tracker.now = tracker.now._replace(size=(0, 0))
    assert result(camera, command(2004, 0.5, 0.5, 0.1)) == 1


# -- the tracking status ------------------------------------------------------------------------------


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


# -- the target's place, intervals and the video ------------------------------------------------------


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
