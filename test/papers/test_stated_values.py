# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Numbers of the tables beside this file that stand inside a function: each by what it does."""

from __future__ import annotations

import pytest
import torch
from pretrained_helpers import drawn

from tracker_ros.networks.siamfc import SiamFCModel
from tracker_ros.networks.vggm import VggM
from tracker_ros.trackers import create
from tracker_ros.weights import load_weights


def test_vgg_m_takes_128_off_every_pixel() -> None:
    """An image of 128 is one of zeros: nothing of the first convolution counts but its biases."""
    torch.manual_seed(0)
    net = VggM(0.0625).eval()
    with torch.inference_mode():
        grey, other = (net(torch.full((1, 3, 107, 107), level)) for level in (128.0, 90.0))
        net.conv1[0].weight.zero_()
        biases = net(torch.full((1, 3, 107, 107), 90.0))
    torch.testing.assert_close(grey, biases)
    assert not torch.allclose(other, biases)


def test_siamfc_takes_pixels_as_they_are() -> None:
    """A black image shows the first convolution nothing but its biases."""
    torch.manual_seed(0)
    model = SiamFCModel(16, 8, 0.1).eval()
    with torch.inference_mode():
        black, white = (model.features(torch.full((1, 3, 127, 127), level)) for level in (0.0, 255.0))
        first = next(module for module in model.modules() if isinstance(module, torch.nn.Conv2d))
        first.weight.zero_()
        biases = model.features(torch.full((1, 3, 127, 127), 255.0))
    torch.testing.assert_close(black, biases)
    assert not torch.allclose(white, biases)


@pytest.mark.parametrize(("pixels", "cells"), [(44.0, 11), (47.0, 11), (48.0, 13), (55.9, 13), (59.0, 15)])
def test_tadt_s_template_has_odd_sides(pixels: float, cells: int) -> None:
    assert create("tadt", {}).odd(pixels) == 2 * (int(pixels / 4) // 2) + 1 == cells


def test_dslt_starts_from_a_kernel_of_zeros() -> None:
    model = create("dslt", {"backbone": "micro_resnet"}).start(torch.tensor([80.0, 60.0, 30.0, 20.0]))
    assert not model[0].any() and model[1].any() and model[2].any()


def test_dslt_learns_from_the_first_crop_and_its_mirror_image() -> None:
    """Two crops enter the network: the search region, and the same from right to left."""
    tracker = create("dslt", {"backbone": "micro_resnet", "search_size": 128})
    load_weights(tracker, "random:0")
    frame, box = drawn(160, 120)
    seen: list[torch.Tensor] = []
    extract = tracker.extract
    tracker.extract = lambda patches: (seen.append(patches), extract(patches))[1]
    with torch.inference_mode():
        fine, _, _ = tracker.views(frame, box)
    [patches] = seen
    assert len(fine) == len(patches) == 2
    torch.testing.assert_close(patches[1], patches[0].flip(2))
