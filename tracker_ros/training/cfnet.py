# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Training of CFNet and AdaCFNet: (focal) logistic loss through the correlation-filter layer."""

from __future__ import annotations

from torch import Tensor

from tracker_ros.losses.logistic import balanced_mean, focal_logistic, logistic
from tracker_ros.networks.cfnet import (
    MOBILE_STRIDE,
    STRIDE,
    CFNetModel,
    Conv1Features,
    Conv2Features,
    mobile_model,
)
from tracker_ros.training.contract import PairSpec, PairTraining
from tracker_ros.training.siamfc import RADIUS, improved_xavier, match_labels


class CFNetTraining(PairTraining):
    """Training of `cfnet` and `adacfnet`; both crops show 255 px of the same size.

    The three rows of AdaCFNet's ablation: CFNet (the defaults), with `attention` (+SE), with
    `attention` and `focal` (+SE+focal, AdaCFNet itself).

    Args:
        last_layer: 'conv1' or 'conv2'; conv1 has no attention.
        attention: with squeeze-and-excitation blocks.
        focal: with the focal logistic loss (a = 2, b = 1) in place of the logistic one.
        width_multiplier: share of conv2's first 96 channels.
        balanced: positive and negative cells weigh alike, as in CFNet's published training, to which
            AdaCFNet refers; without it the plain mean that AdaCFNet's eq. 5 prints.
        size: side of both crops; smaller ones than 255 need a smaller margin.
        margin: cells cropped from each side of the filter.
        backbone: 'conv2', or 'mobilenet_v3' for AdaCFNet on it; that has attention, and sizes of its own.
        context: on each side, share of (w + h) / 2, as the tracker's setting: with 0.5, the public code's,
            crops show two sides of a square target, with 1.5 four.
    """

    def __init__(
        self,
        last_layer: str = "conv2",
        attention: bool = False,
        focal: bool = False,
        width_multiplier: float = 1.0,
        balanced: bool = True,
        size: int = 255,
        margin: int = 16,
        backbone: str = "conv2",
        context: float = 0.5,
    ) -> None:
        super().__init__()
        if last_layer == "conv1" and attention:
            raise ValueError("attention needs last_layer 'conv2'; conv1 has one layer and no blocks")
        mobile = backbone == "mobilenet_v3"
        # A network that pads would learn that targets are in the middle.
        shift = 48.0 if mobile else 0.0
        self.spec = PairSpec(exemplar=size, search=size, amount=context, max_shift=shift)
        self.stride = MOBILE_STRIDE if mobile else STRIDE
        if mobile:
            self.model = mobile_model()
        else:
            conv1 = last_layer == "conv1"
            features = Conv1Features() if conv1 else Conv2Features(attention, width_multiplier)
            cells = (size - 11) // 4 + 1 if conv1 else ((size - 11) // 2 + 1 - 3) // 2 + 1 - 4
            self.model = CFNetModel(features, cells, margin=margin)
            improved_xavier(self.model)
        self.focal = focal
        self.balanced = balanced

    def forward(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """Return the mean (focal) logistic loss of a batch."""
        responses, _ = self.model(batch["search"], self.model.template(batch["exemplar"]))
        labels = match_labels(batch, responses.shape[1], responses.shape[2], self.stride, RADIUS[self.stride])
        logits = self.model.adjust(responses)
        losses = focal_logistic(logits, labels) if self.focal else logistic(logits, labels)
        loss = balanced_mean(losses, labels) if self.balanced else losses.mean()
        return {"loss": loss, "response": logits.detach()}

    def tracker_state(self) -> dict[str, Tensor]:
        """Return the parameters of the tracker `cfnet` or, with attention, `adacfnet`."""
        return {f"model.{name}": tensor for name, tensor in self.model.state_dict().items()}
