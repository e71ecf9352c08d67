# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Training of SiamRPN and SiamRPN++ with cross entropy, focal or shrinkage loss.

The plain trackers learn from a few selected proposals of each pair, as their authors do. With focal and
shrinkage loss all proposals take part (Lu et al., section 4), which is where class imbalance bites.
Input is RGB in 0-255; the importers turn published parameters, trained on BGR, round.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from tracker_ros.losses.boxes import box_loss
from tracker_ros.losses.classification import (
    ClassificationLoss,
    balanced_loss,
    make_loss,
)
from tracker_ros.networks.mobile_rpn import MobileRpnNet, MobileRpnPlusPlusNet
from tracker_ros.networks.rpn import RATIOS, STRIDE, ResponseGrid
from tracker_ros.networks.siamban import SiamBanNet
from tracker_ros.networks.siamrpn import SiamRpnNet
from tracker_ros.networks.siamrpnpp import SiamRpnPlusPlusNet
from tracker_ros.ops.anchors import encode, split_classes, split_offsets
from tracker_ros.ops.boxes import iou
from tracker_ros.training.contract import PairSpec, PairTraining
from tracker_ros.weights.loader import load_weights

#: Label rules and the greatest offset of a target in its template, in pixels.
RULES = {"paper": 0.0, "pysot": 4.0}
#: What the plain trackers select (pysot): IoUs of a positive and a negative proposal, how many of a pair.
POSITIVE_IOU, NEGATIVE_IOU = 0.6, 0.3
MOST_POSITIVES, PROPOSALS = 16, 64


def sample_true(mask: Tensor, count: int) -> Tensor:
    """Return at most `count` of the set places of each sample of mask [N, ...], drawn at random."""
    keys = torch.rand(mask.shape, device=mask.device).masked_fill(~mask, 2.0).flatten(1)
    threshold = keys.kthvalue(count, dim=1, keepdim=True).values
    return ((keys <= threshold) & mask.flatten(1)).view(mask.shape)


class ProposalTraining(PairTraining):
    """Classification and box regression on the anchors of a search crop (Lu et al., eq. 16).

    Args:
        net: the tracker's network.
        loss: the classification loss or its kind; 'bce' takes selected proposals, others all.
        regression: eta, the weight of the box loss; pysot's value.
        rules: 'paper': smooth L1, templates in the middle; 'pysot': L1, templates up to 4 px off it.
    """

    def __init__(
        self,
        net: nn.Module,
        grid: ResponseGrid,
        loss: ClassificationLoss | str,
        regression: float = 1.2,
        rules: str = "paper",
    ) -> None:
        super().__init__()
        if rules not in RULES:
            raise ValueError(f"unknown label rules '{rules}'; known: {', '.join(RULES)}")
        self.smooth = rules == "paper"
        self.spec = PairSpec(
            exemplar=127, search=255, max_shift=64.0, max_scale=1.18, exemplar_shift=RULES[rules]
        )
        self.net = net
        self.loss = make_loss(loss) if isinstance(loss, str) else loss
        self.regression = regression
        self.register_buffer("anchors", grid.anchors(self.spec.search), persistent=False)

    def forward(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """Return the total loss, its two parts and the target probability of each cell."""
        cls, loc = self.net(*self.net.template(batch["exemplar"]), batch["search"])
        logits = split_classes(cls)
        middle = self.spec.search / 2
        boxes = torch.cat((batch["search_box"][:, :2] - middle, batch["search_box"][:, 2:]), dim=1)
        boxes = boxes.view(-1, 1, 1, 1, 4)
        overlap = iou(self.anchors, boxes)
        same = batch["positive"].view(-1, 1, 1, 1) > 0
        if self.loss.kind == "bce":
            positive, found = self._selected(logits, overlap, boxes, same)
        else:
            # One threshold, because with all proposals in play none is left undecided.
            positive = (overlap > 0.5) & same
            found = balanced_loss(logits, positive.float(), self.loss)
        located = box_loss(split_offsets(loc), encode(self.anchors, boxes), positive.float(), self.smooth)
        return {
            "loss": found + self.regression * located,
            "classification": found,
            "regression": located,
            "response": logits.detach().sigmoid().amax(1),
        }

    def _selected(
        self, logits: Tensor, overlap: Tensor, boxes: Tensor, same: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return the positive proposals [N, A, h, w] and the loss [] of the plain trackers' selection.

        At most 16 positives with IoU > 0.6 and 48 negatives with IoU < 0.3 of a pair; of one that does
        not show the same target 16 negatives near the other object, which is what could be confused.
        """
        near = ((self.anchors[..., :2] - boxes[..., :2]).abs() <= 3.5 * STRIDE).all(-1)
        positive = sample_true((overlap > POSITIVE_IOU) & same, MOST_POSITIVES)
        beside = sample_true((overlap < NEGATIVE_IOU) & same, PROPOSALS - MOST_POSITIVES)
        negative = beside | sample_true(near & ~same, MOST_POSITIVES)
        chosen = positive | negative
        return positive, balanced_loss(logits[chosen], positive[chosen].float(), self.loss)

    def tracker_state(self) -> dict[str, Tensor]:
        """Return the parameters of the trackers `siamrpn` or `siamrpnpp`."""
        return {f"net.{name}": tensor for name, tensor in self.net.state_dict().items()}


class SiamRpnTraining(ProposalTraining):
    """Training of `siamrpn`; arguments as its settings and `ProposalTraining`."""

    def __init__(
        self,
        loss: ClassificationLoss | str = "bce",
        correlation: str = "up",
        width_multiplier: float = 1.0,
        rules: str = "paper",
    ) -> None:
        net = SiamRpnNet(len(RATIOS), correlation, width_multiplier)
        super().__init__(net, net.grid, loss, rules=rules)


class SiamRpnPlusPlusTraining(ProposalTraining):
    """Training of `siamrpnpp`; arguments as its settings and `ProposalTraining`."""

    def __init__(
        self, loss: ClassificationLoss | str = "bce", bottleneck_width: int = 64, rules: str = "paper"
    ) -> None:
        net = SiamRpnPlusPlusNet(len(RATIOS), bottleneck_width)
        super().__init__(net, net.grid, loss, rules=rules)


class _Known(nn.Module):
    """A network under the names of its tracker's weights."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net


class MobileTraining(ProposalTraining):
    """Training of `siamrpn` or `siamrpnpp` on MobileNetV3.

    Statistics of batch normalisation stay as they are where the network starts from another's.

    Args:
        levels: 1 for `siamrpn`, 3 for `siamrpnpp`.
        start: weights to start from (a manifest name or a file): of `siamban` for one level, of `siamrpn`
            on MobileNetV3 for three; '' for none.
        loss: see `ProposalTraining`.
    """

    def __init__(
        self, levels: int = 1, start: str = "", loss: ClassificationLoss | str = "shrinkage"
    ) -> None:
        first, all_levels = MobileRpnNet(len(RATIOS)), MobileRpnPlusPlusNet(len(RATIOS))
        net = first if levels == 1 else all_levels
        super().__init__(net, net.grid, loss)
        if start and levels == 1:
            known = SiamBanNet()
            load_weights(_Known(known), start)
            first.start_from(known)
            parts = [f"{branch}.{part}" for branch in ("cls", "loc") for part in ("correlation", "tower")]
            self.begun = ("net.backbone", *(f"net.rpn_head.{part}" for part in parts))
        elif start:
            load_weights(_Known(first), start)
            all_levels.start_from(first)
            self.begun = ("net.backbone", "net.rpn4")

    def forward(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """Return the losses of a batch, as `ProposalTraining` does."""
        for layer in self.net.modules():
            if isinstance(layer, nn.BatchNorm2d) and self.begun:
                layer.eval()
        return super().forward(batch)
