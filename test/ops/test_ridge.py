# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The ridge solver against NumPy, against its other form and against finite differences."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tracker_ros.ops.ridge import ridge, ridge_dual, ridge_primal


def problem(samples: int, dimensions: int) -> tuple[torch.Tensor, torch.Tensor]:
    g = torch.Generator().manual_seed(samples)
    return (
        torch.randn(samples, dimensions, generator=g, dtype=torch.double),
        torch.rand(samples, generator=g, dtype=torch.double),
    )


@pytest.mark.parametrize("samples, dimensions", [(40, 12), (12, 40), (7, 7)])
def test_solution_is_that_of_least_squares(samples, dimensions):
    data, labels = problem(samples, dimensions)
    stacked = np.vstack([data.numpy(), np.sqrt(0.1) * np.eye(dimensions)])
    expected = np.linalg.lstsq(stacked, np.concatenate([labels.numpy(), np.zeros(dimensions)]), rcond=None)[0]
    np.testing.assert_allclose(ridge(data, labels, 0.1).numpy(), expected, atol=1e-9)


def test_woodbury_agrees_at_the_size_of_the_paper():
    data, labels = problem(961, 1024)
    direct, dual = ridge_primal(data, labels, 0.1), ridge_dual(data, labels, 0.1)
    assert (direct - dual).abs().max() < 1e-5


def test_no_samples_of_a_kind_are_needed_for_a_solution():
    data = torch.zeros(5, 3)
    assert torch.equal(ridge(data, torch.ones(5), 0.1), torch.zeros(3))


@pytest.mark.parametrize("samples, dimensions", [(6, 3), (3, 6)])
def test_differentiable_by_data_and_labels(samples, dimensions):
    data, labels = problem(samples, dimensions)
    data.requires_grad_()
    labels.requires_grad_()
    assert torch.autograd.gradcheck(lambda x, y: ridge(x, y, 0.1), (data, labels))


def test_a_batch_is_solved_one_by_one():
    data, labels = torch.randn(3, 5, 8), torch.randn(3, 5)
    together = ridge(data, labels, 0.3)
    for i in range(3):
        torch.testing.assert_close(together[i], ridge(data[i], labels[i], 0.3))
