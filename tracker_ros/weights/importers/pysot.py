# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""pysot's published SiamRPN and SiamRPN++ models (github.com/STVIR/pysot, model zoo)."""

from __future__ import annotations

import re
from pathlib import Path

import torch
from torch import Tensor

from tracker_ros.weights.loader import WeightsError, read_state_dict

#: Place of each layer in the flat list of the older AlexNet files.
_LEGACY = {
    0: "1.0",
    1: "1.1",
    4: "2.0",
    5: "2.1",
    8: "3.0",
    9: "3.1",
    11: "4.0",
    12: "4.1",
    14: "5.0",
    15: "5.1",
}


def import_pysot(path: Path) -> dict[str, Tensor]:
    """Convert to the state dict of the trackers `siamrpn` (correlation 'depthwise' or 'up') or `siamrpnpp`.

    Names gain the prefix ``net.``; older AlexNet files with ``backbone.features.N`` are renamed. pysot
    feeds BGR images, so the first layer's input channels are turned round. Counters of batch
    normalisation that old files lack are added.

    Raises:
        WeightsError: when the file is missing, is not of these models, or predicts masks.
    """
    tensors = {_modern(name): tensor for name, tensor in read_state_dict(path).items()}
    if any(name.startswith(("mask_head.", "refine_head.")) for name in tensors):
        raise WeightsError(f"{path} is a SiamMask model; only its box trackers' siblings are supported")
    first = "backbone.conv1.weight" if "backbone.conv1.weight" in tensors else "backbone.layer1.0.weight"
    if first not in tensors or not any(name.startswith("rpn_head.") for name in tensors):
        raise WeightsError(
            f"{path} is no pysot model with a backbone and an rpn_head; it starts with"
            f" {', '.join(list(tensors)[:3])}"
        )
    if tensors[first].shape[1] != 3:
        raise WeightsError(f"{path}: {first} takes {tensors[first].shape[1]} channels, expected 3 (BGR)")
    tensors[first] = tensors[first].flip(1)
    for name in [n for n in tensors if n.endswith(".running_mean")]:
        counter = name.removesuffix("running_mean") + "num_batches_tracked"
        tensors.setdefault(counter, torch.zeros([], dtype=torch.int64))
    return {f"net.{name}": tensor.contiguous() for name, tensor in tensors.items()}


def import_pysot_backbone(path: Path) -> dict[str, Tensor]:
    """Convert pysot's ImageNet backbones to the state dict of `SiameseAlexNet` or `DilatedResNet50`.

    ``alexnet-bn.pth`` lists its layers as ``features.N``; ``resnet50.model`` has 3 x 3 shortcuts. Both take
    BGR images in 0-255, so the first layer's input channels are turned round. The classifier is left out.

    Raises:
        WeightsError: when the file is missing or holds neither.
    """
    read = {
        _modern(f"backbone.{name}").removeprefix("backbone."): t for name, t in read_state_dict(path).items()
    }
    tensors = {n: t for n, t in read.items() if n.startswith(("conv1.", "bn1.", "layer"))}
    first = next((n for n in ("conv1.weight", "layer1.0.weight") if n in tensors), "")
    # torchvision's AlexNet has a list of features too, with other places in it.
    other = any(name.startswith("features.") for name in read)
    if other or not first or tensors[first].dim() != 4 or tensors[first].shape[1] != 3:
        raise WeightsError(
            f"{path} is no backbone of pysot (alexnet-bn.pth or resnet50.model); it starts with"
            f" {', '.join(list(read)[:3])}"
        )
    tensors[first] = tensors[first].flip(1)
    for name in [n for n in tensors if n.endswith(".running_mean")]:
        counter = name.removesuffix("running_mean") + "num_batches_tracked"
        tensors.setdefault(counter, torch.zeros([], dtype=torch.int64))
    return {name: tensor.contiguous() for name, tensor in tensors.items()}


def _modern(name: str) -> str:
    match = re.fullmatch(r"backbone\.features\.(\d+)\.(\w+)", name)
    if match is None or int(match[1]) not in _LEGACY:
        return name
    return f"backbone.layer{_LEGACY[int(match[1])]}.{match[2]}"
