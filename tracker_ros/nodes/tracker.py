"""The tracker node: images and selections in, detections and the state of tracking out.

docs/nodes.md lists its topics, services and parameters.
"""

from __future__ import annotations

import time
import traceback
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError
from concurrent.futures import Future as Answer
from typing import Any

from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.task import Future
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header
from std_srvs.srv import SetBool, Trigger
from vision_msgs.msg import Detection2D

from tracker_ros.msg import TrackState
from tracker_ros.nodes.tracker_model import prepare
from tracker_ros.nodes.tracker_outputs import Outputs
from tracker_ros.nodes.tracker_parameters import Parameters
from tracker_ros.ros import qos
from tracker_ros.ros.compat import run_node, steady_clock
from tracker_ros.ros.images import ImageError
from tracker_ros.ros.messages import box_of, stamp_seconds
from tracker_ros.ros.parameters import ParameterError
from tracker_ros.ros.stream import FrameBuffer, ImageStream, Received
from tracker_ros.ros.transitions import logged
from tracker_ros.ros.worker import Worker
from tracker_ros.session import Report, Session, State
from tracker_ros.srv import SelectTarget
from tracker_ros.trackers import SettingsError
from tracker_ros.weights import WeightsError

WATCH_SECONDS = 0.1
LONGEST_INFERENCE = 5.0
"""Seconds that leaving the active state waits for the inference in hand."""


class TrackerNode(LifecycleNode):
    """Tracks one target in a stream of images.

    Callbacks only pass work on; images and orders are handled one at a time by a worker thread.
    """

    def __init__(self) -> None:
        super().__init__("tracker")
        self._parameters_in = Parameters(self)
        self._worker: Worker[Received] | None = None
        self._outputs: Outputs | None = None
        self._enabled = True
        if self.get_parameter("autostart").value:
            self._starter = self.create_timer(0.0, self._autostart, clock=steady_clock())

    def _autostart(self) -> None:
        self.destroy_timer(self._starter)
        if self.trigger_configure() == TransitionCallbackReturn.SUCCESS:
            self.trigger_activate()

    # -- transitions ---------------------------------------------------------------------------------

    @logged(SettingsError, WeightsError, ParameterError)
    def on_configure(self, state: LifecycleState) -> None:
        """Load, verify and warm up the model; offer topics and services."""
        self._values = self._parameters_in.read()
        tracker, device = prepare(self._values)
        self.get_logger().info(f"tracker '{self._values.tracker}' on {device}")
        # The random part keeps ids unique over restarts of the node.
        session = Session(tracker, self._values.session, name=f"target-{uuid.uuid4().hex[:6]}")
        self._stream = ImageStream(session, device)
        self._outputs = Outputs(self)
        self._offered = [
            self.create_service(SelectTarget, "~/select", self._on_select),
            self.create_service(Trigger, "~/stop", self._on_stop),
            self.create_service(SetBool, "~/enable", self._on_enable),
        ]

    @logged()
    def on_activate(self, state: LifecycleState) -> None:
        """Subscribe to images and begin."""
        super().on_activate(state)
        self._buffer = FrameBuffer(self._values.buffer_frames)
        self._processed = self._late = 0
        self._enabled, self._header, self._notice = True, Header(), ""
        self._worker = Worker(self._track, "inference")
        topic, kind = self.resolve_topic_name("image"), Image
        if self._values.image_transport == "compressed":
            topic, kind = topic + "/compressed", CompressedImage
        self._image_topic = topic
        profile = qos.camera(self._values.image_reliability)
        self._subscribed = [
            self.create_subscription(kind, topic, self._on_image, profile),
            self.create_subscription(Detection2D, "~/init_box", self._on_init_box, qos.COMMAND),
        ]
        self._watch = self.create_timer(WATCH_SECONDS, self._on_watch, clock=steady_clock())

    @logged()
    def on_deactivate(self, state: LifecycleState) -> None:
        """Give the target up and stop."""
        self._halt()
        super().on_deactivate(state)

    @logged()
    def on_cleanup(self, state: LifecycleState) -> None:
        """Release the model, topics and services."""
        self._release()

    @logged()
    def on_shutdown(self, state: LifecycleState) -> None:
        """Stop from any state."""
        self._release()

    @logged()
    def on_error(self, state: LifecycleState) -> None:
        """Back to the unconfigured state after a transition that broke."""
        self._release()

    def _halt(self) -> None:
        """End all work; no target remains."""
        if self._worker is None:
            return
        self.destroy_timer(self._watch)
        for subscription in self._subscribed:
            self.destroy_subscription(subscription)
        worker, self._worker = self._worker, None
        if not worker.close(LONGEST_INFERENCE):
            self.get_logger().error(f"an inference takes more than {LONGEST_INFERENCE:g} s: left behind")
            return
        self._publish(self._stream.session.stop(), self._header, time.monotonic())

    def _release(self) -> None:
        self._halt()
        if self._outputs is None:
            return
        for service in self._offered:
            self.destroy_service(service)
        self._outputs.close()
        self._outputs = None
        del self._stream

    def close(self) -> None:
        """Stop the worker's thread before the process ends."""
        if self._worker is not None:
            self._worker.close(LONGEST_INFERENCE)

    # -- images --------------------------------------------------------------------------------------

    def _on_image(self, message: Any) -> None:
        frame = Received(message, time.monotonic())
        self._buffer.add(frame)
        if self._worker is not None and self._enabled:
            self._worker.offer(frame)

    def _track(self, frame: Received) -> None:
        """Process one image; on the worker's thread."""
        try:
            report = self._stream.process(frame)
        except ImageError as error:
            report = self._refused(f"image refused: {error}")
            self.get_logger().error(report.message, throttle_duration_sec=5.0)
        except Exception:  # the thread must live on
            report = self._refused("image could not be processed; the log has the traceback")
            self.get_logger().error(traceback.format_exc())
        if report is None:
            self._late += 1
            self.get_logger().warning(
                "image skipped: its stamp is not newer than the last one's", throttle_duration_sec=5.0)
            return
        self._processed += 1
        self._publish(report, frame.message.header, frame.at)

    def _refused(self, why: str) -> Report:
        """What is said about a frame that could not be looked at. The session goes on as it was."""
        return Report(State.ERROR, self._stream.session.target_id, None, 0.0, 0.0, 0.0, None, why)

    def _publish(self, report: Report, header: Header, received: float) -> None:
        if not self.context.ok():
            return
        self._header = header
        now = self.get_clock().now().nanoseconds * 1e-9
        stamp = stamp_seconds(header.stamp)
        state = TrackState(
            tracker=self._values.tracker,
            latency_ms=(time.monotonic() - received) * 1e3,
            age_ms=(now - stamp) * 1e3 if stamp else 0.0,
            frames_processed=self._processed,
            frames_dropped=self._late + (self._worker.dropped if self._worker else 0),
        )
        if self._notice:
            report, self._notice = report._replace(message=self._notice), ""
        self._outputs.publish(header, report, state)

    def _on_watch(self) -> None:
        if self._enabled and self._worker is not None:
            self._worker.submit(self._tick)

    def _tick(self) -> str:
        now = time.monotonic()
        report = self._stream.tick(now)
        if report is not None:
            self.get_logger().warning(f"{report.state.name}: {report.message} on {self._image_topic}")
            self._publish(report, self._header, now)
        return ""

    # -- orders --------------------------------------------------------------------------------------

    async def _on_select(self, request: SelectTarget.Request,
                         response: SelectTarget.Response) -> SelectTarget.Response:
        wanted = self._selection(request.bbox, request.normalized, stamp_seconds(request.stamp))
        response.target_id, response.reason = await self._ask(wanted)
        response.accepted = not response.reason
        return response

    async def _on_init_box(self, message: Detection2D) -> None:
        _, reason = await self._ask(self._selection(message.bbox, False, stamp_seconds(message.header.stamp)))
        if reason:
            self._notice = f"selection refused: {reason}"

    def _selection(self, bbox: Any, normalized: bool, stamp: float) -> Callable[[], str]:
        def select() -> str:
            target_id = self._stream.select(frames, box_of(bbox), normalized)
            self.get_logger().info(f"tracking {target_id}")
            return target_id

        def refuse() -> str:
            raise ValueError(reason)

        if self._worker is None:
            return refuse
        try:
            frames = self._buffer.since(stamp)
        except ValueError as error:
            reason = f"{error} (topic {self._image_topic})"
            return refuse
        return select

    async def _on_stop(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        done, reason = await self._ask(self._stop)
        response.success, response.message = not reason, done or reason
        return response

    async def _on_enable(self, request: SetBool.Request, response: SetBool.Response) -> SetBool.Response:
        if self._worker is not None:
            self._enabled = request.data
        done, reason = await self._ask((lambda: "enabled") if request.data else self._stop)
        response.success, response.message = not reason, done or reason
        return response

    def _stop(self) -> str:
        self._publish(self._stream.session.stop(), self._header, time.monotonic())
        return "stopped"

    async def _ask(self, order: Callable[[], str]) -> tuple[str, str]:
        """The worker's answer to an order, and why there is none; other callbacks run meanwhile."""
        if self._worker is None:
            return "", "the node is not active"
        answer: Answer[str] = self._worker.submit(order)
        done = Future(executor=self.executor)
        # A callback of its own makes the executor wake up and resume who awaits.
        done.add_done_callback(lambda _: None)
        answer.add_done_callback(done.set_result)
        await done
        try:
            return answer.result(), ""
        except CancelledError:
            return "", "the node was deactivated"
        except Exception as error:  # a tracker may raise anything on a selection
            self.get_logger().error(f"refused: {type(error).__name__}: {error}")
            return "", str(error) or type(error).__name__


def main(args: Sequence[str] | None = None) -> int:
    """Run the node."""
    return run_node(TrackerNode, args)


if __name__ == "__main__":
    raise SystemExit(main())
