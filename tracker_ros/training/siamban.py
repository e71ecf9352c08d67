# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Fine-tuning of the light SiamBAN: classification and box distances, held near what it knew before."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from tracker_ros.losses.boxes import generalized_iou_loss
from tracker_ros.networks.siamban import EXEMPLAR, SEARCH, SiamBanNet, boxes_of, cell_places
from tracker_ros.ops.boxes import iou
from tracker_ros.training.contract import PairSpec, PairTraining


def ellipse_labels(boxes: Tensor, places: Tensor) -> tuple[Tensor, Tensor]:
    """Return the masks [N, h, w] of the cells that are the target, and of those that are background.

    SiamBAN's labels (Chen et al., 2020, section 3.3): inside the ellipse with half the box's axes, and
    outside the one that the box encloses; between them nothing is asked. A target smaller than a cell has
    the nearest one.

    Args:
        boxes: [N, 4] (cx, cy, w, h).
        places: [h, w, 2] (x, y) of the cells, in the same pixels.
    """
    away = places - boxes[:, None, None, :2]
    reach = (away / (boxes[:, None, None, 2:] / 2).clamp(min=1e-6)).square().sum(-1)
    distance = away.square().sum(-1).flatten(1)
    nearest = (distance == distance.min(1, keepdim=True).values).view_as(reach)
    target = (reach <= 0.25) | nearest
    return target, (reach > 1.0) & ~target


class SiamBanTraining(PairTraining):
    """Fine-tuning of `networks.siamban.SiamBanNet`.

    The loss is the class-balanced cross entropy of the cells, the generalised IoU of the boxes of the
    target's cells, and, so that a small data set does not overwrite what a large one taught (Li and Hoiem,
    "Learning without Forgetting", 2016), the divergence from the initial network's classification.

    Statistics of batch normalisation stay as they are.

    What ships are parameters between the initial and the trained ones (Wortsman et al., "Robust fine-tuning
    of zero-shot models", CVPR 2022): they keep what a loss on a small data set cannot ask for.

    Args:
        box: weight of the box loss.
        memory: weight of the divergence.
        share: of the trained parameters in what ships, the initial ones have the rest.
    """

    def __init__(self, box: float = 1.0, memory: float = 1.0, share: float = 1.0) -> None:
        super().__init__()
        if not 0 < share <= 1:
            raise ValueError(f"share must be above 0 and at most 1, got {share}")
        self.share = share
        self.spec = PairSpec(exemplar=EXEMPLAR, search=SEARCH, max_shift=64.0, max_scale=1.25)
        self.net, self.teacher = SiamBanNet(), SiamBanNet().requires_grad_(False)
        self.box, self.memory = box, memory
        self.register_buffer("places", cell_places() + SEARCH / 2, persistent=False)

    def train(self, mode: bool = True) -> SiamBanTraining:
        """Leave the networks in evaluation mode, where normalisation keeps its statistics."""
        super().train(mode)
        self.net.eval()
        self.teacher.eval()
        return self

    def forward(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """Return the loss, its parts, the mean IoU of the best cell's box and each cell's probability."""
        logits, sides = _predict(self.net, batch)
        with torch.no_grad():
            remembered = torch.sigmoid(_predict(self.teacher, batch)[0])
        target, background = ellipse_labels(batch["search_box"], self.places)
        same = batch["positive"].view(-1, 1, 1) > 0
        background, target = background | ~same, target & same
        found = 0.5 * (_mean(F.softplus(-logits), target) + _mean(F.softplus(logits), background))
        boxes, truth = boxes_of(sides, self.places), batch["search_box"][:, None, None]
        located = _mean(generalized_iou_loss(boxes, truth.expand_as(boxes)), target)
        kept = F.binary_cross_entropy_with_logits(logits, remembered, reduction="none")
        kept = (kept - F.binary_cross_entropy(remembered, remembered, reduction="none")).mean()
        overlap = iou(boxes.detach(), truth).flatten(1)
        best = overlap.gather(1, logits.flatten(1).argmax(1, keepdim=True))
        return {
            "loss": found + self.box * located + self.memory * kept,
            "classification": found,
            "regression": located,
            "memory": kept,
            "iou": _mean(best, same.view(-1, 1)),
            "response": logits.detach().sigmoid(),
        }

    def tracker_state(self) -> dict[str, Tensor]:
        """Return the parameters of the tracker `siamban`, between the initial and the trained ones."""
        initial = self.teacher.state_dict()
        # Integers count batches, which nothing reads.
        return {
            f"net.{name}": torch.lerp(initial[name], tensor, self.share)
            if tensor.is_floating_point()
            else tensor
            for name, tensor in self.net.state_dict().items()
        }


def _predict(net: SiamBanNet, batch: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
    kernels = net.template(net.features(batch["exemplar"]))
    return net(kernels[0], kernels[1], net.features(batch["search"]))


def _mean(values: Tensor, mask: Tensor) -> Tensor:
    """Return the mean [] of the values where the mask holds; 0 where it holds nowhere."""
    return (values * mask).sum() / mask.sum().clamp(min=1)
