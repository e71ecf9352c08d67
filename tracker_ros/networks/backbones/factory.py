# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Building a feature extractor by name."""

from __future__ import annotations

from collections.abc import Callable

from tracker_ros.networks.backbones.alexnet import AlexNet
from tracker_ros.networks.backbones.base import Backbone
from tracker_ros.networks.backbones.efficientnet_lite0 import EfficientNetLite0
from tracker_ros.networks.backbones.micro_resnet import MicroResNet
from tracker_ros.networks.backbones.mobilenet_v2 import MobileNetV2
from tracker_ros.networks.backbones.mobilenet_v3 import MobileNetV3
from tracker_ros.networks.backbones.resnet import ResNet
from tracker_ros.networks.backbones.vgg import Vgg16

#: Networks that are built from the names of their levels alone.
_PLAIN: dict[str, Callable[[tuple[str, ...]], Backbone]] = {
    "alexnet": AlexNet,
    "efficientnet_lite0": EfficientNetLite0,
    "micro_resnet": MicroResNet,
    "mobilenet_v2": MobileNetV2,
    "mobilenet_v3": MobileNetV3,
    "resnet18": lambda levels: ResNet(18, levels),
    "resnet50": lambda levels: ResNet(50, levels),
}


def build_backbone(name: str, levels: tuple[str, ...], without_pools: tuple[int, ...] = ()) -> Backbone:
    """Build a backbone with freshly initialised parameters.

    Args:
        name: 'vgg16', 'resnet18', 'resnet50', 'alexnet', 'mobilenet_v2', 'mobilenet_v3',
            'efficientnet_lite0' or 'micro_resnet'.
        levels: what `forward` returns, named as each network's class says.
        without_pools: VGG-16's pooling layers (1 to 5) to leave out, for a smaller stride.

    Raises:
        ValueError: for an unknown name or level, or pools of a network other than VGG-16.
    """
    if without_pools and name != "vgg16":
        raise ValueError(f"pools can be left out of vgg16 only, not of {name}")
    if name == "vgg16":
        return Vgg16(levels, without_pools)
    if name not in _PLAIN:
        raise ValueError(f"unknown backbone '{name}'; known: vgg16, {', '.join(_PLAIN)}")
    return _PLAIN[name](levels)
