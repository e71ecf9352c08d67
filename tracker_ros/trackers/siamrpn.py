# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""SiamRPN (Li et al., 2018), and with it SiamRPN_fl and SiamRPN_sl, which differ in training only."""

from __future__ import annotations

from dataclasses import dataclass

from tracker_ros.networks.mobile_rpn import MobileRpnNet
from tracker_ros.networks.rpn import RATIOS
from tracker_ros.networks.siamrpn import SiamRpnNet
from tracker_ros.trackers._proposals import ProposalSettings, ProposalTracker
from tracker_ros.trackers.base import register, setting


@dataclass(frozen=True)
class SiamRpnSettings(ProposalSettings):
    """Settings of `siamrpn`."""

    correlation: str = setting(
        "up",
        "correlation of template and search features: 'up' (up-channel, the paper's), 'depthwise' (pysot's)",
        choices=("up", "depthwise"),
    )
    width_multiplier: float = setting(1.0, "share of the published channels of the inner layers", 0.05, 4.0)
    backbone: str = setting(
        "alexnet",
        "network that extracts the features; 'mobilenet_v3' has pixelwise correlation and one width",
        choices=("alexnet", "mobilenet_v3"),
    )


@register("siamrpn", SiamRpnSettings)
class SiamRpn(ProposalTracker):
    """A region proposal network on AlexNet features, five anchors a cell."""

    def __init__(self, settings: SiamRpnSettings) -> None:
        if settings.backbone == "alexnet":
            net = SiamRpnNet(len(RATIOS), settings.correlation, settings.width_multiplier)
            super().__init__(settings, net, net.grid)
        else:
            light = MobileRpnNet(len(RATIOS))
            super().__init__(settings, light, light.grid)
