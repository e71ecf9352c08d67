# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""DCFNet's published parameters (github.com/foolwood/DCFNet and DCFNet_pytorch)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from torch import Tensor

from tracker_ros.weights.importers.matconvnet import expect_shape, kernel, read_mat, vector
from tracker_ros.weights.loader import WeightsError, read_state_dict

SHAPES: dict[str, tuple[int, ...]] = {
    "conv1.weight": (32, 3, 3, 3),
    "conv1.bias": (32,),
    "conv2.weight": (32, 32, 3, 3),
    "conv2.bias": (32,),
}


def import_dcfnet(path: Path) -> dict[str, Tensor]:
    """Convert to the state dict of `networks.dcfnet.DCFNetFeatures`, names prefixed with ``features.``.

    Reads three published forms: ``param.pth`` (PyTorch; trained on BGR images, so the first layer's
    input channels are turned round here), ``net_param.mat`` (plain arrays) and the MatConvNet network
    ``DCFNet-net-*.mat``. The two .mat files hold the same parameters, ``param.pth`` others.

    Raises:
        WeightsError: when the file is missing or laid out in another way.
    """
    if path.suffix.lower() == ".mat":
        content = read_mat(path)
        tensors = _from_network(content["net"], path) if "net" in content else _from_arrays(content)
    else:
        tensors = {
            name.replace("feature.0.", "conv1.").replace("feature.2.", "conv2."): tensor.float()
            for name, tensor in read_state_dict(path).items()
        }
    expect_shape(tensors, SHAPES, path)
    if path.suffix.lower() != ".mat":
        tensors["conv1.weight"] = tensors["conv1.weight"].flip(1)
    return {f"features.{name}": tensors[name].contiguous() for name in SHAPES}


def _from_arrays(content: dict[str, Any]) -> dict[str, Tensor]:
    read = {"w": ("weight", kernel), "b": ("bias", vector)}
    return {
        f"{layer}.{read[kind][0]}": read[kind][1](content[f"{layer}_{kind}"])
        for layer in ("conv1", "conv2")
        for kind in read
        if f"{layer}_{kind}" in content
    }


def _from_network(network: Any, path: Path) -> dict[str, Tensor]:
    tensors = {}
    try:
        for layer in network.layers:
            if layer.type == "conv":
                tensors[f"{layer.name}.weight"] = kernel(layer.weights[0])
                tensors[f"{layer.name}.bias"] = vector(layer.weights[1])
    except (AttributeError, TypeError, IndexError) as error:
        raise WeightsError(f"{path}: 'net' is not a MatConvNet SimpleNN network: {error}") from error
    return tensors
