# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The target's line of sight over time: filtered, predicted, and confirmed by detections only."""

from __future__ import annotations

import math
from typing import NamedTuple

from tracker_ros.gimbal.attitude import Direction, difference


class Sight(NamedTuple):
    """The line of sight at a time: its direction, and how fast that turns (radians a second).

    `held` is how long it has been used for, in seconds of a steady clock.
    """

    at: float
    azimuth: float
    elevation: float
    azimuth_rate: float = 0.0
    elevation_rate: float = 0.0
    held: float = 0.0

    def age(self, now: float) -> float:
        """Return the seconds since the exposure, by the time `now` or the steady clock, whichever is more.

        The clock of `now` may stand still, be set back or lie behind the stamps.
        """
        return max(now - self.at, self.held)

    def kept(self, elapsed: float) -> Sight:
        """Return the same after so many seconds of a steady clock."""
        return self._replace(held=self.held + elapsed)

    def predicted(self, at: float) -> Sight:
        """Return the same at another time, at constant rate."""
        elapsed = at - self.at
        elevation = self.elevation + self.elevation_rate * elapsed
        return self._replace(
            at=at,
            azimuth=math.remainder(self.azimuth + self.azimuth_rate * elapsed, 2 * math.pi),
            elevation=min(max(elevation, -math.pi / 2), math.pi / 2),
        )


class LineOfSight:
    """Detections in, the line of sight out.

    A critically damped g-h filter (fading memory of first order) per axis: with ``theta = exp(-dt / tau)``
    the angle takes ``1 - theta^2`` of the residual and the rate ``(1 - theta)^2 / dt`` of it.

    Args:
        smoothing: tau, seconds.
        forget: a detection so long after the last, in seconds, starts the filter anew.
    """

    def __init__(self, smoothing: float, forget: float):
        self._smoothing, self._forget = smoothing, forget
        self._sight: Sight | None = None
        self._before: Sight | None = None
        self.restart()

    def tune(self, smoothing: float, forget: float) -> None:
        """Change the arguments; the line of sight is kept."""
        self._smoothing, self._forget = smoothing, forget

    def lose(self, at: float) -> None:
        """Forget the target, and ignore detections of the frame of this time and of earlier ones."""
        self._lost = at
        self._forget_target()

    def advance(self, elapsed: float) -> None:
        """Advance a steady clock by so many seconds."""
        if self._sight is not None:
            self._sight = self._sight.kept(elapsed)
        if self._before is not None:
            self._before = self._before.kept(elapsed)

    def restart(self) -> None:
        """Forget the target and all times, and take any detection next: the clock was set back."""
        self._guessed = self._lost = -math.inf
        self._forget_target()

    def _forget_target(self) -> None:
        self._sight = self._before = None
        self._target = ""

    def observe(self, at: float, seen: Direction, target: str = "", since: float = 0.0) -> None:
        """Accept a detection, exposed at `at`; late ones and guesses (see `coast`) are ignored.

        `since` is how long ago `advance` was last called, in seconds of the steady clock: what the next call
        adds was over by then, which at a low rate is longer than a detection may be used for.
        """
        if target != self._target:
            self._forget_target()
            self._target = target
        last = self._sight
        newest = self._lost if last is None else last.at
        # Much older than the newest is no late one: a recording starts over.
        if at == self._guessed or 0 <= newest - at < self._forget:
            return
        self._before = last
        if last is None or not 0 < at - last.at <= self._forget:
            self._sight = Sight(at, *seen, held=-since)
            return
        elapsed, ahead = at - last.at, last.predicted(at)
        fading = math.exp(-elapsed / self._smoothing)
        g, h = 1 - fading**2, (1 - fading) ** 2 / elapsed
        errors = difference(seen.azimuth, ahead.azimuth), seen.elevation - ahead.elevation
        self._sight = Sight(
            at,
            ahead.azimuth + g * errors[0],
            ahead.elevation + g * errors[1],
            ahead.azimuth_rate + h * errors[0],
            ahead.elevation_rate + h * errors[1],
            held=-since,
        )

    def coast(self, at: float) -> None:
        """Discard the observation of this time: the tracker only guessed in that frame."""
        self._guessed = at
        if self._sight is not None and self._sight.at == at:
            self._sight, self._before = self._before, None

    @property
    def newest(self) -> Sight | None:
        """The line of sight at the exposure of the last detection, whenever that was."""
        return self._sight

    def confirmed(self, at: float) -> Sight | None:
        """Return `newest`, or None where it lies more than `forget` after `at`: the clocks differ."""
        sight = self._sight
        return sight if sight is not None and sight.at - at <= self._forget else None
