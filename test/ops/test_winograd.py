# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Winograd's convolution against torch's in double precision, and VGG-16 compiled against eager."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from tracker_ros.networks.backbones.vgg import Vgg16
from tracker_ros.ops.winograd import winograd_convolve, winograd_kernel


@pytest.mark.parametrize("shape", [(1, 3, 8, 8), (2, 5, 7, 10), (1, 2, 1, 3), (3, 4, 13, 4)])
def test_is_the_convolution_with_zero_padding(shape):
    g = torch.Generator().manual_seed(0)
    images = torch.randn(shape, generator=g, dtype=torch.double)
    weight = torch.randn(6, shape[1], 3, 3, generator=g, dtype=torch.double)
    bias = torch.randn(6, generator=g, dtype=torch.double)
    found = winograd_convolve(images, winograd_kernel(weight), bias)
    torch.testing.assert_close(found, F.conv2d(images, weight, bias, padding=1), atol=1e-12, rtol=0)


def test_rounds_little_in_single_precision():
    g = torch.Generator().manual_seed(1)
    images, weight = torch.rand(1, 256, 21, 21, generator=g), torch.randn(16, 256, 3, 3, generator=g) / 48
    exact = F.conv2d(images.double(), weight.double(), padding=1)
    found = winograd_convolve(images, winograd_kernel(weight), torch.zeros(16))
    assert float((found - exact).abs().max()) < 3e-5 * float(exact.abs().max())


def test_compiled_vgg_gives_the_features_of_the_eager_one():
    network = Vgg16(("conv2_2", "conv4_1"), (3,)).eval()
    frozen = torch.jit.freeze(torch.jit.script(network))
    assert frozen.code.count("torch.bmm") == 5 and frozen.code.count("torch.conv2d") == 3
    images = torch.rand(1, 3, 46, 38, generator=torch.Generator().manual_seed(2)) * 255
    with torch.inference_mode():
        for one, other in zip(network(images), frozen(images), strict=True):
            torch.testing.assert_close(other, one, atol=1e-4 * float(one.max()), rtol=0)
