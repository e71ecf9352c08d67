# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Diagnose a tracker's health from its states over the last seconds."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from diagnostic_msgs.msg import DiagnosticStatus, KeyValue

from tracker_ros.msg import TrackState
from tracker_ros.ros.memory import LITTLE_SHARED, SMALL_SEGMENT, Memory

OK, WARN, ERROR = DiagnosticStatus.OK, DiagnosticStatus.WARN, DiagnosticStatus.ERROR
STATES = ("IDLE", "ACQUIRING", "TRACKING", "COASTING", "LOST", "ERROR")
NOBODY = (
    ", and nobody manages it: give it the parameter autostart, a lifecycle manager, or `ros2 lifecycle set`"
)
SPAN = 5.0
"""Seconds over which rates and percentiles are taken."""


@dataclass(frozen=True)
class Limits:
    """Limits above which a number becomes a warning."""

    silence_seconds: float
    latency_ms: float


class Health:
    """Collects `TrackState` messages; times are of one steady clock, in seconds."""

    def __init__(self, limits: Limits):
        self.limits = limits
        self._recent: deque[tuple[float, TrackState]] = deque()
        self.last: TrackState | None = None
        self._arrived = 0.0

    def add(self, state: TrackState, now: float) -> None:
        """Accept a state that arrived now."""
        self.last, self._arrived = state, now
        self._recent.append((now, state))

    def images(
        self, now: float, topic: str, publishers: int, lifecycle: str, elsewhere: str = ""
    ) -> DiagnosticStatus:
        """Report whether images reach the tracker, and how fast.

        Args:
            now: time of the steady clock.
            topic: that the tracker listens to.
            publishers: of that topic.
            lifecycle: state of the tracker's node.
            elsewhere: where images are instead, as `graph.elsewhere` says it.
        """
        self._forget(now)
        values = {"topic": topic, "publishers": publishers, "rate_hz": f"{self._received_rate():.1f}"}
        if self.last is None:
            who = "" if publishers else f", which nobody publishes{elsewhere}"
            return status("images", ERROR, f"no image yet on {topic}{who}", values)
        if lifecycle != "active":
            return status("images", WARN, "the tracker node is not active", values)
        silence = now - self._arrived
        values["silence_s"] = f"{silence:.1f}"
        if silence > self.limits.silence_seconds:
            return status("images", ERROR, f"no image on {topic} for {silence:.1f} s", values)
        return status("images", OK, f"{self._received_rate():.1f} Hz", values)

    def tracking(self, lifecycle: str, managers: Sequence[str] = ()) -> DiagnosticStatus:
        """Report the tracker's state.

        Args:
            lifecycle: state of its node, '' where the node does not answer.
            managers: nodes that can change that.
        """
        if not lifecycle:
            return status("tracking", ERROR, "the tracker node does not answer", {})
        values: dict[str, object] = {"lifecycle": lifecycle, "managed_by": ", ".join(managers) or "nobody"}
        if lifecycle != "active":
            alone = "" if managers else NOBODY
            return status("tracking", WARN, f"the tracker node is {lifecycle}{alone}", values)
        if self.last is None:
            return status("tracking", OK, "waiting for images", values)
        last = self.last
        name = STATES[last.state] if last.state < len(STATES) else str(last.state)
        level = {"COASTING": WARN, "LOST": WARN, "ERROR": ERROR}.get(name, OK)
        return status(
            "tracking",
            level,
            f"{name}: {last.message}" if last.message else name,
            {
                **values,
                "tracker": last.tracker,
                "state": name,
                "target_id": last.target_id,
                "score": f"{last.score:.3f}",
                "psr": f"{last.psr:.2f}",
                "apce": f"{last.apce:.2f}",
            },
        )

    def bearing(self, topic: str, publishers: int) -> DiagnosticStatus:
        """Report whether the tracker knows directions, and places if they are enabled.

        Args:
            topic: of the calibration.
            publishers: how many publish it; a camera without calibration is not a fault.
        """
        values = {"topic": topic, "publishers": publishers}
        if not publishers:
            return status("bearing", OK, f"no bearing: nobody publishes {topic}", values)
        if self.last is None:
            return status("bearing", OK, "waiting for images", values)
        if self.last.no_bearing:
            return status("bearing", WARN, self.last.no_bearing, values)
        return status("bearing", OK, "camera calibrated", values)

    def timing(self, now: float) -> DiagnosticStatus:
        """Report rate, latency, age and drops over the last seconds."""
        self._forget(now)
        if len(self._recent) < 2:
            return status("timing", OK, "no frames", {})
        latency = np.array([state.latency_ms for _, state in self._recent])
        median, high = np.percentile(latency, (50, 99))
        first, last = self._recent[0][1], self._recent[-1][1]
        dropped = max(last.frames_dropped - first.frames_dropped, 0)
        values = {
            "rate_hz": f"{(len(latency) - 1) / self._elapsed():.1f}",
            "latency_ms_p50": f"{median:.1f}",
            "latency_ms_p99": f"{high:.1f}",
            "age_ms": f"{last.age_ms:.1f}",
            "frames_processed": last.frames_processed,
            "frames_dropped": last.frames_dropped,
            "dropped_percent": f"{100 * dropped / (dropped + len(latency) - 1):.0f}",
        }
        slow = median > self.limits.latency_ms
        text = f"median latency {median:.0f} ms"
        if slow:
            text += f" exceeds {self.limits.latency_ms:g} ms"
        return status("timing", WARN if slow else OK, text, values)

    def _forget(self, now: float) -> None:
        while self._recent and self._recent[0][0] < now - SPAN:
            self._recent.popleft()

    def _elapsed(self) -> float:
        return max(self._recent[-1][0] - self._recent[0][0], 1e-3)

    def _received_rate(self) -> float:
        """Return the images a second that reached the tracker, those dropped included."""
        if len(self._recent) < 2:
            return 0.0
        first, last = self._recent[0][1], self._recent[-1][1]
        counted = [s.frames_processed + s.frames_dropped for s in (first, last)]
        return max(counted[1] - counted[0], 0) / self._elapsed()


def connections(problems: list[str]) -> DiagnosticStatus:
    """Name publishers and subscriptions that cannot talk to each other or are too many, a sentence each."""
    if not problems:
        return status("connections", OK, "compatible", {})
    return status("connections", ERROR, problems[0], {f"problem_{i}": p for i, p in enumerate(problems)})


def memory(measured: Memory | None) -> DiagnosticStatus:
    """Report the use of the memory in which the tracker runs."""
    if measured is None:
        return status("memory", OK, "not known on this system", {})
    share = measured.used / measured.total
    values = {"where": measured.where, "used_mib": measured.used >> 20, "total_mib": measured.total >> 20}
    text = f"{100 * share:.0f} % of {measured.where} used"
    return status("memory", WARN if share > 0.9 else OK, text, values)


def transport(shared: Memory | None, middleware: str) -> DiagnosticStatus:
    """Report whether there is room for large images between processes.

    Args:
        shared: memory that they share.
        middleware: that the nodes use; only Fast DDS is known to need it.
    """
    if "fastrtps" not in middleware:
        return status("transport", OK, middleware, {})
    more = "give a container --shm-size=1g or --ipc=host"
    if shared is None:
        return status("transport", WARN, f"no shared memory in /dev/shm: large images are lost; {more}", {})
    free = shared.total - shared.used
    values = {"where": shared.where, "free_mib": free >> 20, "total_mib": shared.total >> 20}
    if free < SMALL_SEGMENT:
        text = f"{free >> 20} MiB free in {shared.where}: a process that finds less than"
        return status("transport", WARN, f"{text} {SMALL_SEGMENT >> 20} loses large images; {more}", values)
    text = f"{free >> 20} of {shared.total >> 20} MiB free in {shared.where}"
    if shared.total < LITTLE_SHARED:
        text += f": images beyond 1920 x 1080 are lost; {more}"
    return status("transport", OK, text, values)


def status(name: str, level: bytes, message: str, values: dict[str, object]) -> DiagnosticStatus:
    """Return a diagnostic status from a dict of values."""
    pairs = [KeyValue(key=key, value=str(value)) for key, value in values.items()]
    return DiagnosticStatus(name=name, level=level, message=message, values=pairs)
