# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The gimbal node: detections, calibration and attitude in, rate commands out.

docs/gimbal.md lists its topics and parameters, and says which way its axes point. It needs no PyTorch.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from geometry_msgs.msg import QuaternionStamped, Vector3Stamped
from rclpy.lifecycle import LifecycleState
from rclpy.timer import Timer
from sensor_msgs.msg import CameraInfo
from std_msgs.msg import Header
from vision_msgs.msg import Detection2D

from tracker_ros.gimbal.attitude import direction, from_optical, normalized, rotate
from tracker_ros.gimbal.controller import Controller, Rates
from tracker_ros.gimbal.settings import ControlSettings
from tracker_ros.msg import TrackState
from tracker_ros.nodes.gimbal.outputs import ONLY_TOPIC, OUTPUTS
from tracker_ros.nodes.gimbal.receiver import MavlinkSettings, Output, OutputError
from tracker_ros.optics.camera import Camera, read_camera
from tracker_ros.optics.lens import CameraError
from tracker_ros.ros import endpoints, qos
from tracker_ros.ros.compat import run_program, steady_clock
from tracker_ros.ros.live import AT_CONFIGURATION, Group, LiveParameters, retime
from tracker_ros.ros.parameters import (
    ParameterError,
    declare,
    declare_settings,
    read_settings,
    require_choice,
    resolved_name,
)
from tracker_ros.ros.transitions import ManagedNode, logged

CHOICES = (ONLY_TOPIC, *OUTPUTS)
UNVERIFIED = "unverified"
"""Class of a detection that may be another object than the selected one."""
REPEAT_SECONDS = 5.0
"""A message that would be repeated with every frame is logged this often."""


class GimbalNode(ManagedNode):
    """Points a gimbal at the target of one tracker node."""

    def __init__(self) -> None:
        super().__init__("gimbal")
        self._declare()
        self._output: Output | None = None
        self._offered = False
        self._timer: Timer | None = None
        self._live = LiveParameters(
            self,
            lambda: AT_CONFIGURATION if self._offered else "",
            ("exposure_offset", "frame_id", "follow_unverified"),
            {"rate": self._tune_rate},
            {"control": Group(ControlSettings, self._tune)},
        )
        self.start_if_asked()

    def _declare(self) -> None:
        declare(self, "tracker_node", "tracker", "node whose target it follows, relative to this namespace")
        declare(self, "output", ONLY_TOPIC, "where rates go besides ~/rate", choices=CHOICES)
        declare(self, "rate", 50.0, "commands a second", 1.0, 500.0)
        declare(self, "follow_unverified", False, "also point at what may be another object after an absence")
        declare(self, "rectified", False, "the target's pixels are those of rectified images")
        declare(self, "exposure_offset", 0.0, "seconds from an exposure to the stamp of its image", -0.5, 0.5)
        declare(self, "frame_id", "gimbal_frd", "of the header of ~/rate")
        declare(self, "autostart", False, "configure and activate without a lifecycle manager")
        declare_settings(self, "control", ControlSettings, {})
        declare_settings(self, "mavlink", MavlinkSettings, {})

    def _value(self, name: str) -> Any:
        return self.get_parameter(name).value

    # -- lifecycle -----------------------------------------------------------------------------------

    @logged(OutputError, ParameterError)
    def on_configure(self, state: LifecycleState) -> None:
        """Read the parameters; offer the output."""
        try:
            self._configure()
        except Exception:  # the node can be configured again, and would have two outputs
            self.release()
            raise

    def _configure(self) -> None:
        self._tracker = resolved_name(self, "tracker_node", self._value("tracker_node"))
        output = self._value("output")
        require_choice("output", output, CHOICES)
        self._control = ControlSettings(**read_settings(self, "control", ControlSettings))
        mavlink = MavlinkSettings(**read_settings(self, "mavlink", MavlinkSettings))
        self._output = None if output == ONLY_TOPIC else OUTPUTS[output](self, mavlink)
        self._rates = endpoints.lifecycle_publisher(self, Vector3Stamped, "~/rate", qos.COMMAND)
        self._offered = True

    def begin(self) -> None:
        """Subscribe, take control of the gimbal; raise ParameterError as `ManagedNode.begin` has it."""
        self._controller = Controller(self._control)
        self._camera: Camera | None = None
        self._calibration: CameraInfo | None = None
        self._size = (0, 0)
        self._sees = True
        self._waiting: Detection2D | None = None
        self._problem: str | None = None
        self._stepped = time.monotonic()
        for kind, topic, receive, profile in (
            (CameraInfo, "camera_info", self._on_info, qos.camera()),
            (QuaternionStamped, "~/attitude", self._on_attitude, qos.MEASUREMENT),
            (Detection2D, f"{self._tracker}/target", self._on_target, qos.RESULT),
            (TrackState, f"{self._tracker}/state", self._on_state, qos.RESULT),
        ):
            self.subscribe(kind, topic, receive, profile)
        # Last: who cannot hear that the target is lost neither commands the gimbal nor takes it from a pilot.
        # A clock that nobody stops: a command must end whatever happens to the time of the stamps.
        self._timer = self.create_timer(1.0 / self._value("rate"), self._step, clock=steady_clock())
        if self._output is not None:
            self._output.claim()

    def _tune(self, settings: ControlSettings) -> None:
        self._control = settings
        if self._timer is not None:
            self._controller.tune(settings)

    def _tune_rate(self, rate: float) -> None:
        if self._timer is not None:
            retime(self._timer, 1 / rate)

    def halt(self) -> None:
        """Stop the gimbal at once."""
        if self._timer is None:  # nothing was commanded
            return
        self.destroy_timer(self._timer)
        self._timer = None
        self._send(Rates())

    def release(self) -> None:
        """Remove the topics."""
        self.halt()
        if self._output is not None:
            self._output.close()
            self._output = None
        if self._offered:
            self.destroy_lifecycle_publisher(self._rates)
            self._offered = False

    def close(self) -> None:
        """Stop the gimbal before the process ends: nothing else would end its last rate."""
        super().close()
        self.halt()
        if self._output is not None:
            self._output.close()
            self._output = None

    # -- what comes in -------------------------------------------------------------------------------

    def _on_info(self, info: CameraInfo) -> None:
        info.header = Header()  # two calibrations of different stamps are the same
        if info == self._calibration:
            return
        self._calibration = info
        try:
            self._camera = read_camera(info, self._value("rectified"))
        except CameraError as error:
            self._camera = None
            self.get_logger().error(str(error))

    def _on_attitude(self, message: QuaternionStamped) -> None:
        q = message.quaternion
        try:
            self._controller.attitudes.add(_seconds(message.header), normalized(q.w, q.x, q.y, q.z))
        except ValueError as error:
            self.get_logger().error(f"attitude refused: {error}", throttle_duration_sec=REPEAT_SECONDS)

    def _on_target(self, target: Detection2D) -> None:
        """Follow a detection; while the tracker does not see its target, only once it says that it does."""
        self._waiting = None if self._sees else target
        if self._sees:
            self._follow(target)

    def _follow(self, target: Detection2D) -> None:
        if not self._may_follow(target):
            self.get_logger().warning(
                f"{target.id} not followed: it may be another object. Select it to follow it",
                throttle_duration_sec=REPEAT_SECONDS,
            )
            return
        exposed = _seconds(target.header) - self._value("exposure_offset")
        attitude = self._controller.attitudes.at(exposed)
        if self._camera is None or attitude is None:
            missing = "calibration on camera_info" if self._camera is None else "attitude at its exposure"
            self.get_logger().warning(
                f"target not used: there is no {missing}", throttle_duration_sec=REPEAT_SECONDS
            )
            return
        centre = target.bbox.center.position
        try:
            if self._size != (0, 0):
                self._camera.require_size(*self._size)
            ray = from_optical(self._camera.ray(centre.x, centre.y))
        except CameraError as error:
            self.get_logger().warning(f"target not used: {error}", throttle_duration_sec=REPEAT_SECONDS)
            return
        since = time.monotonic() - self._stepped
        self._controller.sight.observe(exposed, direction(rotate(attitude, ray)), target.id, since)

    def _may_follow(self, target: Detection2D) -> bool:
        """Return whether a detection is the selected object, as far as the tracker knows, or any will do."""
        doubtful = any(result.hypothesis.class_id == UNVERIFIED for result in target.results)
        return not doubtful or self._value("follow_unverified")

    def _on_state(self, message: TrackState) -> None:
        if message.image_width and message.image_height:
            self._size = (message.image_width, message.image_height)
        exposed = _seconds(message.header) - self._value("exposure_offset")
        self._sees = message.state in (TrackState.ACQUIRING, TrackState.TRACKING)
        if message.state == TrackState.COASTING:
            self._controller.sight.coast(exposed)
        elif not self._sees:  # lost, an error, or a state that this version does not know
            self._controller.sight.lose(exposed)
        elif self._waiting is not None and self._waiting.header.stamp == message.header.stamp:
            self._follow(self._waiting)
            self._waiting = None

    # -- what goes out -------------------------------------------------------------------------------

    def _step(self) -> None:
        before, self._stepped = self._stepped, time.monotonic()
        now = self.get_clock().now().nanoseconds * 1e-9
        self._send(self._controller.step(now, self._stepped - before))
        problem = self._controller.problem(now)
        # Numbers in it change all the time; what is wrong does not.
        if self._problem is None or bool(problem) != bool(self._problem):
            self.get_logger().info(f"stopped: {problem}" if problem else "pointing at the target")
        self._problem = problem

    def _send(self, rates: Rates) -> None:
        if not self.context.ok():
            return
        message = Vector3Stamped()
        message.header.stamp = self.get_clock().now().to_msg()
        message.header.frame_id = self._value("frame_id")
        message.vector.y, message.vector.z = rates
        self._rates.publish(message)
        if self._output is not None:
            self._output.send(rates)


def _seconds(header: Header) -> float:
    return header.stamp.sec + header.stamp.nanosec * 1e-9


def main(args: Sequence[str] | None = None) -> int:
    """Run the node."""
    return run_program(GimbalNode, args)


if __name__ == "__main__":
    raise SystemExit(main())
