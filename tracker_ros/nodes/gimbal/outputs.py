# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Outputs of a gimbal's rates besides ``~/rate``: one small adapter for each receiver."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from importlib import import_module
from typing import Any

from rclpy.node import Node

from tracker_ros.gimbal.controller import Rates
from tracker_ros.gimbal.units import RATE_UNITS, convert
from tracker_ros.nodes.gimbal.mavlink_output import MavlinkOutput
from tracker_ros.nodes.gimbal.receiver import MavlinkSettings, Output, OutputError
from tracker_ros.ros import endpoints, qos

DO_GIMBAL_MANAGER_PITCHYAW, DO_GIMBAL_MANAGER_CONFIGURE = 1000, 1001
UNCHANGED, GIVE_BACK = -1, -3
ANSWER_SECONDS = 1.0
"""A service's answer is awaited so long: one that was lost must not hold up the commands for good."""


class Mavros:
    """MAVROS's gimbal_control plugin. Rates go as a stream, GIMBAL_MANAGER_SET_PITCHYAW, in radians."""

    name = "mavros"

    def __init__(self, node: Node, settings: MavlinkSettings):
        self._node, self._settings = node, settings
        self._manager = "mavros/gimbal_control/manager"
        self._configure = interface(self.name, "mavros_msgs", "srv", "GimbalManagerConfigure")
        self._claimed = self._asked = False
        self._open()  # the part that may fail comes first: nobody would close the other
        self._control: Any = node.create_client(self._configure, f"{self._manager}/configure")

    def _open(self) -> None:
        self._message = interface(self.name, "mavros_msgs", "msg", "GimbalManagerSetPitchyaw")
        self._stream = endpoints.publisher(
            self._node, self._message, f"{self._manager}/set_pitchyaw", qos.COMMAND
        )

    def claim(self) -> None:
        """Take control of the gimbal manager."""
        self._claimed = False

    def _ask_for_control(self) -> None:
        if self._claimed or not self._control.service_is_ready():
            return
        self._claimed = self._asked = True
        s = self._settings
        self._give_control(s.source_system, s.source_component).add_done_callback(self._on_answer)

    def _give_control(self, system: int, component: int) -> Any:
        return self._control.call_async(
            self._configure.Request(
                sysid_primary=system,
                compid_primary=component,
                sysid_secondary=UNCHANGED,
                compid_secondary=UNCHANGED,
                gimbal_device_id=self._settings.gimbal_device_id,
            )
        )

    def _on_answer(self, answer: Any) -> None:
        if not answer.result().success:
            self._node.get_logger().error(f"no control of the gimbal: MAV_RESULT {answer.result().result}")

    def send(self, rates: Rates) -> None:
        """Publish rates to MAVROS."""
        self._ask_for_control()
        s = self._settings
        self._stream.publish(
            self._message(
                target_system=s.target_system, target_component=s.target_component, **self._fields(rates)
            )
        )

    def _fields(self, rates: Rates) -> dict[str, Any]:
        """Fill the fields that message and service share. Not a number: no angle is wanted, only rates."""
        unit = RATE_UNITS[self.name]
        return {"flags": self._settings.flags, "gimbal_device_id": self._settings.gimbal_device_id,
                "pitch": math.nan, "yaw": math.nan, "pitch_rate": convert(rates.pitch, unit),
                "yaw_rate": convert(rates.yaw, unit)}  # fmt: skip

    def close(self) -> None:
        """Give control back, if it was asked for, and forget publishers and clients."""
        if self._asked and self._node.context.ok() and self._control.service_is_ready():
            self._give_control(GIVE_BACK, GIVE_BACK)  # nobody is left to hear the answer
        self._node.destroy_client(self._control)
        self._close()

    def _close(self) -> None:
        self._node.destroy_publisher(self._stream)


class MavrosService(Mavros):
    """The same plugin's service, MAV_CMD_DO_GIMBAL_MANAGER_PITCHYAW, in degrees.

    A command is sent when the one before was answered, or was not for `ANSWER_SECONDS`: the newest rates, at
    the rate that the link bears. Only a stop, the first zero after other rates, waits for nothing.
    """

    name = "mavros_service"

    def _open(self) -> None:
        self._message = interface(self.name, "mavros_msgs", "srv", "GimbalManagerPitchyaw")
        self._service: Any = self._node.create_client(self._message, f"{self._manager}/pitchyaw")
        self._waiting: Any = None
        self._until, self._sent = 0.0, Rates()

    def send(self, rates: Rates) -> None:
        """Call MAVROS' service with rates; one call at a time."""
        self._ask_for_control()
        stops = rates == Rates() and self._sent != Rates()
        if (self._waits() and not stops) or not self._service.service_is_ready():
            return
        if self._waiting is not None:
            self._service.remove_pending_request(self._waiting)  # the client would keep it for good
        self._waiting = self._service.call_async(self._message.Request(**self._fields(rates)))
        self._until, self._sent = time.monotonic() + ANSWER_SECONDS, rates

    def _waits(self) -> bool:
        return self._waiting is not None and not self._waiting.done() and time.monotonic() < self._until

    def _close(self) -> None:
        self._node.destroy_client(self._service)


class Px4:
    """PX4 over uXRCE-DDS: the same two commands as px4_msgs/VehicleCommand, in degrees."""

    def __init__(self, node: Node, settings: MavlinkSettings):
        self._node, self._settings = node, settings
        self._message = interface("px4", "px4_msgs", "msg", "VehicleCommand")
        self._commands = endpoints.publisher(node, self._message, "fmu/in/vehicle_command", qos.COMMAND)
        self._claimed = self._asked = False

    def claim(self) -> None:
        """Take control of PX4's gimbal manager."""
        self._claimed = False

    def send(self, rates: Rates) -> None:
        """Publish rates to PX4."""
        if not self._claimed and self._commands.get_subscription_count() > 0:
            self._claimed = self._asked = True
            self._give_control(self._settings.source_system, self._settings.source_component)
        unit = RATE_UNITS["px4"]
        self._publish(
            DO_GIMBAL_MANAGER_PITCHYAW,
            param1=math.nan,
            param2=math.nan,
            param3=convert(rates.pitch, unit),
            param4=convert(rates.yaw, unit),
            param5=float(self._settings.flags),
        )

    def _give_control(self, system: int, component: int) -> None:
        self._publish(
            DO_GIMBAL_MANAGER_CONFIGURE,
            param1=float(system),
            param2=float(component),
            param3=float(UNCHANGED),
            param4=float(UNCHANGED),
        )

    def _publish(self, command: int, **parameters: float) -> None:
        s = self._settings
        self._commands.publish(
            self._message(
                timestamp=self._node.get_clock().now().nanoseconds // 1000,
                command=command,
                param7=float(s.gimbal_device_id),
                target_system=s.target_system,
                target_component=s.target_component,
                source_system=s.source_system,
                source_component=s.source_component,
                from_external=True,
                **parameters,
            )
        )

    def close(self) -> None:
        """Give control back, if it was asked for, and forget the publisher."""
        if self._asked and self._node.context.ok():
            self._give_control(GIVE_BACK, GIVE_BACK)
        self._node.destroy_publisher(self._commands)


ONLY_TOPIC = "vector3"
OUTPUTS: dict[str, Callable[[Node, MavlinkSettings], Output]] = {
    "mavros": Mavros,
    "mavros_service": MavrosService,
    "px4": Px4,
    "mavlink": MavlinkOutput,
}


def interface(output: str, package: str, kind: str, name: str) -> Any:
    """Return the class of an interface of an optional package.

    Raises:
        OutputError: when the package is not installed, or too old to have it.
    """
    try:
        return getattr(import_module(f"{package}.{kind}"), name)
    except ModuleNotFoundError as missing:
        if (missing.name or "").split(".")[0] != package:
            raise
        raise OutputError(
            f"output '{output}' needs the ROS package {package}, which is not installed"
        ) from None
    except AttributeError:
        raise OutputError(f"output '{output}' needs a newer {package}: it has no {kind}/{name}") from None
