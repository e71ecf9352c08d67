# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""TADT: the choice of channels against closed forms and autograd, and tracking on drawn frames."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch
from pretrained_helpers import drawn
from torch import Tensor

from tracker_ros.losses.ranking import ranking_loss, ranking_pairs
from tracker_ros.losses.regression import ridge_loss
from tracker_ros.ops.boxes import iou
from tracker_ros.ops.convolution import convolve
from tracker_ros.ops.frames import to_tensor
from tracker_ros.ops.labels import gaussian
from tracker_ros.trackers import SettingsError, Tracker, create, tadt
from tracker_ros.trackers._channels import (
    center,
    choose,
    fit_kernels,
    ranking_importance,
    regression_importance,
    resize,
)
from tracker_ros.weights import load_weights

TINY = {
    "backbone": "micro_resnet",
    "search_size": 128,
    "min_target_size": 30.0,
    "max_target_size": 40.0,
    "shallow_channels": 24,
    "deep_channels": 48,
}


def tiny(**settings) -> Tracker:
    tracker = create("tadt", {**TINY, **settings})
    load_weights(tracker, "random:0")
    return tracker.eval()


def small_problem() -> tuple[Tensor, Tensor]:
    g = torch.Generator().manual_seed(3)
    return torch.rand(4, 11, 11, generator=g), gaussian(11, 11, 1.0, 1.5, 5.0, 5.0)


@pytest.mark.parametrize(("height", "width"), [(3, 5), (5, 3)])
def test_a_match_is_the_cosine_of_the_template_with_what_it_covers(height: int, width: int) -> None:
    g = torch.Generator().manual_seed(0)
    features, template = torch.randn(4, 11, 11, generator=g), torch.randn(4, height, width, generator=g)
    correlation, cosine = tiny().match(features, template)
    assert correlation.shape == cosine.shape == (11, 11)
    for row in range(height // 2, 11 - height // 2):
        for column in range(width // 2, 11 - width // 2):
            top, left = row - height // 2, column - width // 2
            part = features[:, top : top + height, left : left + width]
            product = float((part * template).sum())
            assert float(correlation[row, column]) == pytest.approx(product, abs=1e-3)
            expected = product / float(part.norm() * template.norm())
            assert float(cosine[row, column]) == pytest.approx(expected, abs=1e-4)


def test_fitted_kernel_is_the_ridge_solution():
    features, label = small_problem()
    features, label = features.double(), label.double()
    basis = torch.eye(60, dtype=torch.double).view(-1, 4, 3, 5)
    design = torch.stack([convolve(features, b).flatten() for b in basis], dim=1)
    system = design.T @ design + 0.5 * torch.eye(60)
    expected = torch.linalg.solve(system, design.T @ label.flatten())
    fitted = fit_kernels(features, label, 3, 5, 0.5, 0.0, 200)[-1]
    torch.testing.assert_close(fitted.flatten(), expected)


def test_learning_ends_at_the_wanted_loss():
    features, label = small_problem()
    few = fit_kernels(features, label, 5, 5, 1e-6, 0.6, 500)[-1]
    left = (label - convolve(features, few)).square().sum() / label.square().sum()
    assert 0.1 < left < 0.6


def test_gradient_importance_is_equation_4():
    features, label = small_problem()
    kernel = torch.randn(4, 3, 3, generator=torch.Generator().manual_seed(4))
    features.requires_grad_()
    ridge_loss(features, kernel, label, 0.7).backward()
    found = regression_importance(features.detach(), [kernel], label, True)
    # The paper's sign is that of Y - X_o, the opposite of the derivative's.
    torch.testing.assert_close(found, -features.grad.mean(dim=(1, 2)), atol=1e-6, rtol=1e-4)


def test_gradient_importance_is_proportional_to_the_weights_away_from_borders():
    features = torch.zeros(4, 15, 15)
    features[:, 6:9, 6:9] = torch.rand(4, 3, 3, generator=torch.Generator().manual_seed(5))
    label = gaussian(15, 15, 0.6, 0.6, 7.0, 7.0)
    kernel = torch.randn(4, 3, 3, generator=torch.Generator().manual_seed(6))
    by_gradient = regression_importance(features, [kernel], label, True)
    by_weight = regression_importance(features, [kernel], label, False)
    torch.testing.assert_close(by_gradient / by_gradient[0], by_weight / by_weight[0], rtol=1e-3, atol=1e-4)


def test_a_channel_that_shows_only_the_target_is_chosen_first():
    features = torch.rand(6, 21, 21, generator=torch.Generator().manual_seed(7)) * 0.3
    features[4] = gaussian(21, 21, 1.5, 1.5, 10.0, 10.0)
    label = gaussian(21, 21, 0.7, 0.7, 10.0, 10.0)
    kernels = fit_kernels(features, label, 7, 7, 0.01, 0.02, 50)
    for by_gradient in (False, True):
        assert choose(regression_importance(features, kernels, label, by_gradient), 1).tolist() == [4]


def test_gradients_are_summed_over_learning():
    """At the converged filter alone their sign is that of rounding: the sum tells the channels apart."""
    features, label = small_problem()
    kernels = fit_kernels(features, label, 3, 3, 0.01, 0.0, 12)
    total = regression_importance(features, kernels, label, True)
    parts = [regression_importance(features, [kernel], label, True) for kernel in kernels]
    torch.testing.assert_close(total, torch.stack(parts).sum(0))
    assert len(kernels) == 13 and kernels[0].abs().max() == 0
    assert total.abs().max() > 5 * parts[-1].abs().max()


def test_ranking_prefers_channels_that_fade_at_other_sizes():
    features = torch.zeros(3, 21, 21)
    features[0] = 1.0  # the same at every size
    features[1, 8:13, 8:13] = 1.0  # fills the target exactly
    features[2] = 1.0
    features[2, 8:13, 8:13] = 0.0  # shows what is not the target
    importance = ranking_importance(features, 9, 9, [0, -4, 4], 0.02, 50)
    assert importance.argmax() != 0 and importance[0].abs() < importance.abs().max() * 0.2


def test_ranking_learns_until_its_loss_is_small():
    features = torch.rand(8, 25, 25, generator=torch.Generator().manual_seed(8))
    steps = [0, -2, 2, -4, 4]
    importance = ranking_importance(features, 11, 11, steps, 0.02, 1)
    # After one step from zero the gradient is still that of equal scores.
    samples = torch.stack([center(resize(features, 25 + s), 11, 11) for s in steps])
    samples = (samples / samples[0].norm()).requires_grad_()
    kernel = torch.zeros_like(samples[0])
    pairs = ranking_pairs(torch.tensor([float(s) for s in steps]))
    scores = (samples * kernel).sum(dim=(1, 2, 3))
    scores.retain_grad()
    ranking_loss(scores, pairs).backward()
    direction = -(scores.grad.view(-1, 1, 1, 1) * samples.detach()).sum(0)
    expected = -scores.grad[0] * direction.mean(dim=(1, 2))
    expected = expected / expected.norm()
    torch.testing.assert_close(importance / importance.norm(), expected, rtol=1e-4, atol=1e-5)


def test_a_resized_map_keeps_its_middle():
    features = torch.zeros(1, 21, 21)
    features[0, 10, 10] = 1.0
    for side in (19, 23):
        grown = resize(features, side)[0]
        assert grown.flatten().argmax().item() == (side * side) // 2


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"shallow_selection": "none"},
        {"deep_selection": "none"},
        {"shallow_selection": "rank", "importance": "gradient"},
    ],
)
def test_follows_a_moving_target(settings):
    tracker = tiny(**settings)
    frame, box = drawn(120, 100)
    with torch.inference_mode():
        state = tracker.initialize(frame, box)
        for step in range(1, 6):
            frame, truth = drawn(120 + 4 * step, 100 - 3 * step)
            estimate = tracker.localize(frame, state)
            state = tracker.update(frame, state, estimate)
            # An untrained network: the place is asked for, the size not.
            assert (estimate.box[:2] - truth[:2]).norm() < 8


def test_score_is_one_on_the_first_frame_and_low_without_the_target():
    tracker = tiny()
    frame, box = drawn(120, 100)
    with torch.inference_mode():
        state = tracker.initialize(frame, box)
        same = tracker.localize(frame, state).score
        blank = tracker.localize(torch.full_like(frame, 90), state).score
    assert same > 0.98 and blank < 0.5


@pytest.mark.parametrize("how, count", [("none", 0), ("all", 48), ("random", 24), ("regress+rank", 24)])
def test_so_many_channels_are_chosen(how, count):
    tracker = tiny(shallow_selection=how)
    frame, box = drawn(120, 100)
    with torch.inference_mode():
        state = tracker.initialize(frame, box)
    assert state["shallow"].numel() == count == state["shallow"].unique().numel()
    assert state["template"].shape[0] == count + 48


def test_channels_that_know_the_size_come_first_and_then_those_that_know_the_target(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    active, rank = [0.9, 0.1, 50.0, -0.2, 0.3, 7.0], [-1.0, 1.0, 0.0, 2.0, -3.0, 0.1]
    monkeypatch.setattr(tadt, "regression_importance", lambda *given: torch.tensor(active))
    monkeypatch.setattr(tadt, "ranking_importance", lambda *given: torch.tensor(rank))
    tracker = tiny()
    features = torch.rand(6, tracker.cells, tracker.cells)
    found = tracker.select_channels(features, 9, 9, "regress+rank", 6).tolist()
    assert found == sorted(range(6), key=lambda channel: (rank[channel] <= 0, -active[channel]))


@pytest.mark.parametrize("w, h", [(6, 150), (200, 8), (3, 3)])
def test_odd_shapes_are_tracked(w, h):
    tracker = tiny()
    frame, box = drawn(120, 100, w, h)
    with torch.inference_mode():
        estimate = tracker.localize(frame, tracker.initialize(frame, box))
    assert torch.isfinite(estimate.box).all() and 0 <= estimate.score <= 1


def test_script_equals_eager():
    tracker = tiny()
    scripted = torch.jit.script(tracker)
    frame, box = drawn(120, 100)
    later, _ = drawn(125, 97)
    with torch.inference_mode():
        states = [t.initialize(frame, box) for t in (tracker, scripted)]
        assert torch.equal(states[0]["shallow"], states[1]["shallow"])
        found = [t.localize(later, s) for t, s in zip((tracker, scripted), states, strict=True)]
    torch.testing.assert_close(found[0].box, found[1].box, rtol=1e-4, atol=1e-2)
    torch.testing.assert_close(found[0].score, found[1].score, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(found[0].response, found[1].response, rtol=1e-3, atol=1e-4)


def test_nothing_changes_a_state():
    tracker = tiny()
    frame, box = drawn(120, 100)
    with torch.inference_mode():
        state = tracker.initialize(frame, box)
        before = {name: tensor.clone() for name, tensor in state.items()}
        estimate = tracker.localize(frame, state)
        tracker.update(frame, state, estimate)
        assert torch.equal(tracker.localize(frame, state).box, estimate.box)
    assert all(torch.equal(state[name], tensor) for name, tensor in before.items())


@pytest.mark.parametrize(
    "settings, said",
    [
        ({"shallow_selection": "none", "deep_selection": "none"}, "cannot both be 'none'"),
        ({"min_target_size": 60.0}, "'min_target_size' \\(60.0\\) must not exceed"),
        ({"deep_selection": "rank"}, "'deep_selection' must be one of"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings, said):
    with pytest.raises(SettingsError, match=said):
        create("tadt", settings)


def test_vgg_tracks_a_real_sequence(shared_data):
    # Where the data are, these weights are: a file that was renamed must not skip the test.
    weights = shared_data / "weights" / "vgg16_imagenet" / "vgg16_features_fp16.pth"
    tracker = create("tadt", {"search_size": 108, "min_target_size": 26.4, "max_target_size": 35.4})
    load_weights(tracker, str(weights))
    folder = shared_data / "sequences" / "OTB100_Crossing"
    truth = np.loadtxt(folder / "groundtruth.txt", delimiter=",")
    video = cv2.VideoCapture(str(folder / "video.mp4"))
    found = []
    with torch.inference_mode():
        for number in range(25):
            image = video.read()[1]
            frame = to_tensor(image, "bgr")
            x, y, w, h = truth[number]
            box = torch.tensor([x + w / 2, y + h / 2, w, h], dtype=torch.float32)
            if number == 0:
                state = tracker.initialize(frame, box)
            elif number % 6 == 0:
                estimate = tracker.localize(frame, state)
                state = tracker.update(frame, state, estimate)
                found.append(float(iou(estimate.box, box)))
    assert min(found) > 0.5
