# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""A trainer in miniature for the tests of the classification family."""

from __future__ import annotations

import torch
from torch import Tensor

from tracker_ros.training.contract import PairTraining

LOSSES = ["bce", "focal", "shrinkage"]


def learn(module: PairTraining, batch: dict[str, Tensor], steps: int, rate: float) -> list[float]:
    """The loss at every one of `steps` steps of Adam on one batch."""
    torch.manual_seed(0)
    optimizer = torch.optim.Adam(module.parameters(), rate)
    module.train()
    losses = []
    for _ in range(steps):
        loss = module(batch)["loss"]
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    return losses
