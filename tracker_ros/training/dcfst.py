# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Training of DCFST: embeddings for which ridge regression finds the target (Zheng et al., 2019)."""

from __future__ import annotations

import torch
from torch import Tensor

from tracker_ros.losses.shrinkage import shrinkage
from tracker_ros.networks.dcfst import AREA, SHAPES, DcfstNetwork
from tracker_ros.networks.locator import channel_rms
from tracker_ros.ops.boxes import iou
from tracker_ros.ops.ridge import ridge
from tracker_ros.training.contract import PairSpec, PairTraining

LOSSES = ("shrinkage", "signed_shrinkage", "mse", "mse+shrinkage")


def location_loss(kind: str, predicted: Tensor, wanted: Tensor) -> Tensor:
    """Average the loss [] of the regression's predictions [N].

    Args:
        kind: 'shrinkage', eq. 4, the paper's; 'signed_shrinkage', eq. 5, to which it compares; 'mse';
            'mse+shrinkage', their sum on predictions cut to [-0.5, 1.5], as the public code has it.
    """
    if kind == "mse+shrinkage":
        clipped = predicted.clamp(-0.5, 1.5)
        return (clipped - wanted).square().mean() + shrinkage(clipped, wanted).mean()
    if kind == "mse":
        return (predicted - wanted).square().mean()
    return shrinkage(predicted, wanted, signed=kind == "signed_shrinkage").mean()


class DcfstTraining(PairTraining):
    """Locator and IoU head, and the backbone too unless it is frozen.

    Args:
        backbone: one of `networks.dcfst.SHAPES`.
        freeze: leave the backbone as it is, as the paper does with ResNet-18 of ImageNet.
        candidates: jittered boxes an image from which the IoU head learns.
        regularization: lambda of the ridge regression.
        loss: of the regression, one of `LOSSES`.
    """

    def __init__(
        self,
        backbone: str = "micro_resnet",
        freeze: bool = False,
        candidates: int = 16,
        regularization: float = 0.1,
        loss: str = "mse+shrinkage",
    ) -> None:
        super().__init__()
        self.network = DcfstNetwork(backbone)
        search = SHAPES[backbone].search
        self.spec = PairSpec(
            exemplar=search,
            search=search,
            context="area",
            amount=AREA,
            border="replicate",
            max_shift=search / 4,
            max_scale=1.25,
        )
        if loss not in LOSSES:
            raise ValueError(f"unknown loss '{loss}' of the regression; known: {', '.join(LOSSES)}")
        self.freeze, self.candidates, self.regularization = freeze, candidates, regularization
        self.loss = loss
        if freeze:
            self.network.backbone.requires_grad_(False)
            self.frozen = ("network.backbone",)

    def train(self, mode: bool = True) -> DcfstTraining:
        """Set training mode, except for a frozen backbone: its batch statistics stay."""
        super().train(mode)
        if self.freeze:
            self.network.backbone.eval()
        return self

    def forward(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """Return the losses of a batch; negative pairs do not count: there is nothing to regress them to."""
        both, count = self._levels(batch), batch["positive"].shape[0]
        located = self.network.locator(both)
        errors, response = [], []
        for i in range(count):
            predicted, wanted = self._regress(located, i, count, batch)
            errors.append(location_loss(self.loss, predicted, wanted))
            response.append(predicted[:-1].detach().view(self.network.grid, self.network.grid))
        weight = batch["positive"] / batch["positive"].sum().clamp(min=1.0)
        locate = (torch.stack(errors) * weight).sum()
        fit = (self._iou_errors(both, batch) * weight).sum()
        return {
            "loss": locate + fit,
            "locate": locate.detach(),
            "iou": fit.detach(),
            "response": torch.stack(response),
        }

    def features(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """Return both crops' levels of the frozen backbone."""
        found = {}
        for crop in ("exemplar", "search"):
            for number, level in enumerate(self.network.backbone(batch[crop])):
                found[f"{crop}{number}"] = level
        return found

    def _levels(self, batch: dict[str, Tensor]) -> list[Tensor]:
        """Return the levels [2 N, C, h, w] of all exemplars and search crops, from the cache where it can."""
        if "exemplar" in batch:
            return self.network.backbone(torch.cat((batch["exemplar"], batch["search"])))
        count = sum(name.startswith("exemplar") and name != "exemplar_box" for name in batch)
        return [torch.cat((batch[f"exemplar{i}"], batch[f"search{i}"])) for i in range(count)]

    def _regress(
        self, located: list[Tensor], i: int, count: int, batch: dict[str, Tensor]
    ) -> tuple[Tensor, Tensor]:
        """Return predictions and labels of pair `i`: of the search crop's grid and, last, of the true box."""
        exemplar_box, search_box = batch["exemplar_box"][i], batch["search_box"][i]
        known = self.network.embed([level[i] for level in located], exemplar_box[2:])
        model = ridge(known, self.network.labels(exemplar_box), self.regularization)
        levels = [level[count + i] for level in located]
        places = self.network.axis + self.network.search / 2
        vectors = self.network.locator.on_grid(levels, places, places, search_box[2:])
        vectors = torch.cat((vectors, self.network.locator.of_boxes(levels, search_box.unsqueeze(0))))
        wanted = torch.cat((self.network.labels(search_box), search_box.new_ones(1)))
        return (vectors / channel_rms(vectors)) @ model, wanted

    def _iou_errors(self, both: list[Tensor], batch: dict[str, Tensor]) -> Tensor:
        """Return [N]: mean squared error of the predicted IoU of jittered boxes, IoU mapped to [-1, 1]."""
        count = batch["positive"].shape[0]
        modulation = self.network.iou.reference([level[:count] for level in both], batch["exemplar_box"])
        levels = self.network.iou([level[count:] for level in both])
        errors = []
        for i in range(count):
            truth = batch["search_box"][i]
            boxes = jittered(truth, self.candidates)
            predicted, _ = self.network.iou.predict([level[i] for level in levels], modulation[i], boxes)
            errors.append((predicted - (2 * iou(boxes, truth) - 1)).square().mean())
        return torch.stack(errors)

    def tracker_state(self) -> dict[str, Tensor]:
        """Return the parameters of the tracker 'dcfst'."""
        return {f"network.{name}": tensor for name, tensor in self.network.state_dict().items()}


def jittered(box: Tensor, count: int) -> Tensor:
    """Return [count, 4] boxes around one [4], from nearly right to mostly wrong."""
    noise = torch.randn(count, 4, device=box.device)
    spread = torch.rand(count, 1, device=box.device) * 0.5
    root = (box[2] * box[3]).sqrt()
    return torch.cat(
        (box[:2] + noise[:, :2] * spread * root * 0.5, box[2:] * torch.exp(noise[:, 2:] * spread)), dim=1
    )
