# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Training of the `micro_resnet` backbone: at each of its levels a correlation filter must find the target.

As in DCFNet (Wang et al., 2017) a filter is learned from the exemplar in closed form and applied to
the search crop, and the gradient goes through both. The loss is the cross entropy between the response,
as a distribution over displacements, and a Gaussian at the true one (as PrDiMP's, Danelljan et al.,
2020): of a filter's response only the peak's place matters, not its height.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tracker_ros.networks.backbones.factory import build_backbone
from tracker_ros.networks.micro_resnet_features import normalized
from tracker_ros.ops.labels import hann
from tracker_ros.training.contract import PairSpec, PairTraining

LEVELS = ("stride4", "stride8", "stride16")


class FilterLevel(nn.Module):
    """Correlation filter on one level of features, with a learned temperature of its responses.

    Args:
        cells: side of the feature map.
        stride: pixels a cell.
        penalty: ridge penalty relative to the mean energy of the exemplar's spectrum.
        sigma: width of the label in target sides, at least `narrowest` cells.
    """

    window: Tensor

    def __init__(
        self, cells: int, stride: int, penalty: float = 0.01, sigma: float = 0.1, narrowest: float = 0.6
    ) -> None:
        super().__init__()
        self.cells, self.stride = cells, stride
        self.penalty, self.sigma, self.narrowest = penalty, sigma, narrowest
        self.log_temperature = nn.Parameter(torch.tensor(math.log(15.0)))
        self.register_buffer("window", hann(cells, cells), persistent=False)

    def forward(
        self, exemplar: Tensor, search: Tensor, at: Tensor, wanted: Tensor, side: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return the loss [N] (Kullback-Leibler divergence) and responses [N, S, S] of features [N, C, S, S].

        Args:
            at: [N, 2] (x, y) displacement of the exemplar's target from the middle, in pixels.
            wanted: [N, 2] the same in the search crop.
            side: [N] root area of the target in pixels.
        """
        width = (self.sigma * side / self.stride).clamp(min=self.narrowest)
        z, x = (torch.fft.rfft2(normalized(f) * self.window) for f in (exemplar, search))
        energy = z.abs().square().sum(1)
        penalty = self.penalty * energy.mean((1, 2), keepdim=True)
        label = torch.fft.rfft2(self._gaussian(at, width))
        spectrum = (x * z.conj()).sum(1) * label / (energy + penalty)
        response = torch.fft.irfft2(spectrum, [self.cells, self.cells])
        goal = self._gaussian(wanted, width).flatten(1)
        goal = goal / goal.sum(1, keepdim=True)
        found = F.log_softmax((response * self.log_temperature.exp()).flatten(1), dim=1)
        return F.kl_div(found, goal, reduction="none").sum(1), response

    def _gaussian(self, displacement: Tensor, width: Tensor) -> Tensor:
        """Return circular Gaussians [N, S, S] of peak 1 at displacements [N, 2] in pixels.

        Cell (0, 0) is none.
        """
        places = torch.arange(self.cells, device=displacement.device, dtype=displacement.dtype)
        half = self.cells / 2
        offset = places - displacement.unsqueeze(2) / self.stride
        wrapped = (offset + half) % self.cells - half
        profile = torch.exp(-0.5 * (wrapped / width.view(-1, 1, 1)).square())
        return profile[:, 1].unsqueeze(2) * profile[:, 0].unsqueeze(1)


class MicroResNetTraining(PairTraining):
    """Training of `networks.backbones.micro_resnet` for filters; the mean loss of its levels.

    Args:
        size: side of both crops, divisible by 16.
        area: side of the crops in root areas of the target.
        levels: of the backbone.
    """

    def __init__(self, size: int = 128, area: float = 3.0, levels: tuple[str, ...] = LEVELS) -> None:
        super().__init__()
        self.spec = PairSpec(
            exemplar=size,
            search=size,
            context="area",
            amount=area,
            border="replicate",
            max_shift=0.2 * size,
            max_scale=1.2,
        )
        self.backbone = build_backbone("micro_resnet", tuple(levels)).to(memory_format=torch.channels_last)
        self.filters = nn.ModuleList(FilterLevel(size // s, s) for s in self.backbone.strides)

    def forward(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """Return the losses of a batch, level by level.

        Negative pairs do not count: they have no displacement.
        """
        count, middle = batch["exemplar"].shape[0], self.spec.search / 2
        crops = torch.cat((batch["exemplar"], batch["search"])).contiguous(memory_format=torch.channels_last)
        side = batch["exemplar_box"][:, 2:].prod(1).sqrt()
        at, wanted = (batch[f"{name}_box"][:, :2] - middle for name in ("exemplar", "search"))
        weight = batch["positive"] / batch["positive"].sum().clamp(min=1.0)
        losses: dict[str, Tensor] = {}
        response = crops
        for level, features in zip(self.filters, self.backbone(crops), strict=True):
            features = features.float()
            loss, found = level(features[:count], features[count:], at, wanted, side)
            losses[f"stride{level.stride}"] = (loss * weight).sum()
            response = found if level is self.filters[0] else response
        total = torch.stack(list(losses.values())).mean()
        return {**losses, "loss": total, "response": torch.fft.fftshift(response, dim=(1, 2)).detach()}

    def tracker_state(self) -> dict[str, Tensor]:
        """Return the backbone's parameters under its own names, as the manifest's `micro_resnet` has them."""
        return dict(self.backbone.state_dict())
