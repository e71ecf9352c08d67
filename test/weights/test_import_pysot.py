# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Import of pysot's files: a file of their layout with seeded numbers, against a plain evaluation."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from tracker_ros.trackers import create
from tracker_ros.weights import WeightsError
from tracker_ros.weights.importers.pysot import import_pysot
from tracker_ros.weights.loader import fill

# (layer, inputs, outputs, kernel) of pysot's AlexNet, a quarter as wide.
ALEXNET = [(1, 3, 24, 11), (2, 24, 64, 5), (3, 64, 96, 3), (4, 96, 96, 3), (5, 96, 64, 3)]
LEGACY = {1: (0, 1), 2: (4, 5), 3: (8, 9), 4: (11, 12), 5: (14, 15)}


def norm(tensors: dict[str, Tensor], name: str, channels: int, g: torch.Generator) -> None:
    for key, low in (("weight", 0.5), ("bias", -0.1), ("running_mean", -0.1), ("running_var", 0.5)):
        tensors[f"{name}.{key}"] = low + torch.rand(channels, generator=g) * (1.0 if low > 0 else 0.2)


def published(legacy: bool) -> dict[str, Tensor]:
    """siamrpn_alex_dwxcorr's names and layout, written out; without batch counters, as old files are."""
    g = torch.Generator().manual_seed(0)
    tensors: dict[str, Tensor] = {}
    for layer, inputs, outputs, size in ALEXNET:
        conv, batch = LEGACY[layer] if legacy else (0, 1)
        stem = "backbone.features" if legacy else f"backbone.layer{layer}"
        scale = (2 / (inputs * size * size)) ** 0.5 * (0.02 if layer == 1 else 1)
        weight = torch.randn(outputs, inputs, size, size, generator=g)
        tensors[f"{stem}.{conv}.weight"] = weight * scale
        tensors[f"{stem}.{conv}.bias"] = torch.randn(outputs, generator=g) * 0.1
        norm(tensors, f"{stem}.{batch}", outputs, g)
    for branch, outputs in (("cls", 10), ("loc", 20)):
        for part in ("conv_kernel", "conv_search"):
            tensors[f"rpn_head.{branch}.{part}.0.weight"] = torch.randn(64, 64, 3, 3, generator=g) / 24
            norm(tensors, f"rpn_head.{branch}.{part}.1", 64, g)
        tensors[f"rpn_head.{branch}.head.0.weight"] = torch.randn(64, 64, 1, 1, generator=g) / 30
        norm(tensors, f"rpn_head.{branch}.head.1", 64, g)
        tensors[f"rpn_head.{branch}.head.3.weight"] = torch.randn(outputs, 64, 1, 1, generator=g) / 8
        tensors[f"rpn_head.{branch}.head.3.bias"] = torch.randn(outputs, generator=g)
    return tensors


def plain(t: dict[str, Tensor], exemplar: Tensor, search: Tensor) -> list[Tensor]:
    """pysot's network as functions, on BGR crops."""

    def bn(x: Tensor, name: str) -> Tensor:
        keys = ("running_mean", "running_var", "weight", "bias")
        return F.batch_norm(x, *(t[f"{name}.{key}"] for key in keys))

    def backbone(x: Tensor) -> Tensor:
        for layer, *_ in ALEXNET:
            name = f"backbone.layer{layer}"
            x = F.conv2d(x, t[f"{name}.0.weight"], t[f"{name}.0.bias"], stride=2 if layer == 1 else 1)
            x = bn(x, f"{name}.1")
            x = F.max_pool2d(x, 3, 2) if layer < 3 else x
            x = x.relu() if layer < 5 else x
        return x

    z, x, answers = backbone(exemplar), backbone(search), []
    for branch in ("cls", "loc"):
        name = f"rpn_head.{branch}"
        kernel, features = (
            bn(F.conv2d(f, t[f"{name}.{part}.0.weight"]), f"{name}.{part}.1").relu()
            for part, f in (("conv_kernel", z), ("conv_search", x))
        )
        y = F.conv2d(features, kernel.transpose(0, 1), groups=64)
        y = bn(F.conv2d(y, t[f"{name}.head.0.weight"]), f"{name}.head.1").relu()
        answers.append(F.conv2d(y, t[f"{name}.head.3.weight"], t[f"{name}.head.3.bias"]))
    return answers


@pytest.mark.parametrize("legacy", [False, True])
def test_an_imported_file_computes_what_pysot_would(tmp_path: Path, legacy: bool) -> None:
    path = tmp_path / "model.pth"
    torch.save({"state_dict": {f"module.{name}": tensor for name, tensor in published(legacy).items()}}, path)
    tracker = create("siamrpn", {"correlation": "depthwise", "width_multiplier": 0.25, "search_size": 191})
    fill(tracker, import_pysot(path), str(path))
    g = torch.Generator().manual_seed(1)
    exemplar, search = (torch.rand(1, 3, side, side, generator=g) * 255 for side in (127, 191))
    with torch.no_grad():
        ours = tracker.net(*tracker.net.template(exemplar), search)
        expected = plain(published(False), exemplar.flip(1), search.flip(1))
    for a, b in zip(ours, expected, strict=True):
        assert a.std() > 0.1
        torch.testing.assert_close(a, b, rtol=1e-3, atol=1e-4)


def test_a_resnet_file_fits(tmp_path: Path) -> None:
    tracker = create("siamrpnpp", {"bottleneck_width": 4})
    tensors = {name.removeprefix("net."): tensor.clone() for name, tensor in tracker.state_dict().items()}
    old = {name: tensor for name, tensor in tensors.items() if not name.endswith("num_batches_tracked")}
    torch.save(old, tmp_path / "r50.pth")
    imported = import_pysot(tmp_path / "r50.pth")
    fill(tracker, imported, "r50.pth")
    assert torch.equal(imported["net.backbone.conv1.weight"], tensors["backbone.conv1.weight"].flip(1))


def test_other_files_are_explained(tmp_path: Path) -> None:
    torch.save({"features.0.weight": torch.zeros(1, 3, 2, 2)}, tmp_path / "other.pth")
    with pytest.raises(WeightsError, match="no pysot model.*features.0.weight"):
        import_pysot(tmp_path / "other.pth")
    torch.save({**published(False), "mask_head.x": torch.zeros(1)}, tmp_path / "mask.pth")
    with pytest.raises(WeightsError, match="SiamMask"):
        import_pysot(tmp_path / "mask.pth")
    with pytest.raises(WeightsError, match="does not exist"):
        import_pysot(tmp_path / "absent.pth")
