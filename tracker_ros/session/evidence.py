# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Estimate the probability that a box is right from what a frame shows, comparably for every tracker."""

from __future__ import annotations

import math

from tracker_ros.session.states import SessionSettings

MEAN_SECONDS = 0.3
"""Time constant of the score's running mean."""
SETTLED = 5
"""Frames whose mean PSR later ones are held against."""
FEATURES = ("score", "psr", "looks")


def features(score: float, psr_ratio: float, own: float) -> tuple[float, float, float]:
    """Return the regression's inputs: the score, log of the PSR relative to the first ones, likeness."""
    return score, min(max(math.log(max(psr_ratio, 1e-3)), -2.0), 2.0), own


class Evidence:
    """Makes the score of a frame by the preset's calibration; without one it is the tracker's own.

    Attributes:
        mean: of the latest scores; 1 before the first.
    """

    def __init__(self, settings: SessionSettings) -> None:
        self._settings = settings
        self._psrs: list[float] = []
        self.mean = 1.0

    def add(self, score: float, seconds: float) -> None:
        """Add a frame's score to the mean, so many seconds after the one before."""
        self.mean += (1 - math.exp(-max(seconds, 0.0) / MEAN_SECONDS)) * (score - self.mean)

    @property
    def lasts(self) -> bool:
        """Return whether the mean is `keep_mean` or more.

        A target that turns or blurs scores low for a moment; another object, for as long as it is followed.
        """
        return self.mean >= self._settings.keep_mean

    def believe(self, score: float) -> None:
        """Hold no earlier score against what was found again with this one."""
        self.mean = max(self.mean, score)

    def tune(self, settings: SessionSettings) -> None:
        """Use other settings from now on; the first frames' PSR stays known."""
        self._settings = settings

    def score(self, raw: float, psr: float, own: float) -> float:
        """Return the probability that the box overlaps the target by half.

        Args:
            raw: the tracker's score.
            psr: peak-to-sidelobe ratio of its response.
            own: likeness of what is in the box to the target's views.
        """
        if len(self._psrs) < SETTLED:
            self._psrs.append(psr)
        s = self._settings
        if s.calibration_score == 0:
            return raw
        usual = max(sum(self._psrs) / len(self._psrs), 1e-6)
        seen = features(raw, psr / usual, own)
        weights = (s.calibration_score, s.calibration_psr, s.calibration_looks)
        logit = s.calibration_bias + sum(w * x for w, x in zip(weights, seen, strict=True))
        return 1 / (1 + math.exp(-min(max(logit, -30.0), 30.0)))
