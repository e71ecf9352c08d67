# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Backbones carry torchvision's names and sizes, and compute what plain functions of them compute."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from tracker_ros.networks.backbones.base import INPUT_CONVENTIONS, Backbone
from tracker_ros.networks.backbones.factory import build_backbone

#: Convolutional parameters of the published networks: name, deepest level, count, one name with its shape.
PUBLISHED = [
    ("vgg16", ("conv5_3",), 14_714_688, "features.28.weight", (512, 512, 3, 3)),
    ("resnet18", ("layer4",), 11_176_512, "layer3.0.downsample.0.weight", (256, 128, 1, 1)),
    ("resnet50", ("layer4",), 23_508_032, "layer4.2.conv3.weight", (2048, 512, 1, 1)),
    ("alexnet", ("conv5",), 2_469_696, "features.10.weight", (256, 256, 3, 3)),
]
EXAMPLES = [
    ("vgg16", ("conv4_1", "conv4_3"), (3,), 64),
    ("resnet18", ("layer2", "layer3"), (), 64),
    ("resnet50", ("layer2", "layer3"), (), 64),
    ("alexnet", ("conv3", "conv5"), (), 127),
    ("micro_resnet", ("stride4", "stride16"), (), 64),
    ("mobilenet_v3", ("stride4", "stride8", "middle", "stride16"), (), 128),
]


def build(name: str, levels: tuple[str, ...], without: tuple[int, ...] = ()) -> Backbone:
    torch.manual_seed(0)
    return build_backbone(name, levels, without).eval()


@pytest.mark.parametrize("name, levels, count, parameter, shape", PUBLISHED)
def test_parameters_are_those_of_the_published_network(name, levels, count, parameter, shape):
    net = build(name, levels)
    assert sum(p.numel() for p in net.parameters()) == count
    assert tuple(net.state_dict()[parameter].shape) == shape


@pytest.mark.parametrize("name, levels, without, side", EXAMPLES)
def test_levels_have_the_promised_sizes_and_script_equals_eager(name, levels, without, side):
    net = build(name, levels, without)
    images = torch.rand(2, 3, side, side) * 255
    with torch.inference_mode():
        maps, scripted = net(images), torch.jit.script(net)(images)
    assert [m.shape[1] for m in maps] == net.channels
    if name != "alexnet":  # its first layers crop
        assert [m.shape[2:] for m in maps] == [(side // s, side // s) for s in net.strides]
    for eager, other in zip(maps, scripted, strict=True):
        assert name == "mobilenet_v3" or eager.min() >= 0  # its levels end in a projection
        torch.testing.assert_close(eager, other)


def test_vgg_without_pool3_is_the_plain_chain_of_convolutions():
    net = build("vgg16", ("conv3_3", "conv4_1"), (3,))
    images = torch.rand(1, 3, 32, 32) * 255
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    x = (images / 255 - mean.view(1, 3, 1, 1)) / std.view(1, 3, 1, 1)
    state = net.state_dict()
    for index in (0, 2, "pool", 5, 7, "pool", 10, 12, 14, 17):
        if index == "pool":
            x = F.max_pool2d(x, 2)
        else:
            weight, bias = state[f"features.{index}.weight"], state[f"features.{index}.bias"]
            x = F.conv2d(x, weight, bias, padding=1).relu()
    with torch.no_grad():
        torch.testing.assert_close(net(images)[1], x, rtol=1e-4, atol=1e-5)


def test_bottleneck_equals_the_formula_of_the_paper():
    block = build("resnet50", ("layer1",)).layer1[0]
    x = torch.rand(1, 64, 8, 8)

    def normal(y: Tensor, bn: torch.nn.BatchNorm2d) -> Tensor:
        return F.batch_norm(y, bn.running_mean, bn.running_var, bn.weight, bn.bias)

    with torch.no_grad():
        y = normal(F.conv2d(x, block.conv1.weight), block.bn1).relu()
        y = normal(F.conv2d(y, block.conv2.weight, padding=1), block.bn2).relu()
        y = normal(F.conv2d(y, block.conv3.weight), block.bn3)
        side = normal(F.conv2d(x, block.downsample[0].weight), block.downsample[1])
        torch.testing.assert_close(block(x), (y + side).relu())


def test_caffe_convention_swaps_the_channels_and_takes_the_mean_off():
    net = build("micro_resnet", ("stride4",))
    net.use_input("caffe")
    blue = INPUT_CONVENTIONS["caffe"].mean[0]
    prepared = net.prepare(torch.tensor([10.0, 20.0, 30.0]).view(1, 3, 1, 1))
    assert prepared.flatten()[0].item() == pytest.approx(30.0 - blue)


@pytest.mark.parametrize(
    "name, levels, without, said",
    [
        ("vgg19", ("conv1_1",), (), "unknown backbone 'vgg19'"),
        ("vgg16", ("conv4_3", "conv4_1"), (), "in this order"),
        ("resnet18", ("layer2",), (3,), "vgg16 only"),
    ],
)
def test_what_does_not_exist_is_refused(name, levels, without, said):
    with pytest.raises(ValueError, match=said):
        build_backbone(name, levels, without)
