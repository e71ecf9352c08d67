# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""SiamRPN++ (Li et al., 2019), and with it SiamRPN++_fl and SiamRPN++_sl, which differ in training only."""

from __future__ import annotations

from dataclasses import dataclass

from tracker_ros.networks.mobile_rpn import MobileRpnPlusPlusNet
from tracker_ros.networks.rpn import RATIOS
from tracker_ros.networks.siamrpnpp import SiamRpnPlusPlusNet
from tracker_ros.trackers._proposals import ProposalSettings, ProposalTracker
from tracker_ros.trackers.base import register, setting


@dataclass(frozen=True)
class SiamRpnPlusPlusSettings(ProposalSettings):
    """Settings of `siamrpnpp`; pysot's values for ResNet-50 on OTB."""

    search_size: int = setting(255, "side of the search crop in pixels; 8 k + 127 fits the stride", 191, 831)
    change_penalty: float = setting(
        0.24, "strength of the penalty on changes of size and aspect ratio", 0.0, 10.0
    )
    window_influence: float = setting(0.50, "weight of the cosine window that prefers small motion", 0.0, 1.0)
    scale_learning_rate: float = setting(
        0.25, "share of a measured size change that the box takes over; times score and penalty", 0.0, 1.0
    )
    bottleneck_width: int = setting(64, "channels of the first stage's bottlenecks; 64 in ResNet-50", 4, 64)
    backbone: str = setting(
        "resnet50",
        "network that extracts the features; 'mobilenet_v3' has pixelwise correlation and one width",
        choices=("resnet50", "mobilenet_v3"),
    )


@register("siamrpnpp", SiamRpnPlusPlusSettings)
class SiamRpnPlusPlus(ProposalTracker):
    """Region proposal heads on three levels of a dilated ResNet-50, mixed by learned weights."""

    def __init__(self, settings: SiamRpnPlusPlusSettings) -> None:
        if settings.backbone == "resnet50":
            net = SiamRpnPlusPlusNet(len(RATIOS), settings.bottleneck_width)
            super().__init__(settings, net, net.grid)
        else:
            light = MobileRpnPlusPlusNet(len(RATIOS))
            super().__init__(settings, light, light.grid)
