# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""From a received image to published results: what the tracker node does while it is active."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from rclpy.clock import ROSClock
from rclpy.node import Node
from std_msgs.msg import Header

from tracker_ros.geometry import Box
from tracker_ros.msg import TrackState
from tracker_ros.nodes.tracker.outputs import Outputs
from tracker_ros.ros.images import ImageError
from tracker_ros.ros.messages import stamp_seconds
from tracker_ros.ros.stream import FrameBuffer, ImageStream, Received
from tracker_ros.ros.worker import Worker
from tracker_ros.session import Report, SessionSettings, State
from tracker_ros.session.detections import Detected, Detections

REPEAT_SECONDS = 5.0
"""A message about every frame is logged this often."""


class Pipeline:
    """Callbacks hand images and requests in; a worker thread takes them one at a time and publishes.

    Args:
        node: for its logger and clock.
        stream: the session and how it is fed; used by the worker's thread only, until `close`.
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
        stream: ImageStream,
        outputs: Outputs,
        tracker: str,
        topic: str,
        buffer_frames: int,
        detections: Detections,
    ):
        self.enabled = self.starts_itself = True
        self._node, self._stream, self._outputs, self._detections = node, stream, outputs, detections
        self._started: Future[str] | None = None
        self._tracker, self._topic = tracker, topic
        self._log = node.get_logger()
        self._buffer = FrameBuffer(buffer_frames)
        self._header, self._notice = Header(), ""
        self._processed = self._late = 0
        self._state = State.IDLE
        self._closed = False
        self._worker: Worker[Received] = Worker(
            lambda frame: self._survive(self._process, frame),
            "inference",
            # While an image waits, the tracker is late, not the camera: the worker does not tick then.
            lambda: self._survive(self._tick),
        )

    def receive(self, message: Any) -> None:
        """Take an Image or CompressedImage that has just arrived."""
        frame = Received(message, time.monotonic())
        self._buffer.add(frame)
        if self.enabled:
            self._worker.offer(frame)

    def select(self, box: Box, normalized: bool, stamp: float) -> Future[str]:
        """Start on the target in the image of that stamp (0: the newest); the answer is its id.

        With ``detections.snap`` the target is the detection at the box's centre, in the detector's image.
        The future raises ValueError when the selection is refused.
        """
        return self._start(box, normalized, stamp, "selected", self._detections.settings.snap)

    def select_without_reply(self, box: Box, stamp: float) -> None:
        """Select for a request that awaits no answer: the next state tells why it was refused."""
        self.select(box, False, stamp).add_done_callback(self._note_refusal)

    def detect(self, stamp: float, detected: list[Detected]) -> None:
        """Take what a detector found in the image of that stamp, and start on the best where that is set."""
        best = self._detections.add(stamp, detected)
        starts = self._detections.settings.start == "best" and self.starts_itself and self.enabled
        # One start at a time: it may take seconds.
        is_free = self._stream.session.state is State.IDLE and (self._started is None or self._started.done())
        if best is not None and starts and is_free:
            self._started = self._start(best.box, False, stamp, f"started by itself on {best}", snap=False)
            self._started.add_done_callback(self._note_refusal)

    def _start(self, box: Box, normalized: bool, stamp: float, why: str, snap: bool) -> Future[str]:
        """Start in the image of that stamp, with `why` as the state's message."""
        try:
            frames = self._buffer.since(stamp)
        except ValueError as error:
            refused: Future[str] = Future()
            refused.set_exception(ValueError(f"{error} on {self._topic}"))
            return refused
        return self._worker.submit(lambda: self._select(frames, box, normalized, why, snap))

    def _note_refusal(self, answer: Future[str]) -> None:
        if not answer.cancelled() and (error := answer.exception()) is not None:
            self._notice = f"selection refused: {error}"
            self._log.warning(self._notice, throttle_duration_sec=REPEAT_SECONDS)

    def stop(self) -> Future[str]:
        """Give the target up; no detection starts another one before somebody selects or enables."""
        self.starts_itself = False
        return self._worker.submit(self._stop)

    def tune(self, settings: SessionSettings) -> None:
        """Use other settings of the session from the next frame on."""

        def apply() -> str:
            self._stream.session.tune(settings)
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
            report = self._stream.process(frame)
        except ImageError as error:
            report = self._stream.session.refused(f"image refused: {error}")
            self._log.error(f"{report.message} (topic {self._topic})", throttle_duration_sec=REPEAT_SECONDS)
        except Exception as error:  # such as a device without memory for the image
            report = self._stream.session.refused(
                f"image could not be processed: {type(error).__name__}: {error}"
            )
            self._log.error(traceback.format_exc(), throttle_duration_sec=REPEAT_SECONDS)
        if report is None:
            self._late += 1
            self._log.warning(
                f"image on {self._topic} skipped: its stamp is not newer than the last one's",
                throttle_duration_sec=REPEAT_SECONDS,
            )
            return
        self._processed += 1
        self._publish(report, frame.message.header, frame.at)

    def _select(self, frames: list[Received], box: Box, normalized: bool, why: str, snap: bool) -> str:
        if snap:
            width, height = self._stream.size_of(frames[0]) if normalized else (1, 1)
            at, found = self._detections.at(frames[0].stamp, box.cx * width, box.cy * height)
            frames, box, normalized = self._buffer.since(at), found.box, False
            why = f"selected {found}"
        target_id = self._stream.select(frames, box, normalized, why)
        self._log.info(f"tracking {target_id}: {why}")
        return target_id

    def _stop(self) -> str:
        self._publish(self._stream.session.stop(), self._header, time.monotonic())
        return "stopped"

    def _tick(self) -> None:
        """Notice when images stay away."""
        now = time.monotonic()
        report = self._stream.tick(now, self._simulated_time()) if self.enabled else None
        if report is not None:
            # The last image's box was published with it, and a silent camera brings no newer one.
            self._publish(report, self._header, now, only_state=report.box is not None)

    def _simulated_time(self) -> float | None:
        """Return seconds of ``/clock``; None where the node takes the time from the system."""
        clock = self._node.get_clock()
        simulated = isinstance(clock, ROSClock) and clock.ros_time_is_active
        return clock.now().nanoseconds * 1e-9 if simulated else None

    def _publish(self, report: Report, header: Header, received: float, only_state: bool = False) -> None:
        if self._closed or not self._node.context.ok():
            return
        self._header = header
        self._tell(self._stream.session.state, self._stream.session.message)
        stamp = stamp_seconds(header.stamp)
        age = self._node.get_clock().now().nanoseconds * 1e-9 - stamp if stamp else 0.0
        state = TrackState(
            tracker=self._tracker,
            latency_ms=(time.monotonic() - received) * 1e3,
            age_ms=age * 1e3,
            frames_processed=self._processed,
            frames_dropped=self._late + self._worker.dropped,
        )
        if self._notice:
            report, self._notice = report._replace(message=self._notice), ""
        state.image_width, state.image_height = size = self._stream.size
        if not only_state:
            state.no_bearing = self._outputs.publish_target(header, report, size)
        self._outputs.publish_state(header, report, state)

    def _tell(self, state: State, why: str) -> None:
        """Log a change of the session's state."""
        if state is self._state:
            return
        self._state = state
        if state is State.ERROR:
            self._log.error(f"ERROR: {why}")
        elif state in (State.COASTING, State.LOST):
            self._log.warning(f"{state.name}: {why}")
        else:
            self._log.info(f"{state.name}: {why}")
