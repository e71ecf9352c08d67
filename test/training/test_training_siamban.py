# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Training of the light SiamBAN: labels and box loss by hand, and what the tracker reads of it."""

from __future__ import annotations

import math

import pytest
import torch
from cf_helpers import overfit, pairs
from torch import Tensor

from tracker_ros.networks.siamban import SiamBanNet, cell_places
from tracker_ros.training.siamban import SiamBanTraining, ellipse_labels


def test_labels_are_the_two_ellipses() -> None:
    places, box = cell_places() + 127.5, torch.tensor([[130.0, 120.0, 96.0, 48.0]])
    target, background = (mask[0] for mask in ellipse_labels(box, places))
    for i in range(16):
        for j in range(16):
            x, y = 16 * (j - 8) + 127.5 - 130, 16 * (i - 8) + 127.5 - 120
            reach = (x / 48) ** 2 + (y / 24) ** 2
            assert bool(target[i, j]) == (reach <= 0.25), (i, j)
            assert bool(background[i, j]) == (reach > 1), (i, j)


def test_a_target_between_cells_has_the_nearest_one() -> None:
    places = cell_places() + 127.5
    target, background = (
        mask[0] for mask in ellipse_labels(torch.tensor([[133.0, 122.0, 4.0, 3.0]]), places)
    )
    assert target.nonzero().tolist() == [[8, 8]] and not background[8, 8] and background.sum() == 255


class Fixed(SiamBanNet):
    """A network that answers the same for every batch."""

    def __init__(self, logits: Tensor, sides: Tensor) -> None:
        super().__init__()
        self.answer = (logits, sides)

    def forward(self, classifier: Tensor, locator: Tensor, search: Tensor) -> tuple[Tensor, Tensor]:
        return self.answer


def exact(box: Tensor) -> tuple[Tensor, Tensor]:
    """The answer that finds the box (in pixels of the crop)."""
    places = cell_places() + 127.5
    low, high = places - (box[:2] - box[2:] / 2), box[:2] + box[2:] / 2 - places
    sides = torch.stack((low[..., 0], low[..., 1], high[..., 0], high[..., 1]))
    inside = ellipse_labels(box.unsqueeze(0), places)[0]
    return torch.where(inside, 20.0, -20.0), sides.unsqueeze(0)


def test_what_training_rewards_the_tracker_reads() -> None:
    """Labels, cells and crops of training and tracking mean the same pixels."""
    batch = {name: tensor[:1] for name, tensor in pairs(127, 255, 64).items()}
    logits, sides = exact(batch["search_box"][0])
    module = SiamBanTraining()
    module.net = module.teacher = Fixed(logits, sides)
    right = module(batch)
    assert right["loss"] < 1e-6 and right["iou"] == pytest.approx(1, abs=1e-5)
    module.net = Fixed(logits, sides * 1.3)
    assert module(batch)["regression"] > 0.1
    module.net = Fixed(-logits, sides)
    wrong = module(batch)
    assert wrong["classification"] > 5 and wrong["memory"] > 5


def test_a_pair_of_two_targets_has_no_box_and_no_target() -> None:
    batch = {name: tensor[:1] for name, tensor in pairs(127, 255, 64).items()}
    batch["positive"] = torch.zeros(1)
    module = SiamBanTraining()
    module.net = module.teacher = Fixed(torch.full((1, 16, 16), -20.0), torch.ones(1, 4, 16, 16))
    losses = module(batch)
    assert losses["classification"] < 1e-6 and losses["regression"] == 0


def test_overfits_one_batch_and_leaves_statistics_and_teacher_alone() -> None:
    torch.manual_seed(0)
    module = SiamBanTraining(memory=0.0)
    # Random parameters mean boxes of 2 px, which overlap with nothing.
    module.net.locate.predict.bias.data.fill_(math.log(20))
    before = {
        n: t.clone() for n, t in module.state_dict().items() if "running" in n or n.startswith("teacher")
    }
    first, last = overfit(module, pairs(127, 255, 64), rate=5e-3, steps=30)
    assert last["regression"] < 0.6 * first["regression"] and last["loss"] < 0.85 * first["loss"]
    assert all(torch.equal(module.state_dict()[name], tensor) for name, tensor in before.items())


def test_what_ships_lies_between_the_initial_and_the_trained_parameters() -> None:
    module = SiamBanTraining(share=0.25)
    for name, tensor in module.tracker_state().items():
        net, teacher = (part.state_dict()[name.removeprefix("net.")] for part in (module.net, module.teacher))
        if tensor.is_floating_point():
            torch.testing.assert_close(tensor, 0.25 * net + 0.75 * teacher)
    assert set(SiamBanTraining().tracker_state()) == {f"net.{name}" for name in module.net.state_dict()}
    with pytest.raises(ValueError, match="share must be above 0"):
        SiamBanTraining(share=0.0)
