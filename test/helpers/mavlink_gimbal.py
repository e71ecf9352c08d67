# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""A gimbal manager and its gimbal on a UDP socket, made of pymavlink alone; a thread moves it."""

from __future__ import annotations

import math
import threading
import time
from typing import Any

from pymavlink import mavutil
from pymavlink.dialects.v20 import common as mav

Ids = tuple[int, int]
STEP = 0.02
"""Seconds between two attitudes."""


class SimulatedGimbal:
    """Turns at the rates that whoever is in primary control asks for, and tells its attitude; radians.

    Attributes:
        yaw, pitch: where it points: from north to the right, above the horizon.
        rates: that it was last told.
        told: all of them, in turn.
        primary: who is in control.
        others: what other components say beside it: messages, and who sends them.
        speaks: whether it tells its attitude.
        commands: it was sent, by number.
    """

    def __init__(self, ids: Ids = (1, 154)) -> None:
        self.yaw = self.pitch = 0.0
        self.rates = (0.0, 0.0)
        self.told: list[tuple[float, float]] = []
        self.primary: Ids = (0, 0)
        self.others: list[tuple[Any, Ids]] = []
        self.speaks = True
        self.commands: list[int] = []
        self.ignored = 0
        self._ids, self._boot = ids, time.monotonic() - 77.0
        self._line = mavutil.mavlink_connection("udpin:127.0.0.1:0", source_system=ids[0], dialect="common")
        self.port = self._line.port.getsockname()[1]
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._end.set()
        self._thread.join(5.0)
        self._line.close()

    def attitude(self, yaw: float | None = None) -> Any:
        yaw = self.yaw if yaw is None else yaw
        cy, sy, cp, sp = (f(a / 2) for a in (yaw, self.pitch) for f in (math.cos, math.sin))
        q = (cy * cp, -sy * sp, cy * sp, sy * cp)
        since = round((time.monotonic() - self._boot) * 1e3)
        return mav.MAVLink_gimbal_device_attitude_status_message(
            0, 0, since, mav.GIMBAL_DEVICE_FLAGS_YAW_IN_EARTH_FRAME, q, *[math.nan] * 3, 0
        )

    def _say(self, message: Any, ids: Ids | None = None) -> None:
        self._line.mav.srcSystem, self._line.mav.srcComponent = ids or self._ids
        self._line.mav.send(message)

    def _run(self) -> None:
        due = told = time.monotonic()
        while not self._end.wait(max(due - time.monotonic(), 0.0)):
            due += STEP
            while (message := self._line.recv_msg()) is not None:
                self._hear(message)
            pitch, yaw = self.rates
            self.pitch, self.yaw = self.pitch + pitch * STEP, self.yaw + yaw * STEP
            if self.speaks:
                self._say(self.attitude())
            for message, ids in self.others:
                self._say(message, ids)
            if time.monotonic() - told > 0.2:
                told = time.monotonic()
                self._say(mav.MAVLink_gimbal_manager_status_message(0, 28, 171, *self.primary, 0, 0))

    def _hear(self, message: Any) -> None:
        sender = message.get_srcSystem(), message.get_srcComponent()
        if message.get_type() == "COMMAND_LONG":
            self.commands.append(message.command)
            result = mav.MAV_RESULT_UNSUPPORTED
            if message.command == mav.MAV_CMD_DO_GIMBAL_MANAGER_CONFIGURE:
                result = mav.MAV_RESULT_ACCEPTED
                if message.param1 == -3:
                    self.primary = (0, 0) if self.primary == sender else self.primary
                elif message.param1 >= 0:
                    self.primary = int(message.param1), int(message.param2)
            self._say(mav.MAVLink_command_ack_message(message.command, result, 0, 0, *sender))
        elif message.get_type() == "GIMBAL_MANAGER_SET_PITCHYAW":
            assert math.isnan(message.pitch) and math.isnan(message.yaw)
            if sender == self.primary:
                self.rates = message.pitch_rate, message.yaw_rate
                self.told.append(self.rates)
            else:
                self.ignored += 1
