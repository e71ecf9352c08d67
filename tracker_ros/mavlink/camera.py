# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The camera component: what it answers and what it sends by itself. No input, output or clock."""

from __future__ import annotations

from concurrent.futures import Future
from typing import NamedTuple, Protocol

from pymavlink.dialects.v20 import common as mav

from tracker_ros.mavlink import messages
from tracker_ros.mavlink.commands import (
    Refusal,
    Request,
    SendMessage,
    SetInterval,
    StopTracking,
    TrackPoint,
    TrackRectangle,
    parse,
)
from tracker_ros.mavlink.messages import Message, Rectangle, View
from tracker_ros.mavlink.streams import Streams

PROGRESS_SECONDS = 1.0
"""Seconds between reports that a request is in progress: some trackers take seconds to start."""
REQUEST_TIMEOUT = 10.0
"""A tracker that has not answered by then is said to be away."""
REPEAT_SECONDS = 10.0
"""So long a command that is sent again, because its answer was lost, gets the same answer."""

ACCEPTED = mav.MAV_RESULT_ACCEPTED
REJECTED = mav.MAV_RESULT_TEMPORARILY_REJECTED
DENIED = mav.MAV_RESULT_DENIED
FAILED = mav.MAV_RESULT_FAILED

_ORDERS = (
    mav.MAV_CMD_CAMERA_TRACK_POINT,
    mav.MAV_CMD_CAMERA_TRACK_RECTANGLE,
    mav.MAV_CMD_CAMERA_STOP_TRACKING,
)


class Outcome(NamedTuple):
    """The outcome of a request: a MAV_RESULT, the id of the new target, and why there is none."""

    result: int
    target_id: str = ""
    reason: str = ""


class Operator(Protocol):
    """The tracker behind a camera: answers questions and takes requests. Nothing here may block."""

    def view(self) -> View:
        """Report the image and target that the camera is to stream."""

    def request_selection(self, box: Rectangle) -> Future[Outcome]:
        """Ask for the target in a rectangle of the image."""

    def stop(self) -> Future[Outcome]:
        """Ask to give the target up."""


class Identity(NamedTuple):
    """Address of the component, and what it calls itself."""

    system_id: int
    component_id: int
    model: str
    version: str


class _Pending(NamedTuple):
    command: Message
    answer: Future[Outcome]
    since: float
    told: float
    as_point: bool


class Camera:
    """One MAVLink camera. Times are of one steady clock, in seconds.

    Call `handle` with every message that arrives and `poll` no later than `due`; send what they return.

    Args:
        identity: whose commands are executed.
        operator: the tracker.
        status_seconds: interval of the tracking status where nobody asked for another. Until somebody
            asks for any, it is sent only while there is a target.
        point_radius: the smallest, as a fraction of the image's width: a tracker needs more than a pixel.
        now: when the camera was started.
        ground_system: the only system that may start and stop tracking; 0: any.
        video_uri: where the camera's video is, rtsp://...; '' where there is none.
        has_place: whether the target's place on the earth may become known.
    """

    def __init__(
        self,
        identity: Identity,
        operator: Operator,
        status_seconds: float,
        point_radius: float,
        now: float,
        ground_system: int = 0,
        video_uri: str = "",
        has_place: bool = False,
    ):
        self._identity, self._operator = identity, operator
        self._ground_system = ground_system
        self._point_radius, self._video_uri = point_radius, video_uri
        self._more = (messages.HAS_VIDEO if video_uri else 0) | (messages.HAS_PLACE if has_place else 0)
        self._started = now
        self._streams = Streams(status_seconds, now)
        self._pending: dict[int, _Pending] = {}
        self._answered: dict[int, tuple[Message, int, float]] = {}
        self._texts = 0

    def tune_status(self, rate: float) -> None:
        """Send the status so often, Hz, where nobody asked for another rate."""
        self._streams.tune(1 / rate)

    def tune_radius(self, radius: float) -> None:
        """Set the smallest radius of a point."""
        self._point_radius = radius

    # -- what arrives --------------------------------------------------------------------------------

    def handle(self, message: Message, now: float) -> list[Message]:
        """Return the answers to a message; none to what is not a command, or one for somebody else."""
        kind = message.get_type()
        if kind not in ("COMMAND_LONG", "COMMAND_INT") or not self._is_for_me(message):
            return []
        # What is for everybody and cannot be executed here is left to others, whose refusal this would seem.
        direct = message.target_component == self._identity.component_id
        if kind == "COMMAND_INT":
            only_long = messages.acknowledgement(message, mav.MAV_RESULT_COMMAND_LONG_ONLY)
            return [only_long] if direct else []
        try:
            return self._execute(message, parse(message, self._identity.component_id), now)
        except Refusal as refusal:
            refused = Outcome(refusal.result, reason=str(refusal))
            return self._answer(message, refused) if direct else []

    def _is_for_me(self, message: Message) -> bool:
        sender = message.get_srcSystem(), message.get_srcComponent()
        # 0 is nobody's id, and what bears our own came back to us or is forged.
        if 0 in sender or sender == self._identity[:2]:
            return False
        return message.target_system in (0, self._identity.system_id) and message.target_component in (
            0,
            self._identity.component_id,
        )

    def _execute(self, command: Message, request: Request, now: float) -> list[Message]:
        if isinstance(request, SendMessage):
            wanted = self._message(request, now)
            accepted = messages.acknowledgement(command, ACCEPTED)
            return [accepted] if wanted is None else [accepted, wanted]
        if isinstance(request, SetInterval):
            self._streams.ask(request.message_id, request.seconds, now)
            return [messages.acknowledgement(command, ACCEPTED)]
        return self._forward(command, request, now)

    def _message(self, request: SendMessage, now: float) -> Message | None:
        """Return the message that was requested.

        Raises:
            Refusal: where there is nothing to tell.
        """
        wanted, view, uptime = request.message_id, self._operator.view(), now - self._started
        if wanted == mav.MAVLINK_MSG_ID_HEARTBEAT:
            return messages.heartbeat(view.works)
        if wanted == mav.MAVLINK_MSG_ID_CAMERA_INFORMATION:
            model, version = self._identity.model, self._identity.version
            return messages.camera_information(uptime, model, version, view.size, self._more)
        if wanted == mav.MAVLINK_MSG_ID_CAMERA_SETTINGS:
            return messages.camera_settings(uptime)
        if wanted == mav.MAVLINK_MSG_ID_CAMERA_TRACKING_IMAGE_STATUS:
            return self._streams.status(view.track)
        if wanted == mav.MAVLINK_MSG_ID_CAMERA_TRACKING_GEO_STATUS:
            if view.place is None:
                raise Refusal(REJECTED, "the target's place is not known")
            return messages.geo_status(view.track, view.place)
        if wanted == mav.MAVLINK_MSG_ID_MESSAGE_INTERVAL:
            return messages.message_interval(request.about, self._streams.interval(request.about))
        if wanted is None:
            return None
        if not self._video_uri:
            raise Refusal(DENIED, "there is no video stream: the parameter video_uri is empty")
        if wanted == mav.MAVLINK_MSG_ID_VIDEO_STREAM_STATUS:
            return messages.video_status(view.size)
        return messages.video_information(self._video_uri, view.size)

    # -- requests to the tracker ---------------------------------------------------------------------

    def _forward(
        self, command: Message, request: TrackPoint | TrackRectangle | StopTracking, now: float
    ) -> list[Message]:
        """Pass a request on, once however often it is sent.

        Raises:
            Refusal: for one of a system that has no say here, or that is for every vehicle.
        """
        sender = command.get_srcSystem()
        if self._ground_system not in (0, sender):
            raise Refusal(DENIED, f"system {sender} does not command this camera")
        if command.target_system == 0:
            raise Refusal(DENIED, "a command to all systems would reach the cameras of other vehicles too")
        before = self._pending.get(command.command)
        if before is not None:
            again = _same(before.command, command)
            result = mav.MAV_RESULT_IN_PROGRESS if again else REJECTED
            return [messages.acknowledgement(command, result)]
        if command.confirmation > 0 and command.command in self._answered:
            answered, result, at = self._answered[command.command]
            if _same(answered, command) and now - at < REPEAT_SECONDS:
                return [messages.acknowledgement(command, result)]
        if isinstance(request, StopTracking):
            answer = self._operator.stop()
        elif isinstance(request, TrackRectangle):
            answer = self._operator.request_selection(request.box)
        else:
            width, height = self._operator.view().size
            if not width:
                raise Refusal(REJECTED, "no image was received yet")
            answer = self._operator.request_selection(request.rectangle(width / height, self._point_radius))
        self._pending[command.command] = _Pending(command, answer, now, now, isinstance(request, TrackPoint))
        return self._finished(now)

    def _finished(self, now: float) -> list[Message]:
        """Answer the requests that have ended, and report progress of those that take long."""
        sent: list[Message] = []
        for number, pending in list(self._pending.items()):
            if pending.answer.done():
                outcome = pending.answer.result()
            elif now - pending.since > REQUEST_TIMEOUT:
                pending.answer.cancel()
                outcome = Outcome(REJECTED, reason="the tracker node does not answer")
            else:
                if now - pending.told >= PROGRESS_SECONDS:
                    self._pending[number] = pending._replace(told=now)
                    sent.append(messages.acknowledgement(pending.command, mav.MAV_RESULT_IN_PROGRESS))
                continue
            del self._pending[number]
            if outcome.target_id:
                self._streams.point_id = outcome.target_id if pending.as_point else ""
            self._answered[number] = pending.command, outcome.result, now
            sent += self._answer(pending.command, outcome)
        return sent

    def _answer(self, command: Message, outcome: Outcome) -> list[Message]:
        """Return an acknowledgement and, where tracking is refused, why: ground stations show it as text."""
        answer = [messages.acknowledgement(command, outcome.result)]
        if outcome.reason and command.command in _ORDERS:
            self._texts = self._texts % 65535 + 1
            answer += messages.status_text(f"tracking: {outcome.reason}", self._texts)
        return answer

    # -- what is streamed --------------------------------------------------------------------------

    def poll(self, now: float) -> list[Message]:
        """Return the messages that are due now."""
        return self._finished(now) + self._streams.poll(self._operator.view(), now)

    def due(self) -> float:
        """Return the time at which `poll` has something to do next, unless a request is in progress."""
        return self._streams.due()

    @property
    def waits(self) -> bool:
        """True while a request is in progress, whose end `poll` has to notice."""
        return bool(self._pending)


def _same(a: Message, b: Message) -> bool:
    """Return whether two commands are the same one, of the same sender."""

    def key(command: Message) -> tuple[object, ...]:
        parameters = (repr(getattr(command, f"param{i}")) for i in range(1, 8))  # NaN equals NaN as text
        return (command.get_srcSystem(), command.get_srcComponent(), command.command, *parameters)

    return key(a) == key(b)
