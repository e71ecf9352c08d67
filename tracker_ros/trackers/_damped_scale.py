# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The size of a box by a scale filter, for trackers whose own candidates size it badly."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from tracker_ros.trackers._scale import ScaleFilter


class DampedScale(nn.Module):
    """A scale filter whose measured changes are damped and kept within limits.

    It keeps in the tracker's state the first size, `first` [2], and the filter's terms now and in the first
    frame: `size_numerator`, `size_energy`, `first_numerator`, `first_energy`.

    Args:
        count, step: of the scales; see `ScaleFilter`.
        damping: share of a measured change that counts.
        learning_rate: share of the newest frame in the filter.
        initial_share: share of the first frame in the filter that measures.
        max_change: greatest change of size in a frame, as a factor.
        max_total: greatest change of size since the first frame, as a factor.
    """

    def __init__(
        self,
        count: int,
        step: float,
        *,
        damping: float,
        learning_rate: float,
        initial_share: float,
        max_change: float,
        max_total: float,
    ) -> None:
        super().__init__()
        self.filter = ScaleFilter(count, step, 0.01)
        self.damping, self.learning_rate, self.initial_share = damping, learning_rate, initial_share
        self.most, self.limit = math.log(max_change), math.log(max_total)

    def start(self, frame: Tensor, box: Tensor, state: dict[str, Tensor]) -> None:
        """Learn the filter from the first frame's box [4], into the state."""
        sample = self.filter.sample(frame, box, float(box[3] / box[2]))
        numerator, energy = self.filter.terms(sample, torch.ones_like(box[0]))
        state["first"] = box[2:]
        state["size_numerator"], state["size_energy"] = numerator, energy
        state["first_numerator"], state["first_energy"] = numerator, energy

    def measure(self, frame: Tensor, box: Tensor, state: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
        """Return the features of a box [4], and the factor [] by which the target is larger than it."""
        sample = self.filter.sample(frame, box, float(state["first"][1] / state["first"][0]))
        share = self.initial_share
        numerator = (1 - share) * state["size_numerator"] + share * state["first_numerator"]
        energy = (1 - share) * state["size_energy"] + share * state["first_energy"]
        change = math.log(self.filter.locate(sample, numerator, energy)) * self.damping
        total = float((box[2:] / state["first"]).log().mean())
        change = min(max(min(max(change, -self.most), self.most), -self.limit - total), self.limit - total)
        return sample, torch.full_like(box[0], math.exp(change))

    def learn(self, sample: Tensor, growth: Tensor, state: dict[str, Tensor]) -> None:
        """Mix what `measure` returned into the filter of the state."""
        numerator, energy = self.filter.terms(sample, growth)
        state["size_numerator"] = torch.lerp(state["size_numerator"], numerator, self.learning_rate)
        state["size_energy"] = torch.lerp(state["size_energy"], energy, self.learning_rate)
