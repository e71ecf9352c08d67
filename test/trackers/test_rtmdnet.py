# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""RT-MDNet: its network, its learning against autograd and torch's optimiser, memory and export."""

from __future__ import annotations

import pytest
import torch
from cf_helpers import clip, greatest_difference, pairs, track, untrained
from classification_helpers import LOSSES, learn

from tracker_ros.losses.classification import make_loss, margin_loss
from tracker_ros.networks.vggm import VggM
from tracker_ros.ops.anchors import decode, encode
from tracker_ros.ops.boxes import iou
from tracker_ros.trackers import SettingsError, create
from tracker_ros.trackers._online_head import (
    fit_boxes,
    head_gradients,
    head_margin,
    sgd_step,
    train_head,
)
from tracker_ros.training.rtmdnet import RtMdNetTraining

SMALL = {
    "width_multiplier": 0.0625,
    "candidate_count": 64,
    "initial_positives": 64,
    "initial_negatives": 200,
    "initial_iterations": 10,
    "hard_negative_pool": 128,
    "box_regression_samples": 60,
    "update_positives": 20,
    "update_negatives": 60,
    "update_iterations": 5,
    "initial_lr": 1e-3,
}


def test_cells_see_75_pixels_every_8() -> None:
    torch.manual_seed(0)
    net = VggM(0.0625)
    for pixels, cells in ((75, 1), (82, 1), (83, 2), (300, 29)):
        assert net(torch.zeros(1, 3, pixels, pixels)).shape[2:] == (cells, cells)
    image = (torch.rand(1, 3, 107, 107) * 255).requires_grad_()
    net(image)[0, :, 2, 1].sum().backward()
    seen = image.grad[0].abs().sum(0)
    rows, columns = seen.sum(1).nonzero().flatten(), seen.sum(0).nonzero().flatten()
    assert 16 <= rows.min() < 20 and 87 < rows.max() <= 90
    assert 8 <= columns.min() < 12 and 79 < columns.max() <= 82


def test_full_network_has_the_published_layers() -> None:
    shapes = {n: tuple(p.shape) for n, p in create("rtmdnet").net.named_parameters()}
    assert shapes["features.conv1.0.weight"] == (96, 3, 7, 7)
    assert shapes["features.conv3.0.weight"] == (512, 256, 3, 3)
    assert shapes["fc4.weight"] == (512, 4608) and shapes["fc5.weight"] == (512, 512)


def head(dtype: torch.dtype, sizes: tuple[int, int] = (12, 7)) -> list[torch.Tensor]:
    g = torch.Generator().manual_seed(0)
    inputs, hidden = sizes
    shapes = [(hidden, inputs), (hidden,), (hidden, hidden), (hidden,), (2, hidden), (2,)]
    return [torch.randn(shape, generator=g, dtype=dtype) * 0.5 for shape in shapes]


@pytest.mark.parametrize("kind", LOSSES)
def test_closed_gradients_are_those_of_autograd(kind: str) -> None:
    g = torch.Generator().manual_seed(1)
    parameters, loss = [p.requires_grad_() for p in head(torch.float64)], make_loss(kind)
    samples = torch.randn(9, 12, generator=g, dtype=torch.float64)
    signs = torch.tensor([1.0] * 4 + [-1.0] * 5, dtype=torch.float64)
    drop4, drop5 = ((torch.rand(9, 7, generator=g) > 0.5).double() * 2 for _ in range(2))
    x = torch.relu(samples @ parameters[0].t() + parameters[1]) * drop4
    x = torch.relu(x @ parameters[2].t() + parameters[3]) * drop5
    scores = x @ parameters[4].t() + parameters[5]
    value = margin_loss((scores[:, 1] - scores[:, 0]) * signs, loss).mean()
    expected = torch.autograd.grad(value, parameters)
    with torch.inference_mode():
        plain = [p.detach() for p in parameters]
        closed = head_gradients(samples, signs, plain, loss, drop4, drop5)
        for ours, theirs in zip(closed, expected, strict=True):
            torch.testing.assert_close(ours, theirs, rtol=1e-9, atol=1e-12)


def test_steps_are_those_of_torch_s_sgd() -> None:
    ours, velocities = head(torch.float32), [torch.zeros_like(p) for p in head(torch.float32)]
    theirs = [torch.nn.Parameter(p) for p in head(torch.float32)]
    groups = [{"params": theirs[:4], "lr": 0.01}, {"params": theirs[4:], "lr": 0.1}]
    optimizer = torch.optim.SGD(groups, lr=0.01, momentum=0.9, weight_decay=5e-4)
    g = torch.Generator().manual_seed(2)
    for scale in (1.0, 5.0, 0.1):  # the second is cut to a norm of 10
        gradients = [torch.randn(p.shape, generator=g) * scale for p in ours]
        for parameter, gradient in zip(theirs, gradients, strict=True):
            parameter.grad = gradient.clone()
        torch.nn.utils.clip_grad_norm_(theirs, 10.0)
        optimizer.step()
        ours, velocities = sgd_step(ours, velocities, gradients, 0.01)
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(a, b.detach(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("kind", LOSSES)
def test_training_separates_hard_negatives_found_among_easy_ones(kind: str) -> None:
    g = torch.Generator().manual_seed(3)
    positives = torch.randn(40, 12, generator=g) * 0.2 + torch.eye(12)[0] * 2
    hard = torch.randn(20, 12, generator=g) * 0.2 + torch.eye(12)[0] * 2 + torch.eye(12)[1] * 2
    easy = torch.randn(2000, 12, generator=g) * 0.2 - torch.eye(12)[0] * 2
    negatives = torch.cat((hard, easy))
    parameters = head(torch.float32, (12, 32))
    before = [p.clone() for p in parameters]
    trained = train_head(positives, negatives, parameters, make_loss(kind), 60, 3e-3, 1024, torch.tensor(0))
    assert all(torch.equal(a, b) for a, b in zip(parameters, before, strict=True)), "changed in place"
    gap = head_margin(positives, trained).mean() - head_margin(hard, trained).mean()
    assert gap > head_margin(positives, before).mean() - head_margin(hard, before).mean() + 0.5
    assert (head_margin(easy, trained) < head_margin(positives, trained).mean()).float().mean() > 0.99


def test_box_regression_is_ridge_regression() -> None:
    g = torch.Generator().manual_seed(4)
    x, y = torch.randn(30, 8, generator=g), torch.randn(30, 4, generator=g)
    weights, bias = fit_boxes(x, y, 2.5)
    # The primal solution with an intercept that is not penalised.
    ones = torch.cat((x, torch.ones(30, 1)), dim=1)
    penalty = torch.diag(torch.tensor([2.5] * 8 + [0.0]))
    expected = torch.linalg.solve(ones.t() @ ones + penalty, ones.t() @ y)
    torch.testing.assert_close(torch.cat((weights, bias.unsqueeze(0))), expected, rtol=1e-3, atol=1e-4)


def test_box_regression_recovers_a_linear_shift() -> None:
    target, g = torch.tensor([50.0, 40.0, 20.0, 30.0]), torch.Generator().manual_seed(5)
    boxes = target + torch.randn(200, 4, generator=g)
    offsets = encode(boxes, target)
    features = torch.cat((offsets, torch.randn(200, 3, generator=g)), dim=1) * 10
    weights, bias = fit_boxes(features, offsets, 1e-3)
    refined = decode(boxes, features @ weights + bias)
    torch.testing.assert_close(refined, target.expand(200, 4), rtol=0, atol=1e-2)


def test_follows_a_target_by_what_it_learns_online() -> None:
    frames, boxes = clip(12, motion=(3.0, 1.5))
    # Features of random filters tell more from less if the layers above learn fast.
    tracker = untrained(
        "rtmdnet",
        **{
            **SMALL,
            "width_multiplier": 0.125,
            "initial_negatives": 600,
            "initial_iterations": 30,
            "initial_lr": 5e-3,
            "candidate_count": 128,
            "loss": "shrinkage",
        },
    )
    estimates = track(tracker, frames, boxes[0])
    overlaps = iou(torch.stack([e.box for e in estimates]), boxes[1:])
    assert overlaps.min() > 0.6 and all(0.5 < e.score <= 1 for e in estimates)
    assert estimates[0].response.shape == (17, 17)
    torch.testing.assert_close(estimates[0].window, torch.tensor([100.0, 70.0, 36.0, 36.0]))


# Every frame is learned from with success 0 (long-term updates), none with 1 (short-term updates).
@pytest.mark.parametrize(("loss", "success"), [("bce", 0.0), ("focal", 1.0), ("shrinkage", 0.0)])
def test_eager_equals_torchscript(loss: str, success: float) -> None:
    frames, boxes = clip(6)
    tracker = untrained("rtmdnet", **SMALL, loss=loss, update_min_score=success, update_interval=2)
    assert greatest_difference(tracker, frames, boxes[0]) < 1e-3


def test_memory_is_bounded_and_states_are_not_changed_by_use() -> None:
    frames, boxes = clip(9)
    tracker = untrained(
        "rtmdnet", **SMALL, update_min_score=0.0, update_interval=3, positive_memory=5, negative_memory=2
    )
    with torch.inference_mode():
        state = tracker.initialize(frames[0], boxes[0])
        for frame in frames[1:]:
            before = {name: tensor.clone() for name, tensor in state.items()}
            following = tracker.update(frame, state, tracker.localize(frame, state))
            assert state.keys() == before.keys() and all(torch.equal(state[n], before[n]) for n in state)
            state = following
    assert int(state["learned"]) == 9
    assert len([n for n in state if n.startswith("positives")]) == 5
    assert len([n for n in state if n.startswith("negatives")]) == 2


def test_good_frames_train_at_every_interval() -> None:
    """The first frame is learned frame 1: with an interval of 3 the third and the sixth train."""
    frames, boxes = clip(7)
    tracker = untrained("rtmdnet", **SMALL, update_min_score=0.0, update_interval=3)
    trained = []
    with torch.inference_mode():
        state = tracker.initialize(frames[0], boxes[0])
        for frame in frames[1:]:
            following = tracker.update(frame, state, tracker.localize(frame, state))
            if not torch.equal(following["w5"], state["w5"]):
                trained.append(int(following["learned"]))
            state = following
    assert trained == [3, 6]


def test_a_failure_widens_the_search_and_trains() -> None:
    frames, boxes = clip(3)
    tracker = untrained("rtmdnet", **SMALL, update_min_score=1.0)
    with torch.inference_mode():
        state = tracker.initialize(frames[0], boxes[0])
        first = tracker.localize(frames[1], state)
        failed = tracker.update(frames[1], state, first)
        second = tracker.localize(frames[2], failed)
    assert failed["failed"] == 1 and int(failed["learned"]) == 1
    assert not torch.equal(failed["w5"], state["w5"])
    mean = first.box[2:].mean()
    assert second.window[2] == pytest.approx(2 * 1.4 * float(mean), rel=1e-5)


def test_a_miss_is_a_failure_that_keeps_the_box() -> None:
    """Where the session does not believe the box, the tracker learns and widens its search all the same."""
    frames, boxes = clip(3)
    tracker = untrained("rtmdnet", **SMALL, update_min_score=0.5)
    with torch.inference_mode():
        state = tracker.initialize(frames[0], boxes[0])
        found = tracker.localize(frames[1], state)
        bad, good = (found._replace(score=torch.tensor(score)) for score in (0.4, 0.6))
        failed, missed = tracker.update(frames[1], state, bad), tracker.missed(state, bad)
        believed = tracker.missed(state, good)
    assert failed.keys() == missed.keys() and not torch.equal(missed["w5"], state["w5"])
    assert [name for name in failed if not torch.equal(failed[name], missed[name])] == ["box"]
    assert torch.equal(missed["box"], state["box"]) and missed["failed"] == 1
    changed = [name for name in state if not torch.equal(state[name], believed[name])]
    assert changed == ["seed"], "what its classifier likes it has nothing to learn from"


def test_a_run_repeats_and_depends_on_its_seed_alone() -> None:
    frames, boxes = clip(3)

    def run(seed: int) -> torch.Tensor:
        return torch.stack([e.box for e in track(untrained("rtmdnet", **SMALL, seed=seed), frames, boxes[0])])

    first = run(0)
    torch.manual_seed(99)
    assert torch.equal(first, run(0)) and not torch.equal(first, run(1))


def test_a_target_as_large_as_the_frame_is_tracked() -> None:
    frame = (torch.rand(3, 60, 80) * 255).to(torch.uint8)
    [estimate] = track(untrained("rtmdnet", **SMALL), [frame, frame], torch.tensor([40.0, 30.0, 80.0, 60.0]))
    assert torch.isfinite(estimate.box).all()


@pytest.mark.parametrize("loss", LOSSES)
def test_overfits_one_batch(loss: str) -> None:
    batch = pairs(107, 428, 107)
    batch["domain"] = torch.tensor([0, 2])
    torch.manual_seed(0)
    module = RtMdNetTraining(loss, domains=3, width_multiplier=0.0625, positives=16, negatives=32)
    losses = learn(module, batch, 14, 2e-3)
    assert losses[-1] < 0.7 * losses[0]
    tracker = create("rtmdnet", {**SMALL})
    assert module.tracker_state().keys() == tracker.state_dict().keys()


def test_bad_settings_are_named() -> None:
    with pytest.raises(SettingsError, match="rtmdnet: 'loss' must be one of bce, focal, shrinkage"):
        create("rtmdnet", {"loss": "hinge"})
