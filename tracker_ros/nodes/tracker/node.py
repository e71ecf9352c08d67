# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The tracker node: images and selections in, detections and the state of tracking out.

docs/nodes.md lists its topics, services and parameters.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from concurrent.futures import CancelledError
from concurrent.futures import Future as Answer
from typing import Any

from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.lifecycle import LifecycleState
from rclpy.task import Future
from std_msgs.msg import String
from std_srvs.srv import SetBool, Trigger
from vision_msgs.msg import Detection2D, Detection2DArray

from tracker_ros.export.archive import ArchiveError
from tracker_ros.nodes.tracker.location import LIVE_LOCATION, LocationSettings
from tracker_ros.nodes.tracker.model import prepare
from tracker_ros.nodes.tracker.outputs import Outputs
from tracker_ros.nodes.tracker.parameters import Parameters, TrackerParameters
from tracker_ros.nodes.tracker.pipeline import Pipeline
from tracker_ros.ros import qos
from tracker_ros.ros.camera import read_images
from tracker_ros.ros.compat import image_topic, run_program, steady_clock
from tracker_ros.ros.live import AT_CONFIGURATION, Group, LiveParameters
from tracker_ros.ros.messages import box_of, stamp_seconds
from tracker_ros.ros.parameters import ParameterError
from tracker_ros.ros.reader import Reader
from tracker_ros.ros.reports import detected
from tracker_ros.ros.targets import Targets
from tracker_ros.ros.transitions import ManagedNode, how_to_activate, logged
from tracker_ros.session import Session, SessionSettings
from tracker_ros.session.detections import Detections, DetectionSettings
from tracker_ros.srv import SelectTarget
from tracker_ros.trackers import SettingsError
from tracker_ros.weights import WeightsError

REQUEST_TIMEOUT = 30.0
"""Seconds after which a request is answered although the inference in progress did not end."""
LONGEST_INFERENCE = 5.0
"""Seconds that deactivation waits for the inference in progress."""
CLOSING = 2.0
"""Seconds that the end of the process waits for it: launch kills what has not ended after five."""


class TrackerNode(ManagedNode):
    """Tracks one target, or several, in a stream of images.

    Callbacks only pass images and requests on to a `Pipeline`, which has a thread of its own.
    """

    def __init__(self) -> None:
        super().__init__("tracker")
        self._declared = Parameters(self)
        self._values: TrackerParameters
        self._model_name: str
        self._targets: Targets
        self._outputs: Outputs | None = None
        self._pipeline: Pipeline | None = None
        self._images: Reader | None = None
        # A callback that awaits an answer holds its group meanwhile: what must go on is in another one. The
        # services exist as long as the node, so that an answer never comes after its service is gone.
        self._awaiting = ReentrantCallbackGroup()
        for kind, name, answer in (
            (SelectTarget, "~/select", self._on_select),
            (Trigger, "~/stop", self._on_stop),
            (SetBool, "~/enable", self._on_enable),
        ):
            self.create_service(kind, name, answer, callback_group=self._awaiting)
        self._live = LiveParameters(
            self,
            lambda: "" if self._outputs is None else AT_CONFIGURATION,
            groups={
                "session": Group(SessionSettings, self._tune_session),
                "detections": Group(DetectionSettings, self._tune_detections),
                "location": Group(LocationSettings, self._tune_location, LIVE_LOCATION),
            },
        )
        self.start_if_asked()

    @logged(SettingsError, WeightsError, ArchiveError, ParameterError)
    def on_configure(self, state: LifecycleState) -> None:
        """Load, verify and warm up the model; offer the topics."""
        self._values = self._declared.read()
        tracker, self._model_name, device = prepare(self._values)
        self.get_logger().info(f"tracker '{self._model_name}' on {device}")
        settings = self._declared.session(getattr(tracker, "session_settings", {}))
        # The random part keeps ids unique over restarts of the node.
        names = [f"target-{uuid.uuid4().hex[:6]}" for _ in range(self._values.max_targets)]
        sessions = [Session(tracker, settings, name) for name in names]
        self._detections = Detections(self._values.detections)
        for session in sessions:
            session.confirm = self._detections.confirmation()
        self._targets = Targets(sessions, device)
        self._outputs = Outputs(self, self._values.location)

    def begin(self) -> None:
        """Subscribe to images; raise ParameterError for a quality of service that is none."""
        assert self._outputs is not None
        topic = image_topic(self, self._values.image_transport)
        self._pipeline = pipeline = Pipeline(
            self,
            self._targets,
            self._outputs,
            self._model_name,
            topic,
            self._values.buffer_frames,
            self._detections,
        )
        self._images = read_images(
            self, pipeline.receive, self._values.image_transport, self._values.image_reliability
        )
        self.subscribe(Detection2D, "~/init_box", self._on_init_box, qos.COMMAND)
        self.subscribe(String, "~/select_target", self._on_select_target, qos.COMMAND)
        self.subscribe(String, "~/stop_target", self._on_stop_target, qos.COMMAND)
        self.subscribe(Detection2DArray, "~/detections", self._on_detections, qos.RESULT)
        self._outputs.location.open()

    def _tune_session(self, settings: SessionSettings) -> None:
        if self._pipeline is not None:
            self._pipeline.tune(settings)
        elif self._outputs is not None:
            self._targets.tune(settings)

    def _tune_detections(self, settings: DetectionSettings) -> None:
        if self._outputs is not None:
            self._detections.settings = settings

    def _tune_location(self, settings: LocationSettings) -> None:
        if self._outputs is not None:
            self._outputs.location.tune(settings)

    def halt(self) -> None:
        """Stop tracking and stop the node."""
        self._stop_working(LONGEST_INFERENCE)

    def _stop_working(self, seconds: float) -> None:
        """Stop working; wait so long for the inference in progress, then raise TimeoutError."""
        if self._pipeline is None:
            return
        pipeline, self._pipeline = self._pipeline, None
        if self._images is not None:
            self._images.close()
            self._images = None
        assert self._outputs is not None
        self._outputs.location.halt()
        pipeline.close(seconds)

    def release(self) -> None:
        """Release the model and the topics."""
        self.halt()
        if self._outputs is None:
            return
        self._outputs.close()
        self._outputs = None
        del self._targets

    def close(self) -> None:
        """End the worker's thread before the process ends."""
        super().close()
        try:
            self._stop_working(CLOSING)
        except TimeoutError as error:
            self.get_logger().error(str(error))

    # -- requests ------------------------------------------------------------------------------------

    async def _on_select(
        self, request: SelectTarget.Request, response: SelectTarget.Response
    ) -> SelectTarget.Response:
        if self._pipeline is not None:
            box, stamp = box_of(request.bbox), stamp_seconds(request.stamp)
            answer = self._pipeline.submit_selection(box, request.normalized, stamp)
            response.target_id, response.reason = await self._outcome(answer)
        else:
            response.reason = self._inactive()
        response.accepted = not response.reason
        return response

    def _on_init_box(self, message: Detection2D) -> None:
        if self._pipeline is not None:
            self._pipeline.submit_selection_without_reply(
                box_of(message.bbox), stamp_seconds(message.header.stamp), message.header.frame_id
            )

    def _on_select_target(self, message: String) -> None:
        if self._pipeline is not None:
            self._pipeline.choose(message.data)

    def _on_stop_target(self, message: String) -> None:
        if self._pipeline is not None:
            self._pipeline.stop_one(message.data)

    def _on_detections(self, message: Detection2DArray) -> None:
        if self._pipeline is not None:
            stamp = stamp_seconds(message.header.stamp)
            self._pipeline.detect(stamp, detected(message), message.header.frame_id)

    async def _on_stop(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        problem = ""
        if self._pipeline is not None:
            _, problem = await self._outcome(self._pipeline.stop(), withdraw=False)
        # An inactive node has no target.
        response.success = not problem or self._pipeline is None
        response.message = "no target" if response.success else problem
        return response

    async def _on_enable(self, request: SetBool.Request, response: SetBool.Response) -> SetBool.Response:
        """Enable or disable: while disabled, images are ignored and there is no target."""
        if self._pipeline is None:
            response.message = self._inactive()
            return response
        self._pipeline.enabled = self._pipeline.starts_itself = request.data
        if not request.data:
            await self._outcome(self._pipeline.stop(), withdraw=False)
        response.success, response.message = True, "enabled" if request.data else "disabled"
        return response

    def _inactive(self) -> str:
        """Explain how to activate the node, which has no pipeline now."""
        advice = how_to_activate(self.get_fully_qualified_name(), self._outputs is not None)
        return f"the tracker node is {advice}"

    async def _outcome(self, answer: Answer[str], withdraw: bool = True) -> tuple[str, str]:
        """Return the worker's answer to a request, and why there is none; other callbacks run meanwhile.

        A request that does not get its turn in time is withdrawn if asked for, or else executed when it does.
        """
        done: Any = Future(executor=self.executor)
        # A callback of its own makes the executor wake up and resume who awaits.
        done.add_done_callback(lambda _: None)
        answer.add_done_callback(done.set_result)
        limit = self.create_timer(
            REQUEST_TIMEOUT,
            lambda: done.set_result(None),
            callback_group=self._awaiting,
            clock=steady_clock(),
        )
        await done
        self.destroy_timer(limit)
        if not answer.done():
            if withdraw:
                answer.cancel()
            return "", f"the inference in progress takes more than {REQUEST_TIMEOUT:g} s"
        try:
            return answer.result(), ""
        except CancelledError:
            return "", "the tracker node was deactivated"
        except ValueError as error:
            reason = str(error)
        except Exception as error:  # a tracker may raise anything on a selection
            reason = f"the tracker failed: {type(error).__name__}: {error}"
        self.get_logger().warning(f"refused: {reason}")
        return "", reason


def main(args: Sequence[str] | None = None) -> int:
    """Run the node."""
    return run_program(TrackerNode, args)


if __name__ == "__main__":
    raise SystemExit(main())
