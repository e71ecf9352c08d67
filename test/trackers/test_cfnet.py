# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""CFNet and AdaCFNet: table I, the filter layer and its back-propagation, tracking and training."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from cf_helpers import clip, greatest_difference, overfit, pairs, peaks_of, track, untrained

from tracker_ros.networks.cfnet import (
    CFNetModel,
    Conv1Features,
    Conv2Features,
    correlate_large,
    correlation_filter,
)
from tracker_ros.networks.se import SqueezeExcite
from tracker_ros.networks.siamfc import correlate
from tracker_ros.ops.labels import circular_gaussian
from tracker_ros.trackers.base import create
from tracker_ros.training.cfnet import CFNetTraining


def test_table_1() -> None:
    net = Conv2Features(attention=True).eval()
    sizes: dict[str, tuple[int, ...]] = {}
    for name in ("se1", "se2"):
        layer = net.get_submodule(name)
        layer.register_forward_hook(lambda _m, i, o, name=name: sizes.update({name: (*i[0].shape, *o.shape)}))
    with torch.no_grad():
        features, weights = net(torch.zeros(1, 3, 255, 255))
    assert sizes["se1"] == (1, 96, 123, 123, 1, 96)
    assert sizes["se2"] == (1, 32, 57, 57, 1, 32)
    assert features.shape == (1, 32, 57, 57) and [tuple(w.shape) for w in weights] == [(1, 96), (1, 32)]
    assert {name: tuple(p.shape) for name, p in net.named_parameters() if p.dim() > 1} == {
        "conv1.weight": (96, 3, 11, 11),
        "conv2.weight": (32, 48, 5, 5),
        "se1.reduce.weight": (6, 96),
        "se1.expand.weight": (96, 6),
        "se2.reduce.weight": (2, 32),
        "se2.expand.weight": (32, 2),
    }


@pytest.mark.parametrize(
    ("features", "cells", "template"), [(Conv1Features, 62, 30), (Conv2Features, 57, 25)]
)
def test_templates_and_responses_have_the_published_sizes(features: type, cells: int, template: int) -> None:
    model = CFNetModel(features(), cells).eval()
    with torch.no_grad():
        filters = model.template(torch.rand(1, 3, 255, 255) * 255)
        assert filters.shape == (1, 32, template, template)
        response, _ = model(torch.rand(1, 3, 255, 255), filters)
    assert response.shape == (1, 33, 33)


def test_squeeze_excite_is_its_formula() -> None:
    torch.manual_seed(0)
    block, x = SqueezeExcite(32), torch.randn(2, 32, 5, 4)
    p = {n: v.detach().double().numpy() for n, v in block.named_parameters()}
    z = x.double().numpy().mean((2, 3))
    hidden = np.maximum(z @ p["reduce.weight"].T + p["reduce.bias"], 0)
    expected = 1 / (1 + np.exp(-(hidden @ p["expand.weight"].T + p["expand.bias"])))
    np.testing.assert_allclose(block(x).detach().numpy(), expected, rtol=1e-5)


def test_channel_weights_may_follow_the_pooling() -> None:
    torch.manual_seed(0)
    net = Conv2Features(attention=True, width=0.1).double().eval()
    images = torch.rand(1, 3, 63, 63, dtype=torch.double) * 255
    with torch.no_grad():
        x = torch.relu(net.bn1(net.conv1(images)))
        x = torch.nn.functional.max_pool2d(x * net.se1(x).view(1, -1, 1, 1), 3, 2)
        x = torch.relu(net.bn2(net.conv2(x)))
        torch.testing.assert_close(net(images)[0], x * net.se2(x).view(1, -1, 1, 1))


def test_filter_minimises_equation_1() -> None:
    # All circular shifts written out as rows of a matrix, and the normal equations solved.
    rng = np.random.default_rng(0)
    x, y, penalty = rng.standard_normal((3, 4, 5)), rng.standard_normal((4, 5)), 0.7
    rows = [
        [x[c, (i + u) % 4, (j + v) % 5] for c in range(3) for i in range(4) for j in range(5)]
        for u in range(4)
        for v in range(5)
    ]
    matrix = np.array(rows)
    expected = np.linalg.solve(matrix.T @ matrix / 20 + penalty * np.eye(60), matrix.T @ y.ravel() / 20)
    ours = correlation_filter(torch.from_numpy(x)[None], torch.from_numpy(y), penalty)
    np.testing.assert_allclose(ours[0].numpy().ravel(), expected, rtol=1e-9)


def closed_form_gradients(
    x: np.ndarray, y: np.ndarray, penalty: float, dw: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Equation 3 for one sample: gradients of x and y from that of w."""
    n = y.size
    x_hat, w_hat = np.fft.fft2(x), np.fft.fft2(dw)
    k = (np.abs(x_hat) ** 2).sum(0) / n + penalty
    alpha = np.fft.fft2(y) / (n * k)
    d_alpha = (x_hat * w_hat.conj()).sum(0)
    d_y = d_alpha / (n * k.conj())
    d_k = -alpha.conj() * d_alpha / k.conj()
    d_x = alpha * w_hat + 2 / n * x_hat * d_k.real
    return np.fft.ifft2(d_x).real, np.fft.ifft2(d_y).real


@pytest.mark.parametrize("shape", [(3, 6, 6), (2, 5, 7)])
def test_autograd_of_the_filter_is_equation_3(shape: tuple[int, int, int]) -> None:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(1, *shape, dtype=torch.float64, generator=generator).requires_grad_()
    y = torch.randn(shape[1:], dtype=torch.float64, generator=generator).requires_grad_()
    weight = torch.randn(shape, dtype=torch.float64, generator=generator)
    (correlation_filter(x, y, 0.3)[0] * weight).sum().backward()
    d_x, d_y = closed_form_gradients(x.detach().numpy()[0], y.detach().numpy(), 0.3, weight.numpy())
    np.testing.assert_allclose(x.grad[0].numpy(), d_x, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(y.grad.numpy(), d_y, rtol=1e-9, atol=1e-12)


def test_autograd_of_the_filter_equals_finite_differences() -> None:
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(2, 2, 4, 5, dtype=torch.float64, generator=generator).requires_grad_()
    y = circular_gaussian(4, 5, 1.0, 1.0).double().requires_grad_()
    assert torch.autograd.gradcheck(lambda a, b: correlation_filter(a, b, 0.5), (x, y))


def test_large_correlation_equals_the_direct_one() -> None:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(2, 3, 9, 8, dtype=torch.float64, generator=generator)
    for count in (1, 2):
        z = torch.randn(count, 3, 4, 5, dtype=torch.float64, generator=generator)
        torch.testing.assert_close(correlate_large(x, z), correlate(x, z))


def test_filter_answers_its_own_exemplar_in_the_middle() -> None:
    torch.manual_seed(0)
    model = CFNetModel(Conv2Features(width=0.1), 57, penalty=1e-3).eval()
    image = torch.nn.functional.interpolate(torch.rand(1, 3, 24, 24), (255, 255)) * 255
    with torch.no_grad():
        response, _ = model(image, model.template(image))
    assert int(response.argmax()) == 16 * 33 + 16


def test_a_grown_target_is_followed_with_damping() -> None:
    frames, boxes = clip(2, motion=(1e-6, 0.0), growth=1.0575)
    [estimate] = track(untrained("cfnet", scale_penalty=1.0), frames, boxes[0])
    torch.testing.assert_close(estimate.box[2:], boxes[0, 2:] * (1 + 0.52 * 0.0575))


def test_template_is_a_rolling_average() -> None:
    frames, boxes = clip(2)
    tracker = untrained("adacfnet", width_multiplier=0.1, learning_rate=0.25)
    with torch.inference_mode():
        state = tracker.initialize(frames[0], boxes[0])
        estimate = tracker.localize(frames[1], state)
        after = tracker.update(frames[1], state, estimate)
        new = tracker.initialize(frames[1], estimate.box)["template"]
    torch.testing.assert_close(after["template"], 0.75 * state["template"] + 0.25 * new)


def test_channel_weights_come_with_every_estimate() -> None:
    frames, boxes = clip(3)
    first, second = track(untrained("adacfnet"), frames, boxes[0])
    for name, channels in (("weights/se1", 96), ("weights/se2", 32)):
        weights = first.aux[name]
        assert weights.shape == (channels,) and (weights > 0).all() and (weights < 1).all()
        assert not torch.equal(weights, second.aux[name]), "the weights follow the frame"
    assert not track(untrained("cfnet", last_layer="conv1"), frames[:2], boxes[0])[0].aux


def test_defaults_are_the_papers() -> None:
    tracker = create("adacfnet")
    assert tracker.scales == [1 / 1.0575, 1.0, 1.0575] and tracker.scale_learning_rate == 0.52
    assert tracker.model.penalty == 10.0 and tracker.model.margin == 16


@pytest.mark.parametrize(
    ("name", "frames", "settings"),
    [
        ("adacfnet", 50, {"width_multiplier": 0.0625}),
        ("cfnet", 4, {"width_multiplier": 0.125}),
        ("cfnet", 4, {"last_layer": "conv1"}),
    ],
)
def test_torchscript_gives_the_same_boxes(name: str, frames: int, settings: dict[str, object]) -> None:
    images, boxes = clip(frames)
    assert greatest_difference(untrained(name, **settings), images, boxes[0]) < 1e-3


@pytest.mark.parametrize(("attention", "focal"), [(False, False), (True, False), (True, True)])
def test_training_overfits_two_pairs(attention: bool, focal: bool) -> None:
    torch.manual_seed(0)
    module = CFNetTraining(attention=attention, focal=focal, width_multiplier=0.25, size=127, margin=8)
    batch = pairs(127, 127, 40)
    before, after = overfit(module, batch)
    assert after["loss"] < 0.6 * before["loss"]
    away = (peaks_of(after["response"], 4, 127) - batch["search_box"][:, :2]).abs().max()
    assert away <= 4


def test_trained_parameters_fit_the_tracker() -> None:
    create("cfnet").load_state_dict(CFNetTraining().tracker_state())
    create("cfnet", {"last_layer": "conv1"}).load_state_dict(
        CFNetTraining(last_layer="conv1").tracker_state()
    )
    create("adacfnet").load_state_dict(CFNetTraining(attention=True, focal=True).tracker_state())
    with pytest.raises(ValueError, match="attention needs last_layer 'conv2'"):
        CFNetTraining(last_layer="conv1", attention=True)
