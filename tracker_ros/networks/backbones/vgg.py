# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""VGG-16 (Simonyan and Zisserman, 2015), configuration D, under torchvision's parameter names."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tracker_ros.networks.backbones.base import SequentialBackbone, check_levels
from tracker_ros.ops.winograd import winograd_convolve, winograd_kernel

_BLOCKS = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))
#: From so many input channels on, Winograd's transforms cost less than the products they save.
_MANY = 128


class Conv3x3(nn.Conv2d):
    """A 3 x 3 convolution, padded by 1; compiled for a CPU it takes Winograd's way.

    Freezing folds the transform of the kernel. CUDA's own convolution does the same by itself.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs, 3, padding=1)
        self.many = inputs >= _MANY

    def forward(self, images: Tensor) -> Tensor:
        """Return [N, inputs, H, W] to [N, outputs, H, W]."""
        bias = self.bias
        if torch.jit.is_scripting() and self.many and not self.weight.is_cuda and bias is not None:
            return winograd_convolve(images, winograd_kernel(self.weight), bias)
        return F.conv2d(images, self.weight, bias, padding=1)


class Pool2x2(nn.Module):
    """The maxima of 2 x 2 cells; compiled for a CPU by comparing slices, ten times as fast as torch's."""

    def forward(self, images: Tensor) -> Tensor:
        """Return [N, C, H, W] to [N, C, H // 2, W // 2]."""
        if torch.jit.is_scripting() and not images.is_cuda:
            height, width = images.shape[2] // 2 * 2, images.shape[3] // 2 * 2
            rows = torch.maximum(images[:, :, 0:height:2], images[:, :, 1:height:2])
            return torch.maximum(rows[:, :, :, 0:width:2], rows[:, :, :, 1:width:2])
        return F.max_pool2d(images, 2)


class Vgg16(SequentialBackbone):
    """The convolutions of VGG-16; levels 'conv1_1' to 'conv5_3', each after its ReLU.

    Args:
        levels: what to return, shallow first; layers after the last one are not built.
        without_pools: pooling layers (1 to 5) to leave out; every one left out halves the stride of
            what follows, at the price of a receptive field half as large.
    """

    def __init__(self, levels: tuple[str, ...], without_pools: tuple[int, ...] = ()) -> None:
        layers: list[nn.Module] = []
        found: dict[str, tuple[int, int, int]] = {}
        inputs, stride = 3, 1
        for block, (width, count) in enumerate(_BLOCKS, start=1):
            for number in range(1, count + 1):
                layers += [Conv3x3(inputs, width), nn.ReLU(inplace=True)]
                found[f"conv{block}_{number}"] = (len(layers) - 1, stride, width)
                inputs = width
            # A pool left out still counts in the numbering of torchvision's names.
            layers.append(nn.Identity() if block in without_pools else Pool2x2())
            stride *= 1 if block in without_pools else 2
        check_levels("vgg16", levels, list(found))
        chosen = [found[name] for name in levels]
        taken, strides, channels = (list(column) for column in zip(*chosen, strict=True))
        super().__init__(layers, taken, strides, channels)
