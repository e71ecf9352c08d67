# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Offline training of RT-MDNet: one classifier a domain on shared features (Jung et al., section 3.2)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from tracker_ros.losses.classification import ClassificationLoss, classification_loss, make_loss
from tracker_ros.networks.mobile_mdnet import MobileMdNet
from tracker_ros.networks.vggm import MdNet
from tracker_ros.trackers._candidates import gaussian_boxes, uniform_boxes, with_overlap
from tracker_ros.training.contract import PairSpec, PairTraining


class Branches(nn.Module):
    """The last layers of all domains, two scores each, as one tensor: there are thousands."""

    def __init__(self, count: int, hidden: int) -> None:
        super().__init__()
        self.count = count
        bound = 1 / hidden**0.5
        self.weight = nn.Parameter(torch.empty(count, 2, hidden).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(count, 2).uniform_(-bound, bound))

    def forward(self, hidden: Tensor, which: Tensor) -> Tensor:
        """Return the scores [R, B, 2] of hidden features [R, H] in the branches `which` [B]."""
        return torch.einsum("rh,bkh->rbk", hidden, self.weight[which]) + self.bias[which]


class RtMdNetTraining(PairTraining):
    """Training of `rtmdnet`'s shared layers.

    Each sample is one scene, its search crop, out of which boxes on and beside the target are
    classified by the branch of its domain (`batch["domain"]` [N] int64: which target of which video it
    shows; without it all samples are of one domain). The instance loss makes a target score higher in
    its own branch than in `others` drawn anew in every step: a data set has thousands.

    Args:
        loss: the classification loss or its kind: 'bce', 'focal' or 'shrinkage'.
        domains: branches; 0 for one a domain of the data, which `prepare` makes.
        width_multiplier: as the tracker's setting.
        positives: boxes on the target of each scene.
        negatives: boxes beside it.
        instance: weight of the instance loss.
        backbone: 'vggm', or 'mobilenet_v3', whose features are standardised.
        freeze: leave the backbone as it is; only 'mobilenet_v3' has one apart from the trained layers.
        others: most other branches that a step compares with; the public code's number.
    """

    by_domain = True

    def __init__(
        self,
        loss: ClassificationLoss | str = "bce",
        domains: int = 0,
        width_multiplier: float = 1.0,
        positives: int = 64,
        negatives: int = 196,
        instance: float = 0.1,
        backbone: str = "vggm",
        others: int = 100,
        freeze: bool = False,
    ) -> None:
        super().__init__()
        light = backbone == "mobilenet_v3"
        if freeze and not light:
            raise ValueError(f"freeze needs backbone 'mobilenet_v3'; {backbone} has no part that can stay")
        self.net: MdNet | MobileMdNet = MobileMdNet() if light else MdNet(width_multiplier)
        self.standardized = light
        side = int(self.net.target)
        # A scene of four target sizes: room for negatives all around the target.
        self.spec = PairSpec(
            exemplar=side,
            search=4 * side,
            context="padding",
            amount=0.0,
            border="replicate",
            max_shift=32.0,
            max_scale=1.1,
        )
        self.own_domains = domains == 0
        self.branches = Branches(max(domains, 1), self.net.hidden)
        self.loss = make_loss(loss) if isinstance(loss, str) else loss
        self.positives, self.negatives = positives, negatives
        self.instance, self.others = instance, others
        if freeze:
            self.net.trunk.requires_grad_(False)
            self.frozen = ("net.trunk",)

    def train(self, mode: bool = True) -> RtMdNetTraining:
        """Return training mode, save for a frozen backbone: its batch statistics stay."""
        super().train(mode)
        if self.frozen:
            self.net.trunk.eval()
        return self

    def prepare(self, domains: int) -> None:
        """Make a branch for each domain of the data, unless the recipe gives their number."""
        if self.own_domains and domains > 0:
            self.branches = Branches(domains, self.net.hidden)

    def forward(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """Return the mean classification loss (eq. 17 or 18), instance loss and their sum."""
        scenes = batch["scene"] if "scene" in batch else self.net.features(batch["search"])
        count = scenes.shape[0]
        domains = batch.get("domain", torch.zeros(count, dtype=torch.int64, device=scenes.device))
        pairs = zip(scenes, batch["search_box"], strict=True)
        samples = torch.cat([self._read(scene, self._boxes(box)) for scene, box in pairs])
        hidden = self.net(samples).view(count, self.positives + self.negatives, -1)
        own = torch.stack(
            [self.branches(h, domain.view(1))[:, 0] for h, domain in zip(hidden, domains, strict=True)]
        )
        labels = (torch.arange(own.shape[1], device=own.device) < self.positives).float()
        found = classification_loss(own[..., 1] - own[..., 0], labels, self.loss).mean()
        confused = self._confusion(own[:, : self.positives, 1], hidden[:, : self.positives], domains)
        return {"loss": found + self.instance * confused, "classification": found, "instance": confused}

    def features(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """Return the scenes' maps, which follow from the frozen backbone alone."""
        return {"scene": self.net.features(batch["search"])}

    def _read(self, scene: Tensor, boxes: Tensor) -> Tensor:
        """Return features [R, D] of boxes of one scene, standardised where the tracker standardises them."""
        read = self.net.read(scene, boxes)
        if not self.standardized:
            return read
        spread = read.std(0)
        return (read - read.mean(0)) / (spread + 0.1 * spread.mean() + 1e-6)

    def _confusion(self, own: Tensor, hidden: Tensor, domains: Tensor) -> Tensor:
        """Return the instance loss [].

        Cross entropy of targets' scores in their own branch against the others.

        Args:
            own: [N, P] scores of the positives in their own branches.
            hidden: [N, P, H] of the positives.
            domains: [N].
        """
        drawn = torch.randperm(self.branches.count, device=own.device)[: self.others + 1]
        scores = self.branches(hidden.flatten(0, 1), drawn)[..., 1].view(*own.shape, -1)
        same = drawn.view(1, 1, -1) == domains.view(-1, 1, 1)
        scores = torch.cat((own.unsqueeze(2), scores.masked_fill(same, -torch.inf)), dim=2)
        return -scores.log_softmax(2)[..., 0].mean()

    def _boxes(self, box: Tensor) -> Tensor:
        """Return the boxes [positives + negatives, 4] on and beside a target, new ones in every step."""
        first, second = torch.randint(2**31, [2], device=box.device)
        near = gaussian_boxes(box, 2 * self.positives, 0.1, 1.2, first)
        far = uniform_boxes(box, 2 * self.negatives, 1.0, 1.6, second)
        return torch.cat(
            (
                with_overlap(near, box, 0.7, 1.0, self.positives),
                with_overlap(far, box, 0.0, 0.5, self.negatives),
            )
        )

    def tracker_state(self) -> dict[str, Tensor]:
        """Return the parameters of the tracker `rtmdnet`; branches stay behind, a target learns its own."""
        return {f"net.{name}": tensor for name, tensor in self.net.state_dict().items()}
