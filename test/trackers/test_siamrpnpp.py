# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""SiamRPN++: published sizes and layers, export, and what each loss learns."""

from __future__ import annotations

import pytest
import torch
from cf_helpers import clip, greatest_difference, pairs, track, untrained
from classification_helpers import LOSSES, learn

from tracker_ros.networks.siamrpnpp import DilatedResNet50, SiamRpnPlusPlusNet
from tracker_ros.training.siamrpn import SiamRpnPlusPlusTraining


def test_all_levels_have_the_published_size() -> None:
    net = DilatedResNet50(4).eval()
    with torch.no_grad():
        for pixels, cells in ((127, 15), (255, 31)):
            shapes = [tuple(level.shape) for level in net(torch.zeros(1, 3, pixels, pixels))]
            assert shapes == [(1, channels, cells, cells) for channels in (32, 64, 128)]


def test_full_network_has_the_published_layers() -> None:
    with torch.device("meta"):
        net = SiamRpnPlusPlusNet(5)
    shapes = {n: tuple(p.shape) for n, p in net.state_dict().items()}
    assert shapes["backbone.layer2.0.downsample.0.weight"] == (512, 256, 3, 3)
    assert shapes["backbone.layer1.0.downsample.0.weight"] == (256, 64, 1, 1)
    assert shapes["backbone.layer4.0.downsample.0.weight"] == (2048, 1024, 3, 3)
    assert shapes["neck.downsample4.downsample.0.weight"] == (256, 2048, 1, 1)
    assert shapes["rpn_head.rpn4.loc.head.3.weight"] == (20, 256, 1, 1)
    assert shapes["rpn_head.cls_weight"] == (3,)
    first, last = net.backbone.layer4[0].conv2, net.backbone.layer4[2].conv2
    assert (first.dilation, last.dilation) == ((2, 2), (4, 4))
    assert net.backbone.layer2[0].conv2.padding == (0, 0)


def test_levels_are_mixed_by_softmax() -> None:
    net = SiamRpnPlusPlusNet(5, 4).eval()
    with torch.no_grad():
        kernels, levels = [torch.randn(3, 1, 16, 5, 5) for _ in range(2)], [torch.randn(1, 16, 9, 9)] * 3
        net.rpn_head.cls_weight.copy_(torch.tensor([0.0, 50.0, 0.0]))
        cls, _ = net.rpn_head(kernels[0], kernels[1], levels)
        alone, _ = net.rpn_head.rpn3(kernels[0][1], kernels[1][1], levels[1])
    torch.testing.assert_close(cls, alone)


def test_eager_equals_torchscript() -> None:
    frames, boxes = clip(3)
    tracker = untrained("siamrpnpp", bottleneck_width=4)
    assert greatest_difference(tracker, frames, boxes[0]) < 1e-3
    [estimate, _] = track(tracker, frames, boxes[0])
    assert estimate.response.shape == (25, 25) and 0 <= estimate.score <= 1


@pytest.mark.parametrize("loss", LOSSES)
def test_overfits_one_batch(loss: str) -> None:
    batch = {name: tensor[:1] for name, tensor in pairs(127, 255, 64).items()}
    torch.manual_seed(0)
    losses = learn(SiamRpnPlusPlusTraining(loss, bottleneck_width=4), batch, 8, 5e-3)
    assert losses[-1] < 0.5 * losses[0]
