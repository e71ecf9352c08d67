# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""A gimbal manager's client (gimbal protocol v2): takes control, sends rates, receives the attitude.

No input, output or clock. docs/mavlink.md lists the messages.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from pymavlink.dialects.v20 import common as mav

from tracker_ros.mavlink.gimbal_attitude import Attitude, AttitudeError, BootClock, attitude_of
from tracker_ros.mavlink.messages import Message

HEARTBEAT_SECONDS = 1.0
POLL_SECONDS = 0.01
"""Rates wait at most so long for their turn."""
ASK_SECONDS = 1.0
"""A request for control that was not answered is sent again so much later, as long as nobody answers."""
SILENCE = 0.3
"""Seconds without rates after which the gimbal is stopped, at the earliest: who should send them is stuck."""
MISSED = 2.0
"""Intervals between commands after which it is stopped, where these are longer."""
GRACE = 1.0
"""So long after control was given a status may still be from before."""
ATTITUDE_INTERVAL = 20_000
"""Microseconds between two attitudes that are asked for."""
UNCHANGED, GIVE_BACK = -1.0, -3.0
"""Flags of MAV_CMD_DO_GIMBAL_MANAGER_CONFIGURE; the latter removes the sender, if it is in control."""

ASKING, HELD, RESTING = "asking", "held", "resting"
CLAIM, RELEASE = "claim", "release"


class Address(NamedTuple):
    """The addresses of both ends.

    Attributes:
        system, component: of the gimbal manager; component 0 is any of that system.
        own_system, own_component: of who takes control.
        device: of the gimbal, as its component id or 1 to 6; 0 is all of that manager.
    """

    system: int
    component: int
    own_system: int
    own_component: int
    device: int


class GimbalClient:
    """Commands one gimbal. Times are of one steady clock, in seconds.

    Call `handle` with every message that arrives and `poll` no later than `due`; send what they return.
    `claim`, `command` and `release` may be called on another thread.

    Args:
        address: whose messages count, and who they are sent to.
        flags: GIMBAL_MANAGER_FLAGS of the rates.
        on_attitude: called with every attitude of the gimbal, and how many seconds old it is.
        tell: called with one sentence when control is given, refused or lost, and of attitudes not used.
        rate: tells how many commands a second are to be expected; called on the thread of `poll`.
    """

    def __init__(
        self,
        address: Address,
        flags: int,
        on_attitude: Callable[[Attitude, float], None],
        tell: Callable[[str], None],
        rate: Callable[[], float],
    ):
        self._rate = rate
        self._address, self._flags = address, flags
        self._on_attitude, self._tell = on_attitude, tell
        self._pending: deque[str] = deque()
        self._wanted: deque[tuple[float, float, float]] = deque(maxlen=1)
        self._control, self._asked = RESTING, False
        self._since = self._ask_at = self._beat = self._polled = -math.inf
        self._tries = 0
        self._commanded = -math.inf
        self._moves = False
        self._clock = BootClock()
        self._device, self._heard = 0, -math.inf
        self._frame: bool | None = None
        self._complaint = ""

    # -- requests, on any thread ---------------------------------------------------------------------

    def claim(self) -> None:
        """Ask for control of the gimbal; until that is given no rates are sent."""
        self._pending.append(CLAIM)

    def command(self, pitch: float, yaw: float, now: float) -> None:
        """Turn so fast, radians a second: pitch positive up, yaw positive to the right."""
        self._wanted.append((pitch, yaw, now))

    def release(self) -> None:
        """Stop the gimbal and give control back."""
        self._pending.append(RELEASE)

    # -- what is sent ----------------------------------------------------------------------------------

    def poll(self, now: float) -> list[Message]:
        """Return the messages that are due now."""
        sent: list[Message] = []
        if now - self._beat >= HEARTBEAT_SECONDS:
            self._beat = now
            kind, nothing = mav.MAV_TYPE_ONBOARD_CONTROLLER, mav.MAV_AUTOPILOT_INVALID
            sent.append(mav.MAVLink_heartbeat_message(kind, nothing, 0, 0, mav.MAV_STATE_ACTIVE, 3))
        while self._pending:
            if self._pending.popleft() == CLAIM:
                self._ask(now)
            else:
                sent += self._give_back()
        if self._control == ASKING and now >= self._ask_at:
            self._ask_at = now + ASK_SECONDS
            sent += self._requests()
        if self._control == HELD:
            sent += self._wanted_rates(now)
        self._polled = now
        return sent

    def _wanted_rates(self, now: float) -> list[Message]:
        """Return the newest rates if they were not sent yet; zero, once, when no new ones come."""
        silence = max(SILENCE, MISSED / self._rate())
        if self._wanted:
            pitch, yaw, self._commanded = self._wanted.popleft()
            if now - self._commanded <= silence:  # the line may have been down meanwhile
                return [self._rates(pitch, yaw)]
        if not self._moves or now - self._commanded <= silence:
            return []
        self._tell(f"no rates for {silence:g} s: the gimbal is stopped")
        return [self._rates(0.0, 0.0)]

    def due(self) -> float:
        """Return the time at which `poll` has something to do next."""
        return self._polled + POLL_SECONDS

    @property
    def waits(self) -> bool:
        """True while an answer is awaited whose end `poll` has to notice; none is."""
        return False

    def _ask(self, now: float) -> None:
        self._control, self._tries, self._ask_at = ASKING, 0, now
        self._frame = None

    def _requests(self) -> list[Message]:
        """Return the request for control, and that for attitudes."""
        a = self._address
        asked = self._command(
            mav.MAV_CMD_DO_GIMBAL_MANAGER_CONFIGURE,
            self._tries,
            float(a.own_system),
            float(a.own_component),
            UNCHANGED,
            UNCHANGED,
            device=a.device,
        )
        often = self._command(
            mav.MAV_CMD_SET_MESSAGE_INTERVAL,
            self._tries,
            float(mav.MAVLINK_MSG_ID_GIMBAL_DEVICE_ATTITUDE_STATUS),
            float(ATTITUDE_INTERVAL),
        )
        self._tries, self._asked = min(self._tries + 1, 255), True
        return [asked, often]

    def _give_back(self) -> list[Message]:
        """Give control back, of rates of zero where it is held.

        A request that is still on its way, or whose answer was lost, may give control to who has left.
        """
        asked, self._asked = self._asked, False
        moves = self._control == HELD or (self._control == ASKING and self._moves)
        self._control = RESTING
        both = [GIVE_BACK, GIVE_BACK, UNCHANGED, UNCHANGED]
        back = self._command(mav.MAV_CMD_DO_GIMBAL_MANAGER_CONFIGURE, 0, *both, device=self._address.device)
        return [self._rates(0.0, 0.0)] * moves + [back] * asked

    def _rates(self, pitch: float, yaw: float) -> Message:
        """GIMBAL_MANAGER_SET_PITCHYAW (287) without angles: not a number is none."""
        self._moves = pitch != 0.0 or yaw != 0.0
        a = self._address
        return mav.MAVLink_gimbal_manager_set_pitchyaw_message(
            a.system, a.component, self._flags, a.device, math.nan, math.nan, pitch, yaw
        )

    def _command(self, number: int, confirmation: int, *parameters: float, device: int = 0) -> Message:
        values = [*parameters, *[0.0] * (6 - len(parameters)), float(device)]
        return mav.MAVLink_command_long_message(
            self._address.system, self._address.component, number, confirmation, *values
        )

    # -- what arrives ----------------------------------------------------------------------------------

    def handle(self, message: Message, now: float) -> list[Message]:
        """Process a message of the gimbal's system; those of others are ignored. There are no answers."""
        if message.get_srcSystem() != self._address.system:
            return []
        kind = message.get_type()
        if kind == "GIMBAL_DEVICE_ATTITUDE_STATUS":
            self._on_status(message, now)
        elif message.get_srcComponent() == self._address.component or not self._address.component:
            if kind == "COMMAND_ACK":
                self._on_answer(message, now)
            elif kind == "GIMBAL_MANAGER_STATUS":
                self._on_manager(message, now)
        return []

    def _on_answer(self, answer: Message, now: float) -> None:
        own = self._address.own_system, self._address.own_component
        # MAVLink 1 has no addressee: both are zero.
        if (answer.target_system, answer.target_component) not in (own, (0, 0)):
            return
        if answer.command != mav.MAV_CMD_DO_GIMBAL_MANAGER_CONFIGURE or self._control != ASKING:
            return
        if answer.result == mav.MAV_RESULT_ACCEPTED:
            self._take(now)
        elif answer.result not in (mav.MAV_RESULT_IN_PROGRESS, mav.MAV_RESULT_TEMPORARILY_REJECTED):
            self._control = RESTING
            name = mav.enums["MAV_RESULT"][answer.result].name.removeprefix("MAV_RESULT_")
            self._tell(f"no control of the gimbal: the manager answered {name}")

    def _on_manager(self, status: Message, now: float) -> None:
        if self._address.device not in (0, status.gimbal_device_id):
            return
        primary = status.primary_control_sysid, status.primary_control_compid
        if primary == (self._address.own_system, self._address.own_component):
            if self._control == ASKING:
                self._take(now)
        elif self._control == HELD and now - self._since > GRACE:
            if primary == (0, 0):
                self._tell("nobody controls the gimbal any more: asking for control again")
                self._ask(now)
            else:
                self._control = RESTING
                self._tell(f"system {primary[0]}, component {primary[1]} took control of the gimbal")

    def _take(self, now: float) -> None:
        self._control, self._since = HELD, now
        self._moves = False
        self._tell("in control of the gimbal")

    def _on_status(self, status: Message, now: float) -> None:
        """Pass an attitude on, of one gimbal only."""
        device = status.gimbal_device_id or status.get_srcComponent()
        if self._address.device not in (0, device):
            return
        if device != self._device:
            if now - self._heard < ASK_SECONDS:
                return  # with several gimbals, the first that was heard, until it falls silent
            self._device, self._clock, self._frame = device, BootClock(), None
        self._heard = now
        try:
            attitude = attitude_of(status)
            if self._frame not in (None, attitude.of_earth):
                raise AttitudeError("its yaw counts from another direction than before")
        except AttitudeError as error:
            self._complain(str(error))
            return
        self._complaint, self._frame = "", attitude.of_earth
        self._on_attitude(attitude, self._clock.age(status.time_boot_ms * 1e-3, now))

    def _complain(self, why: str) -> None:
        if why != self._complaint:
            self._tell(f"the gimbal's attitude is not used: {why}")
        self._complaint = why
