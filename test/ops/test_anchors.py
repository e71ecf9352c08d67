# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Anchors, their coding and the correlations of region proposal trackers."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tracker_ros.networks.rpn import RATIOS, SCALE, ResponseGrid
from tracker_ros.ops.anchors import (
    anchor_grid,
    anchor_sizes,
    change_penalty,
    decode,
    encode,
    split_classes,
    split_offsets,
)
from tracker_ros.ops.counter_random import fork, normal, permutation, uniform, words
from tracker_ros.ops.xcorr import xcorr_depthwise, xcorr_up


def test_anchor_sizes_are_those_of_the_published_models() -> None:
    # Computed by hand from pysot's rule: 64 / ratio, cut to whole cells, times 8.
    expected = [[104, 32], [88, 40], [64, 64], [40, 80], [32, 96]]
    assert anchor_sizes(8, RATIOS, SCALE).tolist() == expected


def test_anchors_lie_on_the_stride_about_the_middle() -> None:
    grid = anchor_grid(8, RATIOS, SCALE, 21)
    assert grid.shape == (5, 21, 21, 4)
    assert grid[2, 10, 10].tolist() == [0, 0, 64, 64]
    assert grid[4, 0, 20].tolist() == [80, -80, 32, 96]
    assert ResponseGrid().cells(287) == 21 and ResponseGrid(extra=8).cells(255) == 25


box = st.tuples(*[st.floats(-100, 100)] * 2, *[st.floats(5, 200)] * 2)


@given(box, box)
@settings(max_examples=50, deadline=None)
def test_decoding_undoes_encoding(anchor: tuple[float, ...], target: tuple[float, ...]) -> None:
    a, b = torch.tensor(anchor), torch.tensor(target)
    torch.testing.assert_close(decode(a, encode(a, b)), b, rtol=1e-4, atol=1e-3)


def test_offsets_of_an_untrained_network_stay_finite() -> None:
    decoded = decode(torch.tensor([0.0, 0.0, 10.0, 10.0]), torch.tensor([0.0, 0.0, 1e6, -1e6]))
    # Sizes are cut at a factor of e^4 either way.
    assert decoded.tolist() == pytest.approx([0, 0, 10 * math.exp(4), 10 * math.exp(-4)], rel=1e-5)


def test_network_outputs_are_read_as_pysot_lays_them_out() -> None:
    cls = torch.zeros(1, 10, 3, 3)
    cls[0, 5 + 2, 1, 0] = 2.0  # the third anchor's target logit
    cls[0, 4, 0, 0] = 1.0  # the fifth anchor's background logit
    odds = split_classes(cls)
    assert odds[0, 2, 1, 0] == 2 and odds[0, 4, 0, 0] == -1 and odds.count_nonzero() == 2
    probability = cls.view(2, 5, 3, 3).softmax(0)[1]
    torch.testing.assert_close(odds[0].sigmoid(), probability)
    loc = torch.zeros(1, 20, 3, 3)
    loc[0, 5 * 3 + 1, 2, 1] = 1.0  # log height of the second anchor
    assert split_offsets(loc)[0, 1, 2, 1].tolist() == [0, 0, 0, 1]


def test_penalty_by_hand() -> None:
    size = torch.tensor([40.0, 20.0])
    boxes = torch.tensor([[0, 0, 40, 20], [0, 0, 80, 40], [0, 0, 20, 40]], dtype=torch.float32)
    # Same; twice as large (s = 2, r = 1); turned (r = 4, s = 1).
    expected = [1.0, math.exp(-0.5), math.exp(-0.5 * 3)]
    assert change_penalty(boxes, size, 0.5).tolist() == pytest.approx(expected, rel=1e-5)


def test_correlations_equal_loops() -> None:
    generator = torch.Generator().manual_seed(0)
    search = torch.randn(2, 3, 6, 5, generator=generator)
    kernels = torch.randn(2, 12, 2, 3, generator=generator)
    up, deep = xcorr_up(search, kernels), xcorr_depthwise(search, kernels[:, :3])
    for n in range(2):
        for i in range(5):
            for j in range(3):
                window = search[n, :, i : i + 2, j : j + 3]
                for k in range(4):
                    expected = (window * kernels[n, 3 * k : 3 * k + 3]).sum()
                    torch.testing.assert_close(up[n, k, i, j], expected, rtol=1e-4, atol=1e-5)
                torch.testing.assert_close(
                    deep[n, :, i, j], (window * kernels[n, :3]).sum((1, 2)), rtol=1e-4, atol=1e-5
                )
    assert up.shape == (2, 4, 5, 3) and deep.shape == (2, 3, 5, 3)


def test_random_numbers_depend_on_the_seed_alone() -> None:
    seed = torch.tensor(7)
    first = uniform(seed, 4000)
    torch.manual_seed(0)
    assert torch.equal(first, uniform(seed, 4000)) and torch.equal(first[:10], uniform(seed, 10))
    assert torch.equal(torch.jit.script(normal)(seed, 50), normal(seed, 50))
    assert not torch.equal(first, uniform(fork(seed, 0), 4000))
    assert sorted(permutation(seed, 100).tolist()) == list(range(100))


def test_random_numbers_have_the_right_distribution() -> None:
    for stream in range(5):
        seed = fork(torch.tensor(1), stream)
        u, n = uniform(seed, 20000), normal(seed, 20000)
        # Standard errors: 0.289 / sqrt(20000) = 0.002 and 1 / sqrt(20000) = 0.007; five of them.
        assert abs(u.mean() - 0.5) < 0.01 and abs(u.std() - 12**-0.5) < 0.01
        assert abs(n.mean()) < 0.035 and abs(n.std() - 1) < 0.025 and torch.isfinite(n).all()
        # Neighbours, and the next seed's numbers, are uncorrelated.
        others = torch.stack((u[:-1], u[1:], uniform(fork(torch.tensor(2), stream), 19999)))
        assert (torch.corrcoef(others) - torch.eye(3)).abs().max() < 0.035
        assert (torch.histc(u, 20, 0, 1) - 1000).abs().max() < 170


def test_words_are_those_of_the_published_hash() -> None:
    """Wellons' lowbias32, on Python's whole numbers."""

    def lowbias32(x: int) -> int:
        for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B)):
            x = (x ^ x >> shift) * factor % 2**32
        return x ^ x >> 16

    for seed in (0, 7, 2**40 + 3):
        start = lowbias32(seed % 2**32)
        expected = [lowbias32(lowbias32(index ^ start)) for index in range(100)]
        assert words(torch.tensor(seed), 100).tolist() == expected
        assert int(fork(torch.tensor(seed), 2)) == lowbias32((start + 3 * 0x9E3779B1) % 2**32)
