# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Convolutions with their batch normalisation folded in against torch's two layers in double precision."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tracker_ros.networks.backbones.micro_resnet import NormalizedConv
from tracker_ros.networks.cfnet import Conv1Features
from tracker_ros.networks.folding import FoldingNorm
from tracker_ros.networks.siamfc import SiamFCFeatures


def unsettled(module: nn.Module) -> nn.Module:
    """The module in double precision with parameters and statistics that no normalisation starts with."""
    generator = torch.Generator().manual_seed(0)
    for tensor in (*module.parameters(), *module.buffers()):
        if tensor.is_floating_point():
            tensor.data = torch.rand(tensor.shape, generator=generator) * 0.5 + 0.1
    return module.double().eval()


def plain(norm: nn.BatchNorm2d, x: Tensor) -> Tensor:
    return F.batch_norm(x, norm.running_mean, norm.running_var, norm.weight, norm.bias, eps=norm.eps)


@pytest.mark.parametrize("bias", [True, False])
def test_a_folded_norm_is_the_norm_of_the_convolution(bias: bool) -> None:
    layer, norm = unsettled(nn.Conv2d(4, 6, 3, 2, 1, groups=2, bias=bias)), unsettled(FoldingNorm(6))
    x = torch.rand(2, 4, 9, 8, dtype=torch.double)
    found = norm.convolve(x, layer.weight, layer.bias, 2, 1, 2)
    torch.testing.assert_close(found, plain(norm, layer(x)))


def test_in_training_the_statistics_are_the_batch_s_and_are_remembered() -> None:
    layer, norm, twin = nn.Conv2d(3, 5, 3), FoldingNorm(5), nn.BatchNorm2d(5)
    x = torch.rand(2, 3, 8, 8)
    torch.testing.assert_close(norm.convolve(x, layer.weight, layer.bias), twin(layer(x)))
    torch.testing.assert_close(norm.running_mean, twin.running_mean)


def test_the_networks_convolve_as_their_layers_say() -> None:
    x = torch.rand(1, 3, 99, 91, dtype=torch.double) * 255
    tiny = unsettled(NormalizedConv(3, 8, 2))
    torch.testing.assert_close(tiny(x), plain(tiny[1], tiny[0](x)))
    net = unsettled(Conv1Features())
    torch.testing.assert_close(net(x)[0], plain(net.bn1, net.conv1(x)).relu())
    net = unsettled(SiamFCFeatures(8, width=0.1, padding=2))
    y = F.max_pool2d(plain(net.bn1, net.conv1(x)).relu(), 3, 2)
    y = F.max_pool2d(plain(net.bn2, net.conv2(y)).relu(), 3, 2)
    y = plain(net.bn4, net.conv4(plain(net.bn3, net.conv3(y)).relu())).relu()
    torch.testing.assert_close(net(x), net.conv5(y))
