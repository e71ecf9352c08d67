# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Parse COMMAND_LONG for a tracking camera, and explain refusals of impossible numbers."""

from __future__ import annotations

import math
from typing import NamedTuple

from pymavlink.dialects.v20 import common as mav

from tracker_ros.mavlink.messages import Message, Rectangle

SHORTEST_INTERVAL = 0.01
"""Seconds between two messages of a stream; who asks for less is denied."""

STREAMED = (
    mav.MAVLINK_MSG_ID_CAMERA_TRACKING_IMAGE_STATUS,
    mav.MAVLINK_MSG_ID_CAMERA_TRACKING_GEO_STATUS,
)
"""Messages whose interval can be set."""
ONLY_STREAM = 1
"""Id of the video stream."""
_OF_A_STREAM = {
    mav.MAV_CMD_REQUEST_VIDEO_STREAM_INFORMATION: mav.MAVLINK_MSG_ID_VIDEO_STREAM_INFORMATION,
    mav.MAV_CMD_REQUEST_VIDEO_STREAM_STATUS: mav.MAVLINK_MSG_ID_VIDEO_STREAM_STATUS,
}
_ONE_MESSAGE = {
    mav.MAV_CMD_REQUEST_CAMERA_INFORMATION: mav.MAVLINK_MSG_ID_CAMERA_INFORMATION,
    mav.MAV_CMD_REQUEST_CAMERA_SETTINGS: mav.MAVLINK_MSG_ID_CAMERA_SETTINGS,
}
ON_REQUEST = (
    mav.MAVLINK_MSG_ID_HEARTBEAT,
    mav.MAVLINK_MSG_ID_CAMERA_INFORMATION,
    mav.MAVLINK_MSG_ID_CAMERA_SETTINGS,
    mav.MAVLINK_MSG_ID_MESSAGE_INTERVAL,
    *STREAMED,
    *_OF_A_STREAM.values(),
)


class Refusal(Exception):
    """A command that is not executed: the MAV_RESULT to answer with, and why."""

    def __init__(self, result: int, why: str):
        super().__init__(why)
        self.result = result


class TrackPoint(NamedTuple):
    """MAV_CMD_CAMERA_TRACK_POINT: `radius` is a fraction of the image's width; NaN where not given."""

    x: float
    y: float
    radius: float

    def rectangle(self, aspect: float, smallest: float) -> Rectangle:
        """Return the square of pixels around the point, as far as it lies in the image.

        Args:
            aspect: width of the image over its height.
            smallest: radius to take where the one given is less, or is none.
        """
        across = self.radius if self.radius > smallest else smallest
        down = across * aspect
        return Rectangle(
            max(self.x - across, 0.0),
            max(self.y - down, 0.0),
            min(self.x + across, 1.0),
            min(self.y + down, 1.0),
        )


class TrackRectangle(NamedTuple):
    """MAV_CMD_CAMERA_TRACK_RECTANGLE."""

    box: Rectangle


class StopTracking(NamedTuple):
    """MAV_CMD_CAMERA_STOP_TRACKING."""


class SendMessage(NamedTuple):
    """MAV_CMD_REQUEST_MESSAGE and its older forms; an id of `ON_REQUEST`, or None for nothing.

    `about` is the message whose MESSAGE_INTERVAL is requested.
    """

    message_id: int | None
    about: int = 0


class SetInterval(NamedTuple):
    """MAV_CMD_SET_MESSAGE_INTERVAL of one of `STREAMED`: seconds, 0 for the default, negative for off."""

    message_id: int
    seconds: float


Request = TrackPoint | TrackRectangle | StopTracking | SendMessage | SetInterval


def parse(command: Message, component_id: int) -> Request:
    """Parse a COMMAND_LONG for the camera with this component id.

    Raises:
        Refusal: for a command that is not known, or whose parameters cannot be executed.
    """
    p = [getattr(command, f"param{i}") for i in range(1, 8)]
    number = command.command
    if number == mav.MAV_CMD_CAMERA_TRACK_POINT:
        _require_camera(p[3], component_id)
        _require_inside("point", p[:2])
        if p[2] < 0 or p[2] > 1:
            raise _denied(f"radius {p[2]:g} is not in [0, 1]")
        return TrackPoint(*p[:3])
    if number == mav.MAV_CMD_CAMERA_TRACK_RECTANGLE:
        _require_camera(p[4], component_id)
        # It may reach over the image's edges: what can be tracked of it is the tracker's to say.
        if not all(map(math.isfinite, p[:4])):
            raise _denied(f"rectangle {_numbers(p[:4])} is not finite")
        box = Rectangle(*p[:4])
        if box.right <= box.left or box.bottom <= box.top:
            raise _denied(f"rectangle {_numbers(p[:4])} has no area: left, top, right, bottom")
        return TrackRectangle(box)
    if number == mav.MAV_CMD_CAMERA_STOP_TRACKING:
        _require_camera(p[0], component_id)
        return StopTracking()
    if number == mav.MAV_CMD_REQUEST_MESSAGE:
        return _requested(p[0], p[1])
    if number == mav.MAV_CMD_GET_MESSAGE_INTERVAL:
        return _requested(mav.MAVLINK_MSG_ID_MESSAGE_INTERVAL, p[0])
    if number in _OF_A_STREAM:
        return _requested(_OF_A_STREAM[number], p[0])
    if number in _ONE_MESSAGE:
        if p[0] not in (0, 1):
            raise _denied(f"parameter 1 is {p[0]:g}, neither 0 nor 1")
        return SendMessage(_ONE_MESSAGE[number] if p[0] == 1 else None)
    if number == mav.MAV_CMD_SET_MESSAGE_INTERVAL:
        return _interval(p[0], p[1])
    raise Refusal(mav.MAV_RESULT_UNSUPPORTED, f"command {number} is not supported")


def _requested(message_id: float, about: float) -> SendMessage:
    """Return a message, and which one of its kind: a video stream, or the message that an interval is of."""
    if message_id not in ON_REQUEST:
        raise _denied(f"message {message_id:g} cannot be requested")
    if message_id in _OF_A_STREAM.values() and about not in (0, ONLY_STREAM):
        raise _denied(f"there is no video stream {about:g}")
    if message_id != mav.MAVLINK_MSG_ID_MESSAGE_INTERVAL:
        return SendMessage(int(message_id))
    if not 0 <= about < 2**16:  # the field of the answer; not so for NaN
        raise _denied(f"there is no message {about:g}")
    return SendMessage(int(message_id), int(about))


def _interval(message_id: float, microseconds: float) -> SetInterval:
    if message_id not in STREAMED:
        raise _denied(f"message {message_id:g} has no interval")
    if not math.isfinite(microseconds) or (microseconds < 0 and microseconds != -1):
        raise _denied(f"interval {microseconds:g} is neither -1 nor 0 nor positive")
    if 0 < microseconds < SHORTEST_INTERVAL * 1e6:
        raise _denied(f"interval {microseconds:g} us is less than {SHORTEST_INTERVAL * 1e6:g} us")
    return SetInterval(int(message_id), microseconds * 1e-6)


def _require_camera(camera: float, component_id: int) -> None:
    """Require the id 'all' or this camera's; 1 to 6 are cameras that an autopilot speaks for."""
    if not (camera == 0 or camera == component_id or math.isnan(camera)):
        raise _denied(f"camera {camera:g} is not camera {component_id}")


def _require_inside(what: str, places: list[float]) -> None:
    if not all(0 <= place <= 1 for place in places):  # not so for NaN
        raise _denied(f"{what} {_numbers(places)} is not in [0, 1]")


def _numbers(values: list[float]) -> str:
    return ", ".join(f"{value:g}" for value in values)


def _denied(why: str) -> Refusal:
    return Refusal(mav.MAV_RESULT_DENIED, why)
