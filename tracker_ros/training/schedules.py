# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Optimizers and learning-rate schedules by name."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import torch

OPTIMIZERS = ("sgd", "adam", "adamw")
SCHEDULES = ("constant", "geometric", "cosine", "steps")


@dataclass(frozen=True)
class Optimizer:
    """The optimiser's settings.

    Attributes:
        name: 'sgd', 'adam' or 'adamw'.
        lr: learning rate at the start.
        momentum: of SGD; the first beta of the others is 0.9.
        weight_decay: L2 penalty on the parameters.
    """

    name: str
    lr: float
    momentum: float = 0.9
    weight_decay: float = 0.0

    def __post_init__(self) -> None:
        if self.name not in OPTIMIZERS:
            raise ValueError(f"optimizer '{self.name}' is not one of {', '.join(OPTIMIZERS)}")
        if not self.lr > 0:
            raise ValueError(f"the optimizer's lr must be above 0, got {self.lr}")

    def build(self, groups: Iterable[dict[str, object]]) -> torch.optim.Optimizer:
        """Return the optimizer over parameter groups."""
        if self.name == "sgd":
            return torch.optim.SGD(groups, lr=self.lr, momentum=self.momentum, weight_decay=self.weight_decay)
        kind = torch.optim.Adam if self.name == "adam" else torch.optim.AdamW
        return kind(groups, lr=self.lr, weight_decay=self.weight_decay)


@dataclass(frozen=True)
class Schedule:
    """The schedule of the learning rate.

    Attributes:
        name: 'constant'; 'geometric', from the rate to `final_lr` by a constant factor; 'cosine', from the
            rate to `final_lr`; 'steps', times `decay_factor` at each epoch in `milestones`.
        final_lr: learning rate at the end of 'geometric' and 'cosine'.
        milestones: epochs of 'steps'.
        decay_factor: of 'steps'.
        warmup_epochs: epochs in which the rate rises linearly from a fifth of its value.
    """

    name: str = "constant"
    final_lr: float = 0.0
    milestones: tuple[float, ...] = ()
    decay_factor: float = 0.1
    warmup_epochs: float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "milestones", tuple(self.milestones))
        if self.name not in SCHEDULES:
            raise ValueError(f"schedule '{self.name}' is not one of {', '.join(SCHEDULES)}")
        if self.name == "geometric" and not self.final_lr > 0:
            raise ValueError("a geometric schedule needs a 'final_lr' above 0")

    def share(self, epoch: float, epochs: int, rate: float) -> float:
        """Return the learning rate at a (fractional) epoch, relative to `rate`."""
        if epoch < self.warmup_epochs:
            return 0.2 + 0.8 * epoch / self.warmup_epochs
        done = (epoch - self.warmup_epochs) / max(epochs - self.warmup_epochs, 1e-9)
        if self.name == "geometric":
            return float((self.final_lr / rate) ** done)
        if self.name == "cosine":
            low = self.final_lr / rate
            return low + (1 - low) * 0.5 * (1 + math.cos(math.pi * min(done, 1.0)))
        if self.name == "steps":
            return float(self.decay_factor ** sum(epoch >= milestone for milestone in self.milestones))
        return 1.0
