# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Training of EDCF and of its parts: which of the three losses of eq. 15 each of them takes.

EDSiam: semantic correlation and reconstruction. CACFNet: the fine filter alone. CACFNet+ and EDCF: all
three; they differ in what tracks.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from tracker_ros.losses.logistic import balanced_mean, logistic
from tracker_ros.losses.reconstruction import filter_response, multi_task, reconstruction
from tracker_ros.networks.edcf import (
    EXTENT,
    PUBLISHED,
    SEARCH,
    WIDE,
    Decoder,
    EDCFModel,
    FineModel,
    Geometry,
    middle,
)
from tracker_ros.networks.edcf_mobile import MOBILE, MobileDecoder, MobileEDCFModel
from tracker_ros.networks.siamfc import SiamFCModel, correlate
from tracker_ros.training.contract import PairSpec, PairTraining
from tracker_ros.training.siamfc import RADIUS, distances, improved_xavier, match_labels

STRIDE = 8
# Side of the semantic template's crop.
TEMPLATE = 127
# The trackers' own values (EDCF, sec. 4.1).
PENALTY, CONTEXT_PENALTY = 1e-4, 0.1
# The windowed filter must also answer targets that left the middle; f reaches 64 px.
WIDE_PAIRS = PairSpec(
    exemplar=WIDE, search=SEARCH, context="padding", amount=EXTENT * WIDE / SEARCH - 1, max_shift=32.0
)


#: The same for the crops of the light network, which keep their shape.
MOBILE_PAIRS = PairSpec(
    exemplar=MOBILE.wide(),
    search=MOBILE.search,
    context="area",
    amount=MOBILE.extent * MOBILE.wide() / MOBILE.search,
    max_shift=32.0,
)


def fine_loss(responses: Tensor, batch: dict[str, Tensor], geometry: Geometry = PUBLISHED) -> Tensor:
    """L_low of responses g [N, 125, 125]: eq. 8 with the label where the target is in the search crop."""
    cells, stride = geometry.cells, geometry.stride
    # An even number of cells has its middle half a cell after that of the crop.
    shifted = batch["search_box"] + (0 if cells % 2 else stride / 2)
    away = distances(shifted, cells, cells, stride, geometry.search)
    labels = torch.exp(-0.5 * (away / (geometry.label_sigma() * stride)).square())
    return filter_response(responses, labels * (batch["positive"].view(-1, 1, 1) > 0))


def semantic_loss(logits: Tensor, batch: dict[str, Tensor]) -> Tensor:
    """L_high of logits of f [N, h, w]: eq. 4, positive and negative cells weighing alike as in SiamFC."""
    labels = match_labels(batch, logits.shape[1], logits.shape[2], STRIDE, RADIUS[STRIDE])
    return balanced_mean(logistic(logits, labels), labels)


def decay_of(modules: list[nn.Module]) -> list[Tensor]:
    """The weights, without biases and normalisation, that R of eq. 15 counts."""
    return [p for module in modules for p in module.parameters() if p.dim() > 1]


class CACFNetTraining(PairTraining):
    """L_low through the context-aware filter layer (eq. 8).

    Args:
        width_multiplier: share of the first layer's 96 channels.
    """

    def __init__(self, width_multiplier: float = 1.0) -> None:
        super().__init__()
        self.spec = WIDE_PAIRS
        self.model = FineModel(width_multiplier, PENALTY, CONTEXT_PENALTY)
        improved_xavier(self.model)

    def forward(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """Loss of a batch: the filter of each exemplar answers its search crop."""
        responses = self.model(batch["search"], self.model.learn(batch["exemplar"]))
        return {"loss": fine_loss(responses, batch), "response": responses.detach()}

    def tracker_state(self) -> dict[str, Tensor]:
        """Parameters of the tracker `cacfnet`."""
        return {f"model.{name}": tensor for name, tensor in self.model.state_dict().items()}


class EDSiamTraining(PairTraining):
    """L_sel = L_recon + L_high (eq. 1), on SiamFC's crops.

    Args:
        output_channels, width_multiplier: as in SiamFC.
    """

    def __init__(self, output_channels: int = 256, width_multiplier: float = 1.0) -> None:
        super().__init__()
        self.spec = PairSpec(exemplar=TEMPLATE, search=SEARCH)
        self.model = SiamFCModel(output_channels, STRIDE, width_multiplier)
        improved_xavier(self.model)
        self.decoder = Decoder(output_channels, width_multiplier)

    def forward(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """Loss of a batch and its two parts."""
        template = self.model.template(batch["exemplar"], batch["exemplar_box"][:, 2:])
        semantic = self.model.features(batch["search"])
        logits = self.model.adjust(correlate(semantic, template))
        high = semantic_loss(logits, batch)
        recon = reconstruction(self.decoder(template), batch["exemplar"] / 255) + reconstruction(
            self.decoder(semantic), batch["search"] / 255
        )
        return {"loss": high + recon, "high": high, "reconstruction": recon, "response": logits.detach()}

    def tracker_state(self) -> dict[str, Tensor]:
        """Parameters of the tracker `edsiam`; the decoder stays behind."""
        return {f"model.{name}": tensor for name, tensor in self.model.state_dict().items()}


class EDCFTraining(PairTraining):
    """L_all = L_low + L_high + L_recon + R (eq. 15).

    Args:
        width_multiplier: share of the published channels of the inner layers.
        backbone: that of the tracker's setting.
        weight_decay: weight of R, the sum of squared weights; 2.5e-4 acts as an SGD weight decay of 5e-4, so
            an optimiser's own weight decay should be 0.
    """

    def __init__(
        self, width_multiplier: float = 1.0, weight_decay: float = 2.5e-4, backbone: str = "alexnet"
    ) -> None:
        super().__init__()
        published = backbone == "alexnet"
        self.spec = WIDE_PAIRS if published else MOBILE_PAIRS
        self.geometry = PUBLISHED if published else MOBILE
        if published:
            self.model: nn.Module = EDCFModel(width_multiplier, PENALTY, CONTEXT_PENALTY)
            improved_xavier(self.model)
            self.decoder: nn.Module = Decoder(width=width_multiplier)
        else:
            self.model, self.decoder = MobileEDCFModel(PENALTY, CONTEXT_PENALTY), MobileDecoder()
        self.template = TEMPLATE if published else MOBILE.search // 3
        self.weight_decay = weight_decay

    def forward(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """Loss of a batch and its parts."""
        exemplar, search = batch["exemplar"], batch["search"]
        wide, seen = self.model.features.shallow(exemplar), self.model.features.shallow(search)
        g = self.model.filter(self.model.fine(seen), self.model.learn(wide))
        template = self.model.template(wide)
        f, semantic = self.model(seen, template)
        low, high = fine_loss(g, batch, self.geometry), semantic_loss(self.model.adjust(f), batch)
        recon = reconstruction(
            self.decoder(template), middle(exemplar, self.template) / 255
        ) + reconstruction(self.decoder(semantic), search / 255)
        loss = multi_task(low, high, recon, decay_of([self.model, self.decoder]), self.weight_decay)
        return {"loss": loss, "low": low, "high": high, "reconstruction": recon, "response": g.detach()}

    def tracker_state(self) -> dict[str, Tensor]:
        """Parameters of the tracker `edcf`; the decoder stays behind."""
        return {f"model.{name}": tensor for name, tensor in self.model.state_dict().items()}


class CACFNetPlusTraining(EDCFTraining):
    """EDCF's training, of which only the fine branch tracks. Args: see `EDCFTraining`."""

    def tracker_state(self) -> dict[str, Tensor]:
        """Parameters of the tracker `cacfnet_plus`."""
        fine = ("model.features.conv1.", "model.features.bn1.", "model.fine.")
        return {name: tensor for name, tensor in super().tracker_state().items() if name.startswith(fine)}
