# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Streams: messages that a camera sends by itself, and their intervals. No input, output or clock."""

from __future__ import annotations

import math

from pymavlink.dialects.v20 import common as mav

from tracker_ros.mavlink import messages
from tracker_ros.mavlink.messages import IDLE, Message, Track, View

HEARTBEAT_SECONDS = 1.0
_HEARTBEAT = mav.MAVLINK_MSG_ID_HEARTBEAT
_STATUS = mav.MAVLINK_MSG_ID_CAMERA_TRACKING_IMAGE_STATUS
_PLACE = mav.MAVLINK_MSG_ID_CAMERA_TRACKING_GEO_STATUS


class Stream:
    """The times of one message: at a default interval until somebody asks for another.

    Attributes:
        default: seconds.
        asked: seconds that somebody asked for, negative for off; None before.
        due: when it is to be sent next.
    """

    def __init__(self, default: float, now: float):
        self.default, self.due = default, now
        self.asked: float | None = None

    def ask(self, seconds: float, now: float) -> None:
        """Send at another interval from now on: 0 for the default, negative for not at all."""
        self.asked, self.due = seconds or self.default, now

    @property
    def interval(self) -> float:
        """Seconds between two messages; negative where none are sent."""
        return self.default if self.asked is None else self.asked

    def is_due(self, now: float) -> bool:
        """Return whether to send now, and if so set the next time; missed sends are not made up for."""
        if now < self.due:
            return False
        self.due = max(self.due + self.interval, now) if self.interval > 0 else math.inf
        return self.interval > 0


class Streams:
    """Heartbeat, tracking status and the target's place.

    Until somebody asks for an interval the status is sent only while there is a target, and once when it is
    given up. The place is sent only while it is known.

    Args:
        seconds: interval of status and place where nobody asked for another.
        now: when the camera was started.

    Attributes:
        point_id: id of a target that was selected by a point, which is then the mode reported; or ''.
    """

    def __init__(self, seconds: float, now: float):
        self.point_id = ""
        self._streams = {_HEARTBEAT: Stream(HEARTBEAT_SECONDS, now), _STATUS: Stream(seconds, now)}
        self._streams[_PLACE] = Stream(seconds, now)
        self._sent_flags = IDLE

    def tune(self, seconds: float) -> None:
        """Change the default interval."""
        self._streams[_STATUS].default = self._streams[_PLACE].default = seconds

    def ask(self, message_id: int, seconds: float, now: float) -> None:
        """Send a message of `commands.STREAMED` at another interval: 0 for the default, negative for off."""
        self._streams[message_id].ask(seconds, now)

    def interval(self, message_id: int) -> int:
        """Return the interval in microseconds, as in MESSAGE_INTERVAL (244): -1 is off, 0 never streamed."""
        if message_id not in self._streams:
            return 0
        seconds = self._streams[message_id].interval
        return round(seconds * 1e6) if seconds > 0 else -1

    def poll(self, view: View, now: float) -> list[Message]:
        """Return the messages that are due now."""
        sent: list[Message] = []
        if self._streams[_HEARTBEAT].is_due(now):
            sent.append(messages.heartbeat(view.works))
        status = self._streams[_STATUS]
        has_news = view.track.flags != IDLE or self._sent_flags != IDLE or status.asked is not None
        if status.is_due(now) and has_news:
            sent.append(self.status(view.track))
        if self._streams[_PLACE].is_due(now) and view.place is not None:
            sent.append(messages.geo_status(view.track, view.place))
        return sent

    def due(self) -> float:
        """Return the time at which `poll` has something to do next."""
        return min(stream.due for stream in self._streams.values())

    def status(self, track: Track) -> Message:
        """Return the tracking status, which counts as sent."""
        self._sent_flags = track.flags
        return messages.tracking_status(track, track.target_id != "" and track.target_id == self.point_id)
