# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The MAVLink messages that a tracking camera sends, made from what the tracker says.

Fields, units and enums are those of MAVLink's common.xml. Places
in an image are fractions of its width and height: 0 is the left or top edge, 1 the right or bottom one.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

from pymavlink.dialects.v20 import common as mav

from tracker_ros.mavlink.geodesy import Place

Message = Any
"""A message of pymavlink: each field is an attribute of its name in common.xml."""

CAPABILITIES = mav.CAMERA_CAP_FLAGS_HAS_TRACKING_POINT | mav.CAMERA_CAP_FLAGS_HAS_TRACKING_RECTANGLE
HAS_VIDEO = mav.CAMERA_CAP_FLAGS_HAS_VIDEO_STREAM
HAS_PLACE = mav.CAMERA_CAP_FLAGS_HAS_TRACKING_GEO_STATUS
IDLE = mav.CAMERA_TRACKING_STATUS_FLAGS_IDLE
ACTIVE = mav.CAMERA_TRACKING_STATUS_FLAGS_ACTIVE
COASTING = mav.CAMERA_TRACKING_STATUS_FLAGS_ACTIVE | mav.CAMERA_TRACKING_STATUS_FLAGS_COASTING
FAILED = mav.CAMERA_TRACKING_STATUS_FLAGS_ERROR

_NAME_BYTES = 32
_TEXT_BYTES = 50
URI_BYTES = 160


class Rectangle(NamedTuple):
    """A part of an image, in fractions of its width and height."""

    left: float
    top: float
    right: float
    bottom: float


class Track(NamedTuple):
    """The tracker's report: `flags` of CAMERA_TRACKING_STATUS_FLAGS, and the box if it has one.

    `aspect` is the width of the image over its height, both in pixels.
    """

    flags: int = IDLE
    target_id: str = ""
    box: Rectangle | None = None
    aspect: float = 1.0


class View(NamedTuple):
    """The tracker's condition at this moment.

    Attributes:
        size: of the image, pixels; zeros while unknown.
        works: whether the tracker says anything.
        place: where the target is on the earth; None where that is not known.
    """

    track: Track = Track()
    size: tuple[int, int] = (0, 0)
    works: bool = False
    place: Place | None = None


def heartbeat(works: bool) -> Message:
    """Build HEARTBEAT (0): a camera that is active, or stands by while its tracker says nothing."""
    state = mav.MAV_STATE_ACTIVE if works else mav.MAV_STATE_STANDBY
    return mav.MAVLink_heartbeat_message(mav.MAV_TYPE_CAMERA, mav.MAV_AUTOPILOT_INVALID, 0, 0, state, 3)


def camera_information(
    uptime: float, model: str, version: str, size: tuple[int, int], more: int = 0
) -> Message:
    """Build CAMERA_INFORMATION (259): who this is, and that it tracks points and rectangles.

    Args:
        uptime: seconds.
        model: name to show.
        version: "major.minor.patch".
        size: width and height of the images in pixels; zeros while they are not known.
        more: capabilities besides tracking: `HAS_VIDEO` where VIDEO_STREAM_INFORMATION can be requested,
            `HAS_PLACE` where CAMERA_TRACKING_GEO_STATUS is sent.
    """
    major, minor, patch = (int(part) for part in version.split("."))
    unknown = math.nan
    return mav.MAVLink_camera_information_message(
        round(uptime * 1e3),
        _name("tracker_ros"),
        _name(model),
        patch << 16 | minor << 8 | major,
        unknown,
        unknown,
        unknown,
        *size,
        0,
        CAPABILITIES | more,
        0,
        b"",
    )


def camera_settings(uptime: float) -> Message:
    """Build CAMERA_SETTINGS (260): a video camera without zoom and focus."""
    return mav.MAVLink_camera_settings_message(round(uptime * 1e3), mav.CAMERA_MODE_VIDEO, math.nan, math.nan)


def tracking_status(track: Track, as_point: bool) -> Message:
    """Build CAMERA_TRACKING_IMAGE_STATUS (275).

    Args:
        track: its box goes into the rectangle; its centre, and half its longer side as a fraction of
            the image's width, are the point and radius. All are NaN where there is no box.
        as_point: whether the target was selected as a point, which is then the mode reported.
    """
    mode = mav.CAMERA_TRACKING_MODE_POINT if as_point else mav.CAMERA_TRACKING_MODE_RECTANGLE
    if track.box is None:
        mode = mav.CAMERA_TRACKING_MODE_NONE if track.flags == IDLE else mode
        return mav.MAVLink_camera_tracking_image_status_message(track.flags, mode, 0, *[math.nan] * 7)
    left, top, right, bottom = track.box
    radius = max(right - left, (bottom - top) / track.aspect) / 2
    return mav.MAVLink_camera_tracking_image_status_message(
        track.flags,
        mode,
        mav.CAMERA_TRACKING_TARGET_DATA_IN_STATUS,
        (left + right) / 2,
        (top + bottom) / 2,
        radius,
        left,
        top,
        right,
        bottom,
    )


def geo_status(track: Track, place: Place) -> Message:
    """Build CAMERA_TRACKING_GEO_STATUS (276): where the target is.

    Accuracy, speed, distance are not known.
    """
    unknown = [math.nan] * 9
    return mav.MAVLink_camera_tracking_geo_status_message(
        track.flags, round(place.latitude * 1e7), round(place.longitude * 1e7), place.altitude, *unknown
    )


def video_information(uri: str, size: tuple[int, int]) -> Message:
    """Build VIDEO_STREAM_INFORMATION (269): the one stream, by RTSP, with unknown frame rate and bit rate."""
    return mav.MAVLink_video_stream_information_message(
        1, 1, mav.VIDEO_STREAM_TYPE_RTSP, mav.VIDEO_STREAM_STATUS_FLAGS_RUNNING, 0.0, *size, 0, 0, 0,
        _name("tracker_ros"), uri.encode().ljust(URI_BYTES, b"\0"),
    )  # fmt: skip


def video_status(size: tuple[int, int]) -> Message:
    """Build VIDEO_STREAM_STATUS (270) of that stream."""
    return mav.MAVLink_video_stream_status_message(
        1, mav.VIDEO_STREAM_STATUS_FLAGS_RUNNING, 0.0, *size, 0, 0, 0
    )


def message_interval(message_id: int, microseconds: int) -> Message:
    """Build MESSAGE_INTERVAL (244): -1 for a message that is not sent, 0 for one that never is."""
    return mav.MAVLink_message_interval_message(message_id, microseconds)


def acknowledgement(command: Message, result: int) -> Message:
    """Build COMMAND_ACK (77) of a command to whoever sent it; `result` is a MAV_RESULT."""
    progress = 255 if result == mav.MAV_RESULT_IN_PROGRESS else 0  # how far is not known
    return mav.MAVLink_command_ack_message(
        command.command, result, progress, 0, command.get_srcSystem(), command.get_srcComponent()
    )


def status_text(text: str, number: int) -> Iterator[Message]:
    """Build STATUSTEXT (253), a warning in as many pieces as it needs, which share `number` (1..65535)."""
    data = text.encode()
    pieces = [data[start : start + _TEXT_BYTES] for start in range(0, len(data), _TEXT_BYTES)]
    if len(pieces) > 1 and len(pieces[-1]) == _TEXT_BYTES:
        pieces.append(b"")  # a piece that is not full ends the text
    for index, piece in enumerate(pieces):
        yield mav.MAVLink_statustext_message(
            mav.MAV_SEVERITY_WARNING, piece, number if len(pieces) > 1 else 0, index
        )


def _name(text: str) -> bytes:
    return text.encode()[:_NAME_BYTES].ljust(_NAME_BYTES, b"\0")
