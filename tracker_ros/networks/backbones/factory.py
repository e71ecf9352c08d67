# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Building a feature extractor by name."""

from __future__ import annotations

from tracker_ros.networks.backbones.alexnet import AlexNet
from tracker_ros.networks.backbones.base import Backbone
from tracker_ros.networks.backbones.micro_resnet import MicroResNet
from tracker_ros.networks.backbones.resnet import ResNet
from tracker_ros.networks.backbones.vgg import Vgg16


def build_backbone(name: str, levels: tuple[str, ...], without_pools: tuple[int, ...] = ()) -> Backbone:
    """A backbone by name with freshly initialised parameters.

    Args:
        name: 'vgg16', 'resnet18', 'resnet50', 'alexnet' or 'micro_resnet'.
        levels: what `forward` returns, named as each network's class says.
        without_pools: VGG-16's pooling layers (1 to 5) to leave out, for a smaller stride.

    Raises:
        ValueError: for an unknown name or level, or pools of a network other than VGG-16.
    """

    if without_pools and name != "vgg16":
        raise ValueError(f"pools can be left out of vgg16 only, not of {name}")
    if name == "vgg16":
        return Vgg16(levels, without_pools)
    if name in ("resnet18", "resnet50"):
        return ResNet(int(name[6:]), levels)
    if name == "alexnet":
        return AlexNet(levels)
    if name == "micro_resnet":
        return MicroResNet(levels)
    raise ValueError(f"unknown backbone '{name}'; known: vgg16, resnet18, resnet50, alexnet, micro_resnet")
