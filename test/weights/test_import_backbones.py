# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Backbones that ImageNet trained, in their publishers' layouts, against plain evaluations of the files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import Tensor

from tracker_ros.cli import main
from tracker_ros.networks.backbones.factory import build_backbone
from tracker_ros.networks.siamrpn import SiameseAlexNet
from tracker_ros.networks.siamrpnpp import DilatedResNet50
from tracker_ros.networks.vggm import MdNet, VggM
from tracker_ros.training.recipes import RecipeError, build, read_recipe, recipe_files
from tracker_ros.weights import WeightsError, load_weights, manifest
from tracker_ros.weights.importers.pysot import import_pysot_backbone
from tracker_ros.weights.importers.rtmdnet import import_rtmdnet, import_vggm
from tracker_ros.weights.loader import fill

LEGACY = {1: (0, 1), 2: (4, 5), 3: (8, 9), 4: (11, 12), 5: (14, 15)}
PREFIX = ("weight", "bias", "running_mean", "running_var")


def images(side: int, count: int = 1) -> Tensor:
    return torch.rand(count, 3, side, side, generator=torch.Generator().manual_seed(1)) * 255


def stirred(module: torch.nn.Module) -> torch.nn.Module:
    torch.manual_seed(0)
    for layer in module.modules():
        if isinstance(layer, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(layer.running_mean, -0.2, 0.2)
            torch.nn.init.uniform_(layer.running_var, 0.5, 1.5)
    return module.eval()


def test_pysots_alexnet_takes_bgr_in_raw_values(tmp_path: Path) -> None:
    net = stirred(SiameseAlexNet(1.0))
    state = net.state_dict()
    published = {}
    for layer, (conv, norm) in LEGACY.items():
        for name in ("weight", "bias"):
            published[f"features.{conv}.{name}"] = state[f"layer{layer}.0.{name}"]
        for name in PREFIX:
            published[f"features.{norm}.{name}"] = state[f"layer{layer}.1.{name}"]
    torch.save({**published, "classifier.6.weight": torch.zeros(9, 9)}, tmp_path / "alexnet-bn.pth")
    fresh = SiameseAlexNet(1.0).eval()
    fill(fresh, import_pysot_backbone(tmp_path / "alexnet-bn.pth"), "alexnet-bn")
    with torch.no_grad():
        torch.testing.assert_close(fresh(images(127)), net(images(127).flip(1)), rtol=1e-3, atol=1e-3)


def test_pysots_resnet_has_wide_shortcuts(tmp_path: Path) -> None:
    net = stirred(DilatedResNet50(64))
    torch.save({**net.state_dict(), "fc.weight": torch.zeros(9, 9)}, tmp_path / "resnet50.model")
    read = import_pysot_backbone(tmp_path / "resnet50.model")
    assert read["layer2.0.downsample.0.weight"].shape[-1] == 3 and "fc.weight" not in read
    fresh = DilatedResNet50(64).eval()
    fill(fresh, read, "resnet50")
    with torch.no_grad():
        for ours, theirs in zip(fresh(images(127)), net(images(127).flip(1)), strict=True):
            torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-3)


def test_torchvisions_resnet_becomes_the_dilated_one() -> None:
    """Up to the first dilated layer the two are one network, away from the border, whose padding differs."""
    published = stirred(build_backbone("resnet50", ("layer1", "layer2")))
    whole = stirred(build_backbone("resnet50", ("layer4",))).state_dict()
    whole.update(published.state_dict())
    dilated = DilatedResNet50(64).eval()
    fill(dilated, whole, "resnet50")
    crop = images(255)
    with torch.no_grad():
        x = torch.relu(dilated.bn1(dilated.conv1(crop)))
        # torchvision pads the first layer by 3: its cell i + 2 sees what cell i sees here, shifted by 1 px.
        prepared = F.pad(published.prepare(crop), [0, 1, 0, 1])[:, :, 1:, 1:]
        theirs = torch.relu(published.bn1(published.conv1(prepared)))
        torch.testing.assert_close(x[:, :, 2:100, 2:100], theirs[:, :, 3:101, 3:101], rtol=1e-3, atol=1e-4)
        y = torch.rand(1, 256, 21, 21)
        ours, other = dilated.layer2[0], published.layer2[0]
        # Without padding a 3 x 3 kernel's middle is at 2 i + 1.
        torch.testing.assert_close(
            ours.downsample(y), other.downsample(y[:, :, 1:-1, 1:-1]), rtol=1e-4, atol=1e-5
        )


def test_a_file_that_is_no_backbone_is_refused(tmp_path: Path) -> None:
    torch.save({"rpn.weight": torch.zeros(3)}, tmp_path / "x.pth")
    with pytest.raises(WeightsError, match="no backbone of pysot .* starts with rpn.weight"):
        import_pysot_backbone(tmp_path / "x.pth")
    # torchvision's AlexNet: some of its places are layers of pysot's list, with other things in them.
    sides = {
        0: (64, 3, 11, 11),
        3: (192, 64, 5, 5),
        6: (384, 192, 3, 3),
        8: (256, 384, 3, 3),
        10: (256, 256, 3, 3),
    }
    torch.save({f"features.{n}.weight": torch.zeros(side) for n, side in sides.items()}, tmp_path / "x.pth")
    with pytest.raises(WeightsError, match="no backbone of pysot"):
        import_pysot_backbone(tmp_path / "x.pth")


def test_vggm_of_matconvnet(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scipy_io = pytest.importorskip("scipy.io")
    rng = np.random.default_rng(0)
    shapes = {"conv1": (7, 7, 3, 96), "conv2": (5, 5, 96, 256), "conv3": (3, 3, 256, 512)}
    banks = {name: rng.normal(0, 0.02, shape).astype(np.float32) for name, shape in shapes.items()}
    layers = []
    for name, bank in banks.items():
        weights = np.empty(2, object)
        weights[:] = [bank, rng.normal(0, 0.1, (bank.shape[3], 1)).astype(np.float32)]
        layers += [{"name": name, "type": "conv", "weights": weights}, {"name": f"r{name}", "type": "relu"}]
    cells = np.empty(len(layers), object)
    cells[:] = layers
    scipy_io.savemat(tmp_path / "imagenet-vgg-m.mat", {"layers": cells})
    out = tmp_path / "vggm.safetensors"
    words = ["weights", "import", "--from", "vggm", str(tmp_path / "imagenet-vgg-m.mat"), "--out", str(out)]
    assert main(words) == 0
    assert "6 tensors; give this file as `initial` of a recipe" in capsys.readouterr().out
    net = VggM(1.0).eval()
    fill(net, load_file(out), "vgg-m")
    crop = images(107)
    window = (crop[0, :, 4:11, 6:13] - 128).permute(1, 2, 0).numpy()
    bias = layers[0]["weights"][1][5, 0]
    expected = (window * banks["conv1"][..., 5]).sum() + bias
    with torch.no_grad():
        found = net.conv1[0](crop - 128)[0, 5, 2, 3]
    assert float(found) == pytest.approx(float(expected), rel=1e-4)
    with pytest.raises(WeightsError, match="conv3.0.weight is missing"):
        cells = np.empty(2, object)
        cells[:] = layers[:2]
        scipy_io.savemat(tmp_path / "half.mat", {"layers": cells})
        import_vggm(tmp_path / "half.mat")


@pytest.mark.parametrize("place", ["0", "1"])
def test_rtmdnets_shared_layers(place: str, tmp_path: Path) -> None:
    net = MdNet(1.0)
    shared = {}
    for name, tensor in net.state_dict().items():
        if name.startswith("features."):
            shared[name.removeprefix("features.")] = tensor
        else:
            layer, kind = name.split(".")
            shared[f"{layer}.{place if layer == 'fc5' else '0'}.{kind}"] = tensor
    torch.save({"shared_layers": shared}, tmp_path / "rt-mdnet.pth")
    read = import_rtmdnet(tmp_path / "rt-mdnet.pth")
    assert set(read) == {f"net.{name}" for name in net.state_dict()}
    for name, tensor in net.state_dict().items():
        assert torch.equal(read[f"net.{name}"], tensor)


def test_what_only_the_user_can_import_says_how(monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setenv(manifest.VARIABLE, str(tmp_path))
    with pytest.raises(
        WeightsError, match="weights import --from vggm FILE --out .*vggm_imagenet.safetensors"
    ):
        load_weights(VggM(1.0), "vggm_imagenet")


@pytest.mark.parametrize("name", sorted(recipe_files()))
def test_no_recipe_leaves_a_frozen_part_random(name: str, monkeypatch) -> None:
    """Whatever does not learn from the first step on has weights to begin with."""
    from tracker_ros.training import recipes

    loaded = []
    monkeypatch.setattr(recipes, "load_weights", lambda module, weights: loaded.append(weights))
    recipe = read_recipe(name)
    build(recipe)
    assert loaded == list(recipe.initial.values())
    files = {weights for weights in loaded if weights.endswith(".safetensors")}  # that users import
    assert set(loaded) - files <= set(manifest.entries())


@pytest.mark.parametrize(
    "changes, said",
    [
        (
            {"arguments": {"backbone": "mobilenet_v3", "freeze": True}, "initial": {}},
            "does not learn and would",
        ),
        (
            {"freeze_epochs": {"network.locator": 2}, "initial": {"network.backbone": "siamban_mobile"}},
            "network.locator.* does not learn at first and would stay random",
        ),
    ],
)
def test_a_frozen_part_that_would_be_random_is_an_error(changes: dict, said: str) -> None:
    with pytest.raises(RecipeError, match=said):
        build(read_recipe("dcfst_mobile", changes))
