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
    """What changes the parameters.

    Attributes:
        name: 'sgd', 'adam' or 'adamw'.
        rate: learning rate at the start.
        momentum: of SGD; the first beta of the others is 0.9.
        decay: weight decay.
    """

    name: str
    rate: float
    momentum: float = 0.9
    decay: float = 0.0

    def __post_init__(self) -> None:
        if self.name not in OPTIMIZERS:
            raise ValueError(f"optimizer '{self.name}' is not one of {', '.join(OPTIMIZERS)}")
        if not self.rate > 0:
            raise ValueError(f"the optimizer's rate must be above 0, got {self.rate}")

    def build(self, groups: Iterable[dict[str, object]]) -> torch.optim.Optimizer:
        """The optimizer over parameter groups."""
        if self.name == "sgd":
            return torch.optim.SGD(groups, lr=self.rate, momentum=self.momentum, weight_decay=self.decay)
        kind = torch.optim.Adam if self.name == "adam" else torch.optim.AdamW
        return kind(groups, lr=self.rate, weight_decay=self.decay)


@dataclass(frozen=True)
class Schedule:
    """How the learning rate goes on.

    Attributes:
        name: 'constant'; 'geometric', from the rate to `last` by a constant factor; 'cosine', from the
            rate to `last`; 'steps', times `factor` at each epoch in `at`.
        last: rate at the end of 'geometric' and 'cosine'.
        at: epochs of 'steps'.
        factor: of 'steps'.
        warmup: epochs in which the rate rises linearly from a fifth of its value.
    """

    name: str = "constant"
    last: float = 0.0
    at: tuple[float, ...] = ()
    factor: float = 0.1
    warmup: float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "at", tuple(self.at))
        if self.name not in SCHEDULES:
            raise ValueError(f"schedule '{self.name}' is not one of {', '.join(SCHEDULES)}")
        if self.name == "geometric" and not self.last > 0:
            raise ValueError("a geometric schedule needs a 'last' rate above 0")

    def share(self, epoch: float, epochs: int, rate: float) -> float:
        """The learning rate at a (fractional) epoch, relative to `rate`."""
        if epoch < self.warmup:
            return 0.2 + 0.8 * epoch / self.warmup
        done = (epoch - self.warmup) / max(epochs - self.warmup, 1e-9)
        if self.name == "geometric":
            return float((self.last / rate) ** done)
        if self.name == "cosine":
            low = self.last / rate
            return low + (1 - low) * 0.5 * (1 + math.cos(math.pi * min(done, 1.0)))
        if self.name == "steps":
            return float(self.factor ** sum(epoch >= at for at in self.at))
        return 1.0
