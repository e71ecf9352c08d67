"""A trainer in miniature for the tests of the classification family."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from tracker_ros.training.contract import PairTraining

LOSSES = ["bce", "focal", "shrinkage"]


def learn(module: PairTraining, batch: dict[str, Tensor], steps: int, rate: float,
          frozen_norm: bool = False) -> list[float]:
    """The loss at every one of `steps` steps of Adam on one batch.

    With `frozen_norm` batch normalisation uses the statistics of a first pass throughout, so that the
    network is the same function in training and in tracking.
    """
    torch.manual_seed(0)
    if frozen_norm:
        for layer in module.modules():
            if isinstance(layer, nn.BatchNorm2d):
                layer.momentum = 1.0
        module(batch)
    optimizer = torch.optim.Adam(module.parameters(), rate)
    module.train(not frozen_norm)
    losses = []
    for _ in range(steps):
        loss = module(batch)["loss"]
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    return losses
