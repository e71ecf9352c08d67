# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Training of SiamFC: logistic loss on the correlation of exemplar and search crop."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from tracker_ros.losses.logistic import balanced_mean, logistic
from tracker_ros.networks.siamfc import SiamFCModel
from tracker_ros.training.contract import PairSpec, PairTraining

# A cell is a positive example within this distance of the target, in pixels of the search crop.
RADIUS = {8: 16.0, 4: 8.0}


def improved_xavier(module: nn.Module) -> None:
    """Draw convolutions and linear layers as the MatConvNet trainings did (He et al., 2015): in place.

    Normal with variance 2 / fan-out, biases 0. SiamFC's fixed gain of 1e-3 is made for this scale.
    """
    for layer in module.modules():
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            nn.init.kaiming_normal_(layer.weight, mode="fan_out")
            nn.init.zeros_(layer.bias)


def distances(boxes: Tensor, height: int, width: int, stride: float, side: int) -> Tensor:
    """Return the distance in pixels [N, height, width] of each cell of a response from the target's centre.

    Args:
        boxes: [N, 4], (cx, cy, w, h) in pixels of a search crop of `side` pixels.
        stride: pixels a cell; the middle of the response is the middle of the crop.
    """
    rows = (torch.arange(height, device=boxes.device) - (height - 1) / 2) * stride + side / 2
    columns = (torch.arange(width, device=boxes.device) - (width - 1) / 2) * stride + side / 2
    dy = rows.view(1, -1, 1) - boxes[:, 1].view(-1, 1, 1)
    dx = columns.view(1, 1, -1) - boxes[:, 0].view(-1, 1, 1)
    return (dx.square() + dy.square()).sqrt()


def match_labels(batch: dict[str, Tensor], height: int, width: int, stride: float, radius: float) -> Tensor:
    """Label cells within `radius` pixels of the target +1, others -1: [N, height, width].

    Negative pairs -1.
    """
    away = distances(batch["search_box"], height, width, stride, batch["search"].shape[-1])
    near = (away <= radius) & (batch["positive"].view(-1, 1, 1) > 0)
    return near.to(away.dtype) * 2 - 1


class SiamFCTraining(PairTraining):
    """SiamFC's training; with `stride` 4 and 32 channels that of CFNet's Baseline-conv5.

    A network that pads would learn that targets are in the middle: with the light backbone they are off it.

    Args: those of the tracker's settings of the same names.
    """

    def __init__(
        self,
        output_channels: int = 256,
        stride: int = 8,
        width_multiplier: float = 1.0,
        backbone: str = "alexnet",
        background_weight: float = 1.0,
    ) -> None:
        super().__init__()
        published = backbone == "alexnet"
        self.spec = PairSpec(exemplar=127, search=255, max_shift=0.0 if published else 48.0)
        self.model = SiamFCModel(output_channels, stride, width_multiplier, backbone, background_weight)
        if published:
            improved_xavier(self.model)

    def forward(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """Return the balanced logistic loss of a batch (SiamFC, eq. 3 and 4)."""
        logits, labels = self.matched(batch)
        return {"loss": balanced_mean(logistic(logits, labels), labels), "response": logits.detach()}

    def matched(self, batch: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
        """Return the logits and labels [N, h, w] of the exemplars' correlations with their search crops."""
        template = self.model.template(batch["exemplar"], batch["exemplar_box"][:, 2:])
        responses, _ = self.model(batch["search"], template)
        stride = self.model.stride
        labels = match_labels(batch, responses.shape[1], responses.shape[2], stride, RADIUS[stride])
        return self.model.adjust(responses), labels

    def tracker_state(self) -> dict[str, Tensor]:
        """Return the parameters of the tracker `siamfc`."""
        return {f"model.{name}": tensor for name, tensor in self.model.state_dict().items()}
