# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""SiamFC (Bertinetto et al., 2016): the first frame's template, matched and never updated."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from tracker_ros.networks.siamfc import LIGHT, SiamFCModel
from tracker_ros.trackers._scale_search import SearchSettings, SiameseSearch
from tracker_ros.trackers.base import SettingsError, register, setting

EXEMPLAR = 127
# Side of the response, by stride.
CELLS = {8: 17, 4: 33}


@dataclass(frozen=True)
class SiamFCSettings(SearchSettings):
    """Defaults: the published tracker with three scales."""

    stride: int = setting(8, "pixels a cell: 8, or 4 as in CFNet's Baseline-conv5", 4, 8)
    output_channels: int = setting(256, "channels of the network's last layer", 2, 1024)
    backbone: str = setting(
        "alexnet",
        "network that extracts the features; the light one has stride 8",
        choices=("alexnet", LIGHT),
    )
    width_multiplier: float = setting(1.0, "share of the published channels of the inner layers", 0.05, 1.0)
    background_weight: float = setting(
        1.0, "weight of the exemplar outside the target; 1 as published", 0.0, 1.0
    )


@register("siamfc", SiamFCSettings)
class SiamFC(SiameseSearch):
    """SiamFC, 127 px against 255 px; and CFNet's Baseline-conv5 (stride 4, 32 channels, learning rate > 0).

    The light backbone and a `background_weight` below 1 are this package's own
    (docs/losses.md). Both must be what the weights were trained with.
    """

    def __init__(self, settings: SiamFCSettings) -> None:
        if settings.stride not in CELLS:
            raise SettingsError(f"siamfc: 'stride' must be 4 or 8, got {settings.stride}")
        if settings.backbone == LIGHT and (settings.stride, settings.width_multiplier) != (8, 1.0):
            raise SettingsError(
                f"siamfc: '{settings.backbone}' has 'stride' 8 and 'width_multiplier' 1,"
                f" got {settings.stride} and {settings.width_multiplier}"
            )
        if settings.output_channels % 2:
            raise SettingsError(f"siamfc: 'output_channels' must be even, got {settings.output_channels}")
        model = SiamFCModel(
            settings.output_channels,
            settings.stride,
            settings.width_multiplier,
            settings.backbone,
            settings.background_weight,
        )
        cells = CELLS[settings.stride] + 2 * model.trim
        super().__init__(model, settings, EXEMPLAR, settings.stride, cells)

    def learn(self, image: Tensor, size: Tensor) -> Tensor:
        """Return the template [1, C, th, tw] of a crop [1, 3, 127, 127] with a target of size [2] (w, h)."""
        return self.model.template(image, size.unsqueeze(0))
