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
from tracker_ros.losses.reconstruction import (
    Terms,
    filter_response,
    multi_task,
    reconstruction,
    squared_norm,
)
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


def fine_loss(
    responses: Tensor, batch: dict[str, Tensor], terms: Terms, geometry: Geometry = PUBLISHED
) -> Tensor:
    """Return L_low of responses g [N, 125, 125].

    Eq. 8 with the label where the target is in the search crop.
    """
    cells, stride = geometry.cells, geometry.stride
    # An even number of cells has its middle half a cell after that of the crop.
    shifted = batch["search_box"] + (0 if cells % 2 else stride / 2)
    away = distances(shifted, cells, cells, stride, geometry.search)
    labels = torch.exp(-0.5 * (away / (geometry.label_sigma() * stride)).square())
    labels = labels * (batch["positive"].view(-1, 1, 1) > 0)
    return squared_norm(responses - labels) if terms.printed_norms else filter_response(responses, labels)


def semantic_loss(logits: Tensor, batch: dict[str, Tensor], terms: Terms) -> Tensor:
    """Return L_high of logits of f [N, h, w]: eq. 4, or with positive and negative cells weighing alike."""
    labels = match_labels(batch, logits.shape[1], logits.shape[2], STRIDE, RADIUS[STRIDE])
    losses = logistic(logits, labels)
    return balanced_mean(losses, labels) if terms.balanced else losses.mean()


def reconstruction_loss(
    decoder: nn.Module, semantic: tuple[Tensor, Tensor], images: tuple[Tensor, Tensor], terms: Terms
) -> Tensor:
    """Return L_recon of semantic features of exemplar and search crop: eq. 2 for images in 0-255."""
    total = torch.zeros([], device=images[0].device)
    for features, image in zip(semantic, images, strict=True):
        decoded, wanted = decoder(features), image / 255
        part = squared_norm(decoded - wanted) if terms.printed_norms else reconstruction(decoded, wanted)
        total = total + part
    return total


def decay_of(modules: list[nn.Module]) -> list[Tensor]:
    """Return the weights, without biases and normalisation, that R of eq. 15 counts."""
    return [p for module in modules for p in module.parameters() if p.dim() > 1]


class CACFNetTraining(PairTraining):
    """L_low through the context-aware filter layer (eq. 8).

    Args:
        width_multiplier: share of the first layer's 96 channels.
        printed_norms: eq. 8 as it stands; see `Terms`.
    """

    def __init__(self, width_multiplier: float = 1.0, printed_norms: bool = False) -> None:
        super().__init__()
        self.spec, self.terms = WIDE_PAIRS, Terms(printed_norms=printed_norms)
        self.model = FineModel(width_multiplier, PENALTY, CONTEXT_PENALTY)
        improved_xavier(self.model)

    def forward(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """Return the loss of a batch: the filter of each exemplar answers its search crop."""
        responses = self.model(batch["search"], self.model.learn(batch["exemplar"]))
        return {"loss": fine_loss(responses, batch, self.terms), "response": responses.detach()}

    def tracker_state(self) -> dict[str, Tensor]:
        """Return the parameters of the tracker `cacfnet`."""
        return {f"model.{name}": tensor for name, tensor in self.model.state_dict().items()}


class EDSiamTraining(PairTraining):
    """L_sel = L_recon + L_high (eq. 1), on SiamFC's crops.

    Args:
        output_channels, width_multiplier: as in SiamFC.
        high, reconstruction, balanced, printed_norms: see `Terms`.
    """

    def __init__(
        self,
        output_channels: int = 256,
        width_multiplier: float = 1.0,
        high: float = 1.0,
        reconstruction: float = 1.0,
        balanced: bool = True,
        printed_norms: bool = False,
    ) -> None:
        super().__init__()
        self.terms = Terms(0.0, high, reconstruction, balanced, printed_norms)
        self.spec = PairSpec(exemplar=TEMPLATE, search=SEARCH)
        self.model = SiamFCModel(output_channels, STRIDE, width_multiplier)
        improved_xavier(self.model)
        self.decoder = Decoder(output_channels, width_multiplier)

    def forward(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """Return the loss of a batch and its two parts."""
        template = self.model.template(batch["exemplar"], batch["exemplar_box"][:, 2:])
        semantic = self.model.features(batch["search"])
        logits = self.model.adjust(correlate(semantic, template))
        images = (batch["exemplar"], batch["search"])
        high = semantic_loss(logits, batch, self.terms)
        recon = reconstruction_loss(self.decoder, (template, semantic), images, self.terms)
        loss = self.terms.high * high + self.terms.reconstruction * recon
        return {"loss": loss, "high": high, "reconstruction": recon, "response": logits.detach()}

    def tracker_state(self) -> dict[str, Tensor]:
        """Return the parameters of the tracker `edsiam`; the decoder stays behind."""
        return {f"model.{name}": tensor for name, tensor in self.model.state_dict().items()}


class EDCFTraining(PairTraining):
    """L_all = L_low + L_high + L_recon + R (eq. 15).

    Args:
        width_multiplier: share of the published channels of the inner layers.
        backbone: that of the tracker's setting.
        weight_decay: weight of R, the sum of squared weights; 2.5e-4 acts as an SGD weight decay of
            5e-4, so an optimiser's own weight decay should be 0.
        low, high, reconstruction, balanced, printed_norms: see `Terms`.
    """

    def __init__(
        self,
        width_multiplier: float = 1.0,
        weight_decay: float = 2.5e-4,
        backbone: str = "alexnet",
        low: float = 1.0,
        high: float = 1.0,
        reconstruction: float = 1.0,
        balanced: bool = True,
        printed_norms: bool = False,
    ) -> None:
        super().__init__()
        published = backbone == "alexnet"
        self.spec = WIDE_PAIRS if published else MOBILE_PAIRS
        self.geometry = PUBLISHED if published else MOBILE
        self.terms = Terms(low, high, reconstruction, balanced, printed_norms)
        if published:
            self.model: nn.Module = EDCFModel(width_multiplier, PENALTY, CONTEXT_PENALTY)
            improved_xavier(self.model)
            self.decoder: nn.Module = Decoder(width=width_multiplier)
        else:
            self.model, self.decoder = MobileEDCFModel(PENALTY, CONTEXT_PENALTY), MobileDecoder()
        self.template = TEMPLATE if published else MOBILE.search // 3
        self.weight_decay = weight_decay

    def forward(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """Return the loss of a batch and its parts."""
        exemplar, search = batch["exemplar"], batch["search"]
        wide, seen = self.model.features.shallow(exemplar), self.model.features.shallow(search)
        g = self.model.filter(self.model.fine(seen), self.model.learn(wide))
        template = self.model.template(wide)
        f, semantic = self.model(seen, template)
        low = fine_loss(g, batch, self.terms, self.geometry)
        high = semantic_loss(self.model.adjust(f), batch, self.terms)
        images = (middle(exemplar, self.template), search)
        recon = reconstruction_loss(self.decoder, (template, semantic), images, self.terms)
        decayed = decay_of([self.model, self.decoder])
        loss = multi_task(low, high, recon, decayed, self.weight_decay, self.terms)
        return {"loss": loss, "low": low, "high": high, "reconstruction": recon, "response": g.detach()}

    def tracker_state(self) -> dict[str, Tensor]:
        """Return the parameters of the tracker `edcf`; the decoder stays behind."""
        return {f"model.{name}": tensor for name, tensor in self.model.state_dict().items()}


class CACFNetPlusTraining(EDCFTraining):
    """EDCF's training, of which only the fine branch tracks. Args: see `EDCFTraining`."""

    def tracker_state(self) -> dict[str, Tensor]:
        """Return the parameters of the tracker `cacfnet_plus`."""
        fine = ("model.features.conv1.", "model.features.bn1.", "model.fine.")
        return {name: tensor for name, tensor in super().tracker_state().items() if name.startswith(fine)}
