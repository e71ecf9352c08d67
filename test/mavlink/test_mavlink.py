# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The MAVLink camera without ROS: what it answers on the wire."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("pymavlink", reason="pymavlink is not installed")

from mavlink_helpers import BOX, GROUND, ME, NAN, Tracker, answers, command, result, sent, wire  # noqa: E402
from pymavlink.dialects.v20 import common as mav  # noqa: E402

from tracker_ros.mavlink.camera import Camera, Outcome  # noqa: E402


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
