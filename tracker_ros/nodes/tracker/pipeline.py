# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Process images while the tracker node is active: from the received message to the published results."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Any

from rclpy.clock import ROSClock
from rclpy.node import Node
from std_msgs.msg import Header

from tracker_ros.geometry import Box
from tracker_ros.msg import TrackState
from tracker_ros.nodes.tracker.outputs import Outputs
from tracker_ros.ros.images import ImageError
from tracker_ros.ros.messages import stamp_seconds
from tracker_ros.ros.reports import state_message
from tracker_ros.ros.stream import FrameBuffer, Received
from tracker_ros.ros.targets import Targets
from tracker_ros.ros.worker import Worker
from tracker_ros.session import Report, SessionSettings, State
from tracker_ros.session.detections import Detected, Detections

REPEAT_SECONDS = 5.0
"""A message about every frame is logged this often."""


class Pipeline:
    """Callbacks hand images and requests in; a worker thread takes them one at a time and publishes.

    Args:
        node: for its logger and clock.
        targets: the sessions and how they are fed; used by the worker's thread only, until `close`.
        outputs: where results go.
        tracker: name of the preset, for `TrackState`.
        topic: of the images, for messages.
        buffer_frames: images kept for selections in an earlier one.
        detections: of a detector beside the tracker.

    Attributes:
        enabled: whether images are looked at.
        starts_itself: whether a detection may start a target.
    """

    def __init__(
        self,
        node: Node,
        targets: Targets,
        outputs: Outputs,
        tracker: str,
        topic: str,
        buffer_frames: int,
        detections: Detections,
    ):
        self.enabled = self.starts_itself = True
        self._node, self._targets, self._outputs, self._detections = node, targets, outputs, detections
        self._started: Future[str] | None = None
        self._tracker, self._topic = tracker, topic
        self._log = node.get_logger()
        self._buffer = FrameBuffer(buffer_frames, topic)
        self._header, self._notice = Header(), ""
        self._processed = self._late = 0
        self._states = [State.IDLE for _ in targets.sessions]
        self._closed = False
        self._worker: Worker[Received] = Worker(
            lambda frame: self._survive(self._process, frame),
            "inference",
            # While an image waits, the tracker is late, not the camera: the worker does not tick then.
            lambda: self._survive(self._tick),
        )

    def receive(self, message: Any) -> None:
        """Accept an Image or CompressedImage that has just arrived."""
        frame = Received(message, time.monotonic())
        self._buffer.add(frame)
        if self.enabled:
            self._worker.offer(frame)

    def submit_selection(self, box: Box, normalized: bool, stamp: float) -> Future[str]:
        """Start on the target in the image of that stamp (0: the newest); the answer is its id.

        With ``detections.snap`` the target is the detection at the box's centre, in the detector's image.
        The future raises ValueError when the selection is refused.
        """
        return self._start(box, normalized, stamp, "selected")

    def submit_selection_without_reply(self, box: Box, stamp: float, frame_id: str) -> None:
        """Select for a request that awaits no answer: the next state tells why it was refused."""
        self._start(box, False, stamp, "selected", frame_id=frame_id).add_done_callback(self._note)

    def choose(self, target_id: str) -> None:
        """Make a target the primary one; the next state tells where that was refused."""

        def act() -> str:
            self._targets.choose(target_id)
            self._log.info(f"{target_id} is the primary target")
            return target_id

        self._worker.submit(act).add_done_callback(self._note)

    def stop_one(self, target_id: str) -> None:
        """Stop one target; the next state says if that was refused."""
        answer = self._worker.submit(lambda: self._stop_one(target_id))
        answer.add_done_callback(partial(self._note, what="stop"))

    def detect(self, stamp: float, detected: list[Detected], frame_id: str) -> None:
        """Accept a detector's findings in the image of that stamp, and start on the best if so configured.

        Those of another camera's images are refused with a warning.
        """
        try:
            self._buffer.require_camera(frame_id)
        except ValueError as error:
            self._log.warning(f"detections refused: {error}", throttle_duration_sec=REPEAT_SECONDS)
            return
        best = self._detections.add(stamp, detected, self._targets.taken(stamp))
        starts = self._detections.settings.start == "best" and self.starts_itself and self.enabled
        # One start at a time: it may take seconds.
        is_free = self._targets.may_start() and (self._started is None or self._started.done())
        if best is not None and starts and is_free:
            why = f"started by itself on {best}"
            self._started = self._start(best.box, False, stamp, why, by_itself=True)
            self._started.add_done_callback(self._note)

    def _start(
        self, box: Box, normalized: bool, stamp: float, why: str, by_itself: bool = False, frame_id: str = ""
    ) -> Future[str]:
        """Start in the image of that stamp, with `why` as the state's message."""
        try:
            self._buffer.require_camera(frame_id)
            frames = self._buffer.since(stamp)
        except ValueError as error:
            refused: Future[str] = Future()
            refused.set_exception(error)
            return refused
        return self._worker.submit(lambda: self._select(frames, box, normalized, why, by_itself))

    def _note(self, answer: Future[str], what: str = "selection") -> None:
        """Remember why a request that awaits no answer was refused."""
        if not answer.cancelled() and (error := answer.exception()) is not None:
            self._notice = f"{what} refused: {error}"
            self._log.warning(self._notice, throttle_duration_sec=REPEAT_SECONDS)

    def stop(self) -> Future[str]:
        """Stop all targets; no detection starts another one before somebody selects or enables."""
        self.starts_itself = False
        return self._worker.submit(self._stop)

    def tune(self, settings: SessionSettings) -> None:
        """Use other settings of the session from the next frame on."""

        def apply() -> str:
            self._targets.tune(settings)
            return "tuned"

        self._worker.submit(apply)

    def close(self, seconds: float) -> None:
        """End all work, waiting so long for the inference in progress; no target remains.

        Raises:
            TimeoutError: when the inference in progress does not end. Its result will not be published.
        """
        ended = self._worker.close(seconds)
        if ended:
            self._stop()
        self._closed = True
        if not ended:
            raise TimeoutError(f"the inference in progress takes more than {seconds:g} s")

    # -- on the worker's thread ----------------------------------------------------------------------

    def _survive(self, act: Callable[..., None], *args: Received) -> None:
        try:
            act(*args)
        except Exception:  # the thread must live on; while the program ends, publishing fails
            if self._node.context.ok():
                self._log.error(traceback.format_exc(), throttle_duration_sec=REPEAT_SECONDS)

    def _process(self, frame: Received) -> None:
        try:
            reports = self._targets.process(frame)
        except ImageError as error:
            reports = self._targets.refused(f"image refused: {error}")
            self._log.error(
                f"image refused: {error} (topic {self._topic})", throttle_duration_sec=REPEAT_SECONDS
            )
        except Exception as error:  # such as a device without memory for the image
            reports = self._targets.refused(f"image could not be processed: {type(error).__name__}: {error}")
            self._log.error(traceback.format_exc(), throttle_duration_sec=REPEAT_SECONDS)
        if reports is None:
            self._late += 1
            self._log.warning(
                f"image on {self._topic} skipped: its stamp is not newer than the last one's",
                throttle_duration_sec=REPEAT_SECONDS,
            )
            return
        self._processed += 1
        self._publish(reports, frame.message.header, frame.at)

    def _select(self, frames: list[Received], box: Box, normalized: bool, why: str, by_itself: bool) -> str:
        if self._detections.settings.snap and not by_itself:
            width, height = self._targets.size_of(frames[0]) if normalized else (1, 1)
            at, found = self._detections.at(frames[0].stamp, box.cx * width, box.cy * height)
            frames, box, normalized = self._buffer.since(at), found.box, False
            why = f"selected {found}"
        target_id = self._targets.start_target(frames, box, normalized, why, by_itself)
        self._log.info(f"tracking {target_id}: {why}")
        return target_id

    def _stop(self) -> str:
        self._publish(self._targets.stop(), self._header, time.monotonic())
        return "stopped"

    def _stop_one(self, target_id: str) -> str:
        stopped = self._targets.stop_one(target_id)
        self.starts_itself = False
        self._publish([stopped], self._header, time.monotonic())
        return "stopped"

    def _tick(self) -> None:
        """Notice when images stay away."""
        now = time.monotonic()
        changed = self._targets.tick(now, self._simulated_time()) if self.enabled else []
        if changed:
            # The last image's boxes were published with it, and a silent camera brings no newer ones.
            coasting = all(report.box is not None for report in changed)
            self._publish(changed, self._header, now, only_state=coasting)

    def _simulated_time(self) -> float | None:
        """Return the seconds of ``/clock``; None where the node takes the time from the system."""
        clock = self._node.get_clock()
        simulated = isinstance(clock, ROSClock) and clock.ros_time_is_active
        return clock.now().nanoseconds * 1e-9 if simulated else None

    def _publish(
        self, changed: list[Report], header: Header, received: float, only_state: bool = False
    ) -> None:
        """Publish reports about the image of a header, and the list of all targets."""
        if self._closed or not self._node.context.ok():
            return
        self._header = header
        self._tell()
        if not only_state:
            self._outputs.publish_list(header, self._targets.reports)
        for report in changed:
            state = self._state(report, header, received)
            if report is self._targets.primary:
                if not only_state:
                    size = state.image_width, state.image_height
                    state.no_bearing = self._outputs.publish_target(header, report, size)
                self._outputs.publish_state(state)
            self._outputs.publish_one_of_all(state)

    def _state(self, report: Report, header: Header, received: float) -> TrackState:
        stamp = stamp_seconds(header.stamp)
        age = self._node.get_clock().now().nanoseconds * 1e-9 - stamp if stamp else 0.0
        state = state_message(header, report)
        state.tracker, state.age_ms = self._tracker, age * 1e3
        state.latency_ms = (time.monotonic() - received) * 1e3
        state.frames_processed = self._processed
        state.frames_dropped = self._late + self._worker.dropped
        state.image_width, state.image_height = self._targets.size
        if self._notice and report is self._targets.primary:
            state.message, self._notice = self._notice, ""
        return state

    def _tell(self) -> None:
        """Log changes of the targets' states."""
        for place, session in enumerate(self._targets.sessions):
            state, why = session.state, session.message
            if state is self._states[place]:
                continue
            self._states[place] = state
            whose = f"{session.target_id} " if len(self._states) > 1 else ""
            if state is State.ERROR:
                self._log.error(f"{whose}ERROR: {why}")
            elif state in (State.COASTING, State.LOST):
                self._log.warning(f"{whose}{state.name}: {why}")
            else:
                self._log.info(f"{whose}{state.name}: {why}")
