# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""SiamFC's and CFNet's published networks (github.com/bertinetto/siamese-fc and cfnet), MatConvNet DagNN."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from tracker_ros.weights.importers.matconvnet import expect_shape, kernel, read_mat, vector
from tracker_ros.weights.loader import WeightsError

# Parameters are named PREFIX_conv1f (filters), PREFIX_conv1b (biases), PREFIX_bn1m, PREFIX_bn1b (gain
# and bias) and PREFIX_bn1x (moments); PREFIX is empty or says which branch.
_LAYER = re.compile(r"(?:.*_)?((?:conv|bn)\d)([fbmx])")
_ADJUST = re.compile(r"(?:.*_)?(adjust|adjust_bn)_?([fbmx])")
# MatConvNet keeps sqrt(variance + epsilon), PyTorch adds its epsilon itself.
_EPSILON = 1e-5
_ALEXNET = {
    "conv1": (96, 3, 11, 11),
    "conv2": (256, 48, 5, 5),
    "conv3": (384, 256, 3, 3),
    "conv4": (384, 192, 3, 3),
}


def import_siamfc(path: Path) -> dict[str, Tensor]:
    """Convert SiamFC (``2016-08-17.net.mat``) or Baseline-conv5 to the state dict of the tracker `siamfc`.

    The second (``baseline-conv5_*.mat``, 32 channels) is for the settings of preset ``cfnet_baseline``.

    Raises:
        WeightsError: when the file is missing or laid out in another way.
    """
    read = _read(path)
    channels = read["conv5.weight"].shape[0] if "conv5.weight" in read else 256
    return _complete(read, {**_ALEXNET, "conv5": (channels, 192, 3, 3)}, 4, path)


def import_cfnet(path: Path) -> dict[str, Tensor]:
    """Read `cfnet`'s state dict from ``cfnet-conv2_*.mat``, or ``cfnet-conv1_*.mat`` (depth conv1).

    Raises:
        WeightsError: when the file is missing or laid out in another way; CFNet-conv3 to conv5 are not
            supported.
    """
    read = _read(path)
    if "conv2.weight" in read:
        return _complete(read, {"conv1": (96, 3, 11, 11), "conv2": (32, 48, 5, 5)}, 2, path)
    return _complete(read, {"conv1": (32, 3, 11, 11)}, 1, path)


def _read(path: Path) -> dict[str, Tensor]:
    """Read tensors under this package's names; the output's scaling as adjust.gain and adjust.bias."""
    content = read_mat(path)
    try:
        parameters = {str(p.name): p.value for p in np.atleast_1d(content["net"].params)}
    except (KeyError, AttributeError) as error:
        raise WeightsError(
            f"{path} holds no MatConvNet DagNN network ('net' with 'params'): {error}; a network saved by"
            " SimpleNN can be turned into one with dagnn.DagNN.fromSimpleNN"
        ) from error
    layers: dict[str, Any] = {}
    adjust: dict[str, Any] = {}
    for name, value in parameters.items():
        if match := _LAYER.fullmatch(name):
            key = match[1] + match[2]
            if key in layers and not np.array_equal(layers[key], value):
                raise WeightsError(f"{path}: the branches differ in {key}; only shared ones are supported")
            layers[key] = value
        elif match := _ADJUST.fullmatch(name):
            adjust[match[1] + match[2]] = value
    return {**_layers(layers), **_adjust(adjust)}


def _layers(values: dict[str, Any]) -> dict[str, Tensor]:
    tensors = {}
    for key, value in values.items():
        layer, kind = key[:-1], key[-1]
        if kind == "x":
            moments = np.asarray(value, dtype=np.float64).reshape(-1, 2)
            tensors[f"{layer}.running_mean"] = vector(moments[:, 0])
            tensors[f"{layer}.running_var"] = vector(np.square(moments[:, 1]) - _EPSILON).clamp(min=0.0)
        else:
            name = f"{layer}.bias" if kind == "b" else f"{layer}.weight"
            tensors[name] = kernel(value) if kind == "f" else vector(value)
    return tensors


def _adjust(values: dict[str, Any]) -> dict[str, Tensor]:
    """Return the gain and bias from a 1 x 1 convolution, or from a batch normalisation (Baseline-conv5)."""
    flat = {key: np.asarray(value, dtype=np.float64).reshape(-1) for key, value in values.items()}
    if {"adjust_bnm", "adjust_bnb", "adjust_bnx"} <= flat.keys():
        mean, deviation = flat["adjust_bnx"]
        gain = flat["adjust_bnm"][0] / deviation
        bias = flat["adjust_bnb"][0] - gain * mean
    elif {"adjustf", "adjustb"} <= flat.keys():
        gain, bias = flat["adjustf"][0], flat["adjustb"][0]
    else:
        return {}
    return {"adjust.gain": torch.tensor(gain).float(), "adjust.bias": torch.tensor(bias).float()}


def _complete(
    read: dict[str, Tensor], kernels: dict[str, tuple[int, ...]], normalised: int, path: Path
) -> dict[str, Tensor]:
    """Check the layers, of which the first `normalised` have a bn, and return the tracker's state dict."""
    shapes: dict[str, tuple[int, ...]] = {"adjust.gain": (), "adjust.bias": ()}
    counters = {}
    for index, (layer, shape) in enumerate(kernels.items(), start=1):
        shapes |= {f"{layer}.weight": shape, f"{layer}.bias": shape[:1]}
        if index <= normalised:
            names = ("weight", "bias", "running_mean", "running_var")
            shapes |= {f"bn{index}.{name}": shape[:1] for name in names}
            counters[f"bn{index}.num_batches_tracked"] = torch.zeros((), dtype=torch.int64)
    expect_shape(read, shapes, path)
    if more := sorted(read.keys() - shapes.keys()):
        raise WeightsError(f"{path} has layers that this network lacks: {', '.join(more)}")
    return {
        f"model.{name}" if name.startswith("adjust.") else f"model.features.{name}": tensor.contiguous()
        for name, tensor in (read | counters).items()
    }
