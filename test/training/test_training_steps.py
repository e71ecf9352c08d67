# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Augmentation, schedules, self-supervised tracks and the backbone's loss against slow references."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest
import torch
from scipy import ndimage

from tracker_ros.networks.micro_resnet_features import normalized
from tracker_ros.training.augment import Augmentation, gaussian_blur, to_grey
from tracker_ros.training.micro_resnet import FilterLevel, MicroResNetTraining
from tracker_ros.training.schedules import Optimizer, Schedule
from tracker_ros.training.selfsup import consistent_track, mine, moving_boxes
from tracker_ros.training.smoke import clouds


def batch(count: int = 3, frames: int = 0) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    middle = (frames,) if frames else ()
    box = torch.tensor([10.0, 12.0, 8.0, 6.0]).expand(count, *middle, 4)
    return {
        "exemplar": 255 * torch.rand(count, *middle, 3, 24, 24, generator=generator),
        "search": 255 * torch.rand(count, *middle, 3, 32, 32, generator=generator),
        "exemplar_box": box,
        "search_box": box,
        "positive": torch.ones(count),
    }


@pytest.mark.parametrize("frames", [0, 2])
def test_no_augmentation_changes_nothing(frames: int) -> None:
    before = batch(frames=frames)
    after = Augmentation()(before)
    for name, tensor in before.items():
        torch.testing.assert_close(after[name], tensor)


def test_flip_moves_pixels_and_boxes_of_a_whole_sample() -> None:
    before = batch()
    after = Augmentation(flip=1.0)(before)
    torch.testing.assert_close(after["search"], before["search"].flip(-1))
    assert after["search_box"][:, 0].tolist() == [22.0] * 3
    assert after["exemplar_box"][:, 0].tolist() == [14.0] * 3
    torch.testing.assert_close(after["search_box"][:, 1:], before["search_box"][:, 1:])


def test_colour_is_shared_by_the_crops_of_a_sample_and_differs_between_samples() -> None:
    grey = {**batch(), "exemplar": torch.full((3, 3, 8, 8), 100.0), "search": torch.full((3, 3, 8, 8), 100.0)}
    after = Augmentation(gain=0.2)(grey)
    torch.testing.assert_close(after["exemplar"], after["search"])
    gains = after["search"][:, :, 0, 0] / 100
    assert gains.flatten().unique().numel() == 9
    assert (gains - 1).abs().max() <= 0.2
    assert Augmentation(light=1.0)(batch())["search"].max() <= 255


def test_grey_is_luma() -> None:
    crops = batch()["search"]
    expected = 0.299 * crops[:, 0] + 0.587 * crops[:, 1] + 0.114 * crops[:, 2]
    torch.testing.assert_close(to_grey(crops)[:, 2], expected)
    torch.testing.assert_close(Augmentation(grey=1.0)(batch())["search"][:, 0], expected)


@pytest.mark.parametrize("shape", [(2, 3, 20, 24), (2, 2, 3, 20, 24)])
def test_blur_against_scipy(shape: tuple[int, ...]) -> None:
    crops = torch.rand(shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    sigma = torch.tensor([0.0, 1.3], dtype=torch.float64)
    blurred = gaussian_blur(crops, sigma)
    torch.testing.assert_close(blurred[0], crops[0])
    widths = (0,) * (len(shape) - 3) + (1.3, 1.3)
    radii = (0,) * (len(shape) - 3) + (4, 4)
    reference = ndimage.gaussian_filter(crops[1].numpy(), widths, mode="nearest", radius=radii)
    np.testing.assert_allclose(blurred[1].numpy(), reference, atol=1e-9)


def test_augmentation_out_of_range_names_the_field() -> None:
    with pytest.raises(ValueError, match="'flip' must be in"):
        Augmentation(flip=1.5)


def test_schedules_in_closed_form() -> None:
    geometric = Schedule("geometric", final_lr=1e-5)
    assert geometric.share(0, 50, 1e-2) == 1 and geometric.share(50, 50, 1e-2) == pytest.approx(1e-3)
    # SiamFC_sl's published factor 0.8685 an epoch for 60 epochs.
    assert Schedule("geometric", final_lr=1e-2 * 0.8685**60).share(1, 60, 1e-2) == pytest.approx(0.8685)
    assert Schedule("cosine", final_lr=0.0).share(5, 10, 1.0) == pytest.approx(0.5)
    assert [
        Schedule("steps", milestones=(15, 30), decay_factor=0.2).share(e, 40, 1.0) for e in (14.9, 15, 30)
    ] == [
        1,
        0.2,
        pytest.approx(0.04),
    ]
    warm = Schedule("constant", warmup_epochs=5)
    assert [warm.share(e, 50, 1.0) for e in (0, 2.5, 5)] == [0.2, pytest.approx(0.6), 1]
    for wrong in ({"name": "up"}, {"name": "geometric"}):
        with pytest.raises(ValueError, match="schedule"):
            Schedule(**wrong)
    with pytest.raises(ValueError, match="optimizer 'rocket'"):
        Optimizer("rocket", 1.0)


def moving_square(frames: int = 12, step: tuple[int, int] = (3, 2)) -> tuple[list[np.ndarray], np.ndarray]:
    rng = np.random.default_rng(0)
    ground, square = clouds(rng, 120, 160) // 2, rng.integers(0, 255, (10, 10, 3), dtype=np.uint8)
    square = cv2.resize(square, (40, 40), interpolation=cv2.INTER_CUBIC)
    images, boxes = [], []
    for i in range(frames):
        image = ground.copy()
        x, y = 20 + step[0] * i, 30 + step[1] * i
        image[y : y + 40, x : x + 40] = square
        images.append(image)
        boxes.append([x + 20, y + 20, 40, 40])
    return images, np.array(boxes, dtype=float)


def test_flow_follows_a_square_and_comes_back() -> None:
    images, truth = moving_square()
    grey = [cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) for image in images]
    path = consistent_track(grey, truth[0])
    assert path is not None and len(path) == len(truth)
    np.testing.assert_allclose(path, truth, atol=0.7)


def test_track_across_a_cut_is_not_kept() -> None:
    images, truth = moving_square(6)
    other = clouds(np.random.default_rng(5), 120, 160)
    grey = [cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) for image in [*images[:3], other, *images[3:]]]
    path = consistent_track(grey, truth[0])
    assert path is None or len(path) <= 3


def test_moving_boxes_and_mining() -> None:
    images, truth = moving_square()
    grey = [cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) for image in images]
    (box,) = moving_boxes(grey[0], grey[6])
    assert np.abs(box[:2] - (truth[0] + truth[6])[:2] / 2).max() < 8
    clips = mine(images, "square", length=12, starts=1)
    assert clips and all(len(clip.frames) == len(clip.boxes) > 2 for clip in clips)


def test_filter_level_against_a_dense_ridge_regression() -> None:
    """One channel: the filter is the solution over all circular shifts, solved here as a dense system."""
    torch.manual_seed(0)
    cells, stride = 8, 4
    level = FilterLevel(cells, stride, penalty=0.05).double()
    z, x = torch.randn(2, 1, 1, cells, cells, dtype=torch.float64)
    at, wanted = torch.zeros(1, 2, dtype=torch.float64), torch.tensor([[4.0, -8.0]], dtype=torch.float64)
    side = torch.tensor([32.0], dtype=torch.float64)
    loss, response = level(z, x, at, wanted, side)

    def prepared(features: torch.Tensor) -> torch.Tensor:
        return (normalized(features) * level.window)[0, 0]

    shifts = [(dy, dx) for dy in range(cells) for dx in range(cells)]
    rows = torch.stack([prepared(z).roll((-dy, -dx), (0, 1)).flatten() for dy, dx in shifts])
    sigma = max(0.1 * 32 / 4, 0.6)

    def bump(cell: int, center: float) -> float:
        return math.exp(-0.5 * (((cell - center + 4) % 8 - 4) / sigma) ** 2)

    def gaussian(px: float, py: float) -> torch.Tensor:
        values = [[bump(i, py) * bump(j, px) for j in range(8)] for i in range(8)]
        return torch.tensor(values, dtype=torch.float64)

    penalty = 0.05 * torch.fft.rfft2(prepared(z)).abs().square().mean()
    solved = torch.linalg.solve(
        rows.T @ rows + penalty * torch.eye(64, dtype=torch.float64), rows.T @ gaussian(0, 0).flatten()
    )
    later = torch.stack([prepared(x).roll((-dy, -dx), (0, 1)).flatten() for dy, dx in shifts])
    torch.testing.assert_close(response[0], (later @ solved).view(cells, cells), atol=1e-9, rtol=1e-7)
    goal = gaussian(1.0, -2.0).flatten()
    goal = goal / goal.sum()
    found = torch.log_softmax(response[0].flatten() * level.log_temperature.exp(), 0)
    torch.testing.assert_close(loss[0], (goal * (goal.log() - found)).sum())


def test_filter_level_finds_a_shift_and_passes_gradients() -> None:
    torch.manual_seed(1)
    level = FilterLevel(16, 4, penalty=1e-3)
    z = torch.randn(1, 6, 16, 16, requires_grad=True)
    x = z.detach().roll((2, -3), (2, 3))
    loss, response = level(z, x, torch.zeros(1, 2), torch.tensor([[-12.0, 8.0]]), torch.tensor([24.0]))
    assert divmod(int(response[0].argmax()), 16) == (2, 13)
    loss.sum().backward()
    assert z.grad is not None and float(z.grad.abs().sum()) > 0


def test_tiny_training_learns_a_fixed_batch() -> None:
    torch.manual_seed(0)
    module = MicroResNetTraining(size=32, levels=("stride4",))
    crops = torch.rand(4, 3, 32, 32) * 255
    data = {
        "exemplar": crops,
        "search": crops.roll((8, -4), (2, 3)),
        "positive": torch.ones(4),
        "exemplar_box": torch.tensor([16.0, 16, 10, 10]).expand(4, 4),
        "search_box": torch.tensor([12.0, 24, 10, 10]).expand(4, 4),
    }
    optimizer = torch.optim.Adam(module.parameters(), 3e-3)
    losses = []
    for _ in range(12):
        out = module(data)
        optimizer.zero_grad()
        out["loss"].backward()
        optimizer.step()
        losses.append(out["loss"].item())
    assert losses[-1] < 0.6 * losses[0]
    row, column = divmod(int(out["response"][0].argmax()), 8)
    assert (row, column) == (4 + 2, 4 - 1)
