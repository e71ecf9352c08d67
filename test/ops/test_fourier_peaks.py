# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Correlation filters against the dense ridge problem they solve; peaks against closed forms."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tracker_ros.networks.cfnet import correlation_filter
from tracker_ros.ops.fourier import context_aware_filter
from tracker_ros.ops.labels import circular_gaussian, gaussian, hann
from tracker_ros.ops.peaks import apce, argmax_2d, psr, subcell_peak
from tracker_ros.training.siamfc import match_labels


def circulant(plane: np.ndarray) -> np.ndarray:
    """[h*w, h*w]: row s is the plane shifted circularly by -s, so that rows @ w correlates it with w."""
    h, w = plane.shape
    return np.stack([np.roll(plane, (-i, -j), (0, 1)).ravel() for i in range(h) for j in range(w)])


def answer(features: torch.Tensor, template: torch.Tensor) -> torch.Tensor:
    """Circular cross-correlation [h, w] of features with a template, both [C, h, w], over all channels."""
    product = torch.fft.rfft2(features) * torch.conj(torch.fft.rfft2(template))
    return torch.fft.irfft2(product.sum(0), list(features.shape[-2:]))


def test_single_channel_filter_solves_the_dense_ridge_problem():
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(1, 5, 6, generator=generator)
    z = torch.randn(1, 1, 5, 6, generator=generator)
    label, penalty = circular_gaussian(5, 6, 1.0, 1.2), 0.3
    # The layer's penalty is a share of each of its n = 5 x 6 samples.
    found = answer(z[0], correlation_filter(x.unsqueeze(0), label, penalty / 30)[0])
    shifts = circulant(x[0].double().numpy())
    wanted = label.double().numpy().ravel()
    weights = np.linalg.solve(shifts.T @ shifts + penalty * np.eye(30), shifts.T @ wanted)
    dense = circulant(z[0, 0].double().numpy()) @ weights
    np.testing.assert_allclose(found.numpy(), dense.reshape(5, 6), atol=1e-4)


def test_response_peaks_at_the_displacement():
    x = torch.randn(4, 16, 16, generator=torch.Generator().manual_seed(2))
    template = correlation_filter(x.unsqueeze(0), circular_gaussian(16, 16, 1.5, 1.5), 1e-3 / 16**2)[0]
    moved = torch.roll(x, (3, -2), (1, 2))
    response = answer(moved, template)
    torch.testing.assert_close(subcell_peak(response, True), torch.tensor([3.0, -2.0]), atol=1e-3, rtol=0)


def test_context_aware_filter_solves_its_normal_equations():
    generator = torch.Generator().manual_seed(3)
    x, around = torch.randn(1, 4, 5, generator=generator), torch.randn(3, 1, 4, 5, generator=generator)
    label = circular_gaussian(4, 5, 1.0, 1.0)
    spectrum = context_aware_filter(x, around, torch.fft.rfft2(label), 0.2, 0.7)
    found = torch.fft.irfft2(spectrum, [4, 5])[0].double().numpy()
    target = circulant(x[0].double().numpy())
    clutter = [circulant(plane[0].double().numpy()) for plane in around]
    wanted = label.double().numpy().ravel()
    normal = target.T @ target + 0.2 * np.eye(20) + 0.7 * sum(c.T @ c for c in clutter)
    weights = np.linalg.solve(normal, target.T @ wanted).reshape(4, 5)
    # A filter that multiplies spectra is the correlation weights mirrored about the origin.
    np.testing.assert_allclose(found, np.roll(weights[::-1, ::-1], (1, 1), (0, 1)), atol=1e-5)


def test_hann_window_matches_numpy_without_its_zeros():
    expected = np.outer(np.hanning(9)[1:-1], np.hanning(12)[1:-1])
    np.testing.assert_allclose(hann(7, 10).numpy(), expected, atol=1e-6)


def test_labels_have_their_peak_where_they_say():
    label = gaussian(9, 11, 2.0, 3.0, 4.0, 7.0)
    assert float(label[4, 7]) == 1.0
    assert float(label[6, 7]) == pytest.approx(np.exp(-0.5), abs=1e-6)
    assert float(label[4, 10]) == pytest.approx(np.exp(-0.5), abs=1e-6)
    wrapped = circular_gaussian(8, 7, 1.5, 1.5)
    assert float(wrapped[0, 0]) == 1.0
    assert float(wrapped[-1, 0]) == pytest.approx(float(wrapped[1, 0]))
    assert float(wrapped[0, -2]) == pytest.approx(float(wrapped[0, 2]))


def test_logistic_labels_count_the_cells_within_the_radius():
    batch = {
        "search": torch.zeros(1, 3, 17, 17),
        "search_box": torch.tensor([[8.5, 8.5, 4.0, 4.0]]),
        "positive": torch.ones(1),
    }
    label = match_labels(batch, 17, 17, 1.0, 2.0)[0]
    inside = {(i, j) for i in range(17) for j in range(17) if (i - 8) ** 2 + (j - 8) ** 2 <= 4}
    assert {tuple(p) for p in (label > 0).nonzero().tolist()} == inside
    assert set(label.unique().tolist()) == {-1.0, 1.0}


def test_parabola_is_refined_exactly():
    rows, columns = torch.meshgrid(torch.arange(9.0), torch.arange(11.0), indexing="ij")
    response = 5 - (rows - 4.3).square() - 0.5 * (columns - 6.8).square()
    torch.testing.assert_close(subcell_peak(response, False), torch.tensor([4.3, 6.8]), atol=1e-4, rtol=0)


def test_flat_map_and_border_peak_are_not_refined():
    assert subcell_peak(torch.zeros(5, 5), False).tolist() == [0.0, 0.0]
    response = torch.zeros(5, 5)
    response[0, 4] = 1.0
    assert [int(v) for v in argmax_2d(response)] == [0, 4]
    assert subcell_peak(response, True).tolist() == [0.0, -1.0]


def test_psr_follows_its_definition():
    response = torch.randn(31, 29, generator=torch.Generator().manual_seed(4))
    response[2, 27] = 20.0
    values = response.double().numpy()
    sidelobe = [
        values[i, j]
        for i in range(31)
        for j in range(29)
        if min(abs(i - 2), 31 - abs(i - 2)) > 5 or min(abs(j - 27), 29 - abs(j - 27)) > 5
    ]
    assert float(psr(response)) == pytest.approx((20.0 - np.mean(sidelobe)) / np.std(sidelobe), rel=1e-5)


def test_apce_follows_its_definition():
    response = torch.rand(6, 7, generator=torch.Generator().manual_seed(5))
    values = response.double().numpy()
    expected = (values.max() - values.min()) ** 2 / np.mean((values - values.min()) ** 2)
    assert float(apce(response)) == pytest.approx(expected, rel=1e-5)


def test_confidences_of_a_constant_map_are_finite():
    for measure in (psr, apce):
        assert torch.isfinite(measure(torch.full((9, 9), 0.5)))
