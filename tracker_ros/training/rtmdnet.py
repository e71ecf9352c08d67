"""Offline training of RT-MDNet: one classifier a domain on shared features (Jung et al., section 3.2)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tracker_ros.geometry import iou
from tracker_ros.losses.classification import ClassificationLoss, classification_loss, make_loss
from tracker_ros.networks.vggm import MdNet, box_features
from tracker_ros.training.contract import PairSpec, PairTraining


def draw_boxes(box: Tensor, count: int, reach: float, scale: float, low: float, high: float) -> Tensor:
    """[count, 4] random boxes around `box` [4] with an IoU in [low, high], or as close as were drawn.

    Centres differ by up to `reach` mean sizes, sizes by up to the factor `scale`.
    """
    noise = torch.rand(8 * count, 3, device=box.device) * 2 - 1
    center = box[:2] + noise[:, :2] * (reach * box[2:].mean())
    boxes = torch.cat((center, box[2:] * scale ** noise[:, 2:]), dim=1)
    overlap = iou(boxes, box)
    miss = (low - overlap).clamp(min=0.0) + (overlap - high).clamp(min=0.0)
    return boxes[miss.argsort(stable=True)[:count]]


class RtMdNetTraining(PairTraining):
    """Training of `rtmdnet`'s shared layers.

    Each sample is one scene, its search crop, out of which boxes on and beside the target are
    classified by the branch of its domain (`batch["domain"]` [N] int64: which video it is from, taken
    modulo the number of branches; without it all samples are of one domain). The instance loss makes
    a target score higher in its own branch than in all others.

    Args:
        loss: the classification loss or its kind: 'bce', 'focal' or 'shrinkage'.
        domains: branches.
        width: as the tracker's setting.
        positives: boxes on the target of each scene.
        negatives: boxes beside it.
        instance: weight of the instance loss.
    """

    def __init__(self, loss: ClassificationLoss | str = "bce", domains: int = 100, width: float = 1.0,
                 positives: int = 64, negatives: int = 196, instance: float = 0.1) -> None:
        super().__init__()
        # A target of 107 x 107 in a scene of four target sizes; room for negatives all around it.
        self.spec = PairSpec(exemplar=107, search=428, context="padding", amount=0.0, border="replicate",
                             max_shift=32.0, max_scale=1.1)
        self.net = MdNet(width)
        self.branches = nn.ModuleList(nn.Linear(self.net.hidden, 2) for _ in range(domains))
        self.loss = make_loss(loss) if isinstance(loss, str) else loss
        self.positives, self.negatives, self.instance = positives, negatives, instance

    def forward(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """Mean classification loss (eq. 17 or 18), instance loss and their sum."""
        count = batch["search"].shape[0]
        domains = batch.get("domain", torch.zeros(count, dtype=torch.int64, device=batch["search"].device))
        domains = domains % len(self.branches)
        scenes = self.net.features(batch["search"])
        pairs = zip(scenes, batch["search_box"], strict=True)
        samples = torch.cat([box_features(scene, self._boxes(box)) for scene, box in pairs])
        hidden = self.net(samples)
        scores = torch.stack([branch(hidden) for branch in self.branches], dim=1)
        scores = scores.view(count, self.positives + self.negatives, len(self.branches), 2)
        own = scores[torch.arange(count, device=domains.device), :, domains]
        labels = (torch.arange(own.shape[1], device=own.device) < self.positives).float()
        found = classification_loss(own[..., 1] - own[..., 0], labels, self.loss).mean()
        confused = F.cross_entropy(
            scores[:, : self.positives, :, 1].flatten(0, 1), domains.repeat_interleave(self.positives))
        return {"loss": found + self.instance * confused, "classification": found, "instance": confused}

    def _boxes(self, box: Tensor) -> Tensor:
        return torch.cat((
            draw_boxes(box, self.positives, 0.1, 1.3, 0.7, 1.0),
            draw_boxes(box, self.negatives, 1.0, 1.6, 0.0, 0.5),
        ))

    def tracker_state(self) -> dict[str, Tensor]:
        """Parameters of the tracker `rtmdnet`; branches stay behind, a target learns its own."""
        return {f"net.{name}": tensor for name, tensor in self.net.state_dict().items()}
