# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""DSLT: its gradients against autograd, Adam against PyTorch's, and tracking on drawn frames."""

from __future__ import annotations

import pytest
import torch
from pretrained_helpers import drawn
from torch import Tensor

from tracker_ros.losses.shrinkage import KINDS, RegressionLoss, regression_loss
from tracker_ros.networks.backbones.factory import build_backbone
from tracker_ros.ops.convolution import convolve
from tracker_ros.ops.labels import gaussian
from tracker_ros.trackers import SettingsError, Tracker, create
from tracker_ros.trackers._regression import descend, first_frame_step, join, online_gradient
from tracker_ros.trackers.dslt import _LEVELS
from tracker_ros.weights import load_weights

TINY = {"backbone": "micro_resnet", "search_size": 128, "reduced_channels": 16, "initial_iterations": 30}


def tiny(**settings) -> Tracker:
    tracker = create("dslt", {**TINY, **settings})
    load_weights(tracker, "random:0")
    return tracker.eval()


def problem() -> tuple[list[Tensor], list[Tensor], Tensor, list[Tensor]]:
    g = torch.Generator().manual_seed(0)
    fine = [torch.rand(3, 9, 9, generator=g, dtype=torch.double) for _ in range(2)]
    coarse = [torch.rand(5, 9, 9, generator=g, dtype=torch.double) for _ in range(2)]
    shapes = ((8, 3, 5), (4, 3), (4, 5))
    model = [torch.randn(shape, generator=g, dtype=torch.double) * 0.1 for shape in shapes]
    return fine, coarse, gaussian(9, 9, 1.0, 1.0, 4.0, 4.0).double(), model


def test_response_is_that_of_two_branches():
    fine, coarse, _, model = problem()
    a = torch.einsum("dc,chw->dhw", model[1], fine[0])
    b = torch.einsum("dc,chw->dhw", model[2], coarse[0])
    expected = convolve(0.7 * a + 0.3 * b, model[0][:4]) + convolve(b, model[0][4:])
    torch.testing.assert_close(convolve(join(fine[0], coarse[0], model, 0.3), model[0]), expected)


@pytest.mark.parametrize("kind", KINDS)
def test_first_frame_gradients_are_those_of_autograd(kind):
    loss = RegressionLoss(kind)
    fine, coarse, label, model = problem()
    wanted = [tensor.clone().requires_grad_() for tensor in model]
    total = sum(
        regression_loss(loss, convolve(join(f, c, wanted, 0.2), wanted[0]), label).sum() / 2
        for f, c in zip(fine, coarse, strict=True)
    )
    total.backward()
    found, gradients = first_frame_step(fine, coarse, label, model, 0.2, loss)
    torch.testing.assert_close(found.double(), total.detach())
    for gradient, tensor in zip(gradients, wanted, strict=True):
        torch.testing.assert_close(gradient, tensor.grad)


def test_online_gradient_is_that_of_autograd():
    fine, coarse, label, model = problem()
    joined = torch.stack([join(f, c, model, 0.2) for f, c in zip(fine, coarse, strict=True)])
    labels = torch.stack([label, label.roll(2, 0)])
    kernel = model[0].clone().requires_grad_()
    sum(
        regression_loss(RegressionLoss(), convolve(j, kernel), y).sum() / 2
        for j, y in zip(joined, labels, strict=True)
    ).backward()
    torch.testing.assert_close(online_gradient(joined, labels, model[0], RegressionLoss()), kernel.grad)


def test_descent_is_adam():
    g = torch.Generator().manual_seed(1)
    start = torch.randn(6, generator=g)
    reference = start.clone().requires_grad_()
    optimizer = torch.optim.Adam([reference], lr=0.01)
    model, means, squares = [start], [torch.zeros(6)], [torch.zeros(6)]
    for step in range(1, 6):
        gradient = torch.randn(6, generator=g)
        descend(model, [gradient], means, squares, step, [0.01], 0.0)
        reference.grad = gradient.clone()
        optimizer.step()
    torch.testing.assert_close(model[0], reference.detach())


def test_decay_is_the_derivative_of_the_penalty():
    once, other = [torch.tensor([2.0])], [torch.tensor([2.0])]
    for model, gradient, decay in ((once, 0.0, 0.5), (other, 2.0, 0.0)):
        descend(model, [torch.tensor([gradient])], [torch.zeros(1)], [torch.zeros(1)], 1, [0.1], decay)
    assert torch.equal(once[0], other[0])


@pytest.mark.parametrize("kind", KINDS)
def test_first_frame_is_learned(kind):
    tracker = tiny(loss=kind, initial_iterations=60)
    frame, box = drawn(120, 100)
    with torch.inference_mode():
        estimate = tracker.localize(frame, tracker.initialize(frame, box))
    assert estimate.score > 0.3
    assert (estimate.box[:2] - box[:2]).norm() < 3


@pytest.mark.parametrize("memory", [3, 7])
def test_follows_a_moving_target_and_remembers_the_last_frames(memory):
    tracker = tiny(sample_memory=memory)
    frame, box = drawn(120, 100)
    with torch.inference_mode():
        state = tracker.initialize(frame, box)
        for step in range(1, 6):
            frame, truth = drawn(120 + 4 * step, 100 - 3 * step)
            estimate = tracker.localize(frame, state)
            state = tracker.update(frame, state, estimate)
            assert (estimate.box[:2] - truth[:2]).norm() < 8
            assert state["labels"].shape[0] == min(step + 1, memory)
    assert estimate.score > 0.4


def test_learning_online_raises_the_response_to_what_was_seen():
    tracker = tiny(update_iterations=8)
    frame, box = drawn(120, 100)
    later, _ = drawn(126, 104, 34, 30)
    with torch.inference_mode():
        state = tracker.initialize(frame, box)
        estimate = tracker.localize(later, state)
        after = tracker.update(later, state, estimate)
        label = after["labels"][-1]
        errors = [(convolve(after["joined"][-1], s["kernel"]) - label).square().sum() for s in (state, after)]
    assert errors[1] < errors[0]


def test_script_equals_eager():
    tracker = tiny(initial_iterations=10)
    scripted = torch.jit.script(tracker)
    frame, box = drawn(120, 100)
    later, _ = drawn(125, 97)
    with torch.inference_mode():
        found = []
        for version in (tracker, scripted):
            state = version.initialize(frame, box)
            estimate = version.localize(later, state)
            state = version.update(later, state, estimate)
            found.append((estimate, state["kernel"]))
    torch.testing.assert_close(found[0][0].box, found[1][0].box, rtol=1e-4, atol=1e-2)
    torch.testing.assert_close(found[0][0].response, found[1][0].response, rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(found[0][1], found[1][1], rtol=1e-3, atol=1e-5)


def test_nothing_changes_a_state():
    tracker = tiny(initial_iterations=5)
    frame, box = drawn(120, 100)
    with torch.inference_mode():
        state = tracker.initialize(frame, box)
        before = {name: tensor.clone() for name, tensor in state.items()}
        tracker.update(frame, state, tracker.localize(frame, state))
    assert all(torch.equal(state[name], tensor) for name, tensor in before.items())


def test_resnet_version_runs():
    tracker = create(
        "dslt",
        {
            "backbone": "resnet50",
            "search_size": 96,
            "reduced_channels": 8,
            "initial_iterations": 2,
            "scale_step": 1.0,
        },
    )
    load_weights(tracker, "random:0")
    frame, box = drawn(120, 100)
    with torch.inference_mode():
        state = tracker.initialize(frame, box)
        assert tracker.localize(frame, state).response.shape == (13, 13)


def test_both_levels_of_vgg_16_have_a_stride_of_4():
    """The public code leaves out the third and the fourth pool."""
    levels, pools = _LEVELS["vgg16"]
    assert build_backbone("vgg16", levels, pools).strides == [4, 4]


def test_unknown_loss_is_refused():
    with pytest.raises(SettingsError, match="'loss' must be one of shrinkage, l2, l3, ohnm"):
        create("dslt", {"loss": "focal"})
