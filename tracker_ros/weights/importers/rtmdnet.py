# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""VGG-M as MatConvNet published it, and RT-MDNet's trained layers (github.com/IlchaeJung/RT-MDNet)."""

from __future__ import annotations

import re
from pathlib import Path

import torch
from torch import Tensor

from tracker_ros.weights.importers.matconvnet import expect_shape, kernel, read_mat, vector
from tracker_ros.weights.loader import WeightsError, read_state_dict

_CONVOLUTIONS: dict[str, tuple[int, ...]] = {
    "conv1.0.weight": (96, 3, 7, 7),
    "conv1.0.bias": (96,),
    "conv2.0.weight": (256, 96, 5, 5),
    "conv2.0.bias": (256,),
    "conv3.0.weight": (512, 256, 3, 3),
    "conv3.0.bias": (512,),
}
_LINEAR: dict[str, tuple[int, ...]] = {
    "fc4.weight": (512, 4608),
    "fc4.bias": (512,),
    "fc5.weight": (512, 512),
    "fc5.bias": (512,),
}
#: A linear layer's place in its group depends on whether a dropout stands before it.
_GROUPED = re.compile(r"(fc[45])\.\d\.(weight|bias)")


def import_vggm(path: Path) -> dict[str, Tensor]:
    """Convert ``imagenet-vgg-m.mat`` to the state dict of `networks.vggm.VggM`: three convolutions.

    Raises:
        WeightsError: when the file is missing or holds another network.
    """
    tensors: dict[str, Tensor] = {}
    try:
        for layer in read_mat(path)["layers"]:
            if layer.type == "conv" and layer.name in ("conv1", "conv2", "conv3"):
                tensors[f"{layer.name}.0.weight"] = kernel(layer.weights[0])
                tensors[f"{layer.name}.0.bias"] = vector(layer.weights[1])
    except (AttributeError, KeyError, TypeError, IndexError) as error:
        raise WeightsError(f"{path} holds no MatConvNet SimpleNN network ('layers'): {error}") from error
    expect_shape(tensors, _CONVOLUTIONS, path)
    return tensors


def import_rtmdnet(path: Path) -> dict[str, Tensor]:
    """Convert to the state dict of the tracker `rtmdnet` from ``rt-mdnet.pth``, names prefixed with ``net.``.

    The published training keeps what videos share under 'shared_layers'; the branches are left out.

    Raises:
        WeightsError: when the file is missing or laid out in another way.
    """
    read = {_GROUPED.sub(r"\1.\2", name): t for name, t in read_state_dict(path, "shared_layers").items()}
    wanted = {**_CONVOLUTIONS, **_LINEAR}
    expect_shape(read, wanted, path)
    named = {f"features.{n}" if n.startswith("conv") else n: read[n] for n in wanted}
    return {f"net.{name}": tensor.to(torch.float32).contiguous() for name, tensor in named.items()}
