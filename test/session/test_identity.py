# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""What objects look like, which one it is, and how sure a session may be."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from tracker_ros.geometry import Box
from tracker_ros.session import Session
from tracker_ros.session.appearance import (
    BINS,
    COLORS,
    FLOOR,
    FOCUS,
    RANGES,
    SHIFTS,
    SIDE,
    describe,
    likeness,
)
from tracker_ros.session.evidence import Evidence
from tracker_ros.session.identity import OTHERS, VIEWS, Identity
from tracker_ros.session.states import SessionSettings
from tracker_ros.trackers import load

BOX = Box(40.0, 30.0, 16.0, 16.0)


def picture(color: tuple[int, int, int] = (200, 60, 50), seed: int = 0) -> Tensor:
    """A grey frame [3, 60, 80] with a car of a colour in `BOX`: a dark window on it, and some noise."""
    noise = torch.rand(3, 60, 80, generator=torch.Generator().manual_seed(seed)) * 12
    frame = noise + 90
    frame[:, 22:38, 32:48] = noise[:, 22:38, 32:48] + torch.tensor(color).view(3, 1, 1)
    frame[:, 26:30, 38:44] = 30
    return frame.clamp(0, 255).to(torch.uint8)


def described(frame: Tensor, *boxes: Box) -> Tensor:
    return describe(frame, torch.tensor(boxes))


def slow_colors(pixels: np.ndarray) -> np.ndarray:
    """The three histograms of [3, SIDE, SIDE], sample by sample."""
    histograms, total = np.zeros((3, BINS)), 0.0
    for row in range(SIDE):
        for column in range(SIDE):
            red, green, blue = np.log(pixels[:, row, column] + FLOOR)
            y, x = row + 0.5 - SIDE / 2, column + 0.5 - SIDE / 2
            weight = math.exp(-(x * x + y * y) / (2 * FOCUS**2))
            total += weight
            values = ((red + green + blue) / 3, red - green, (red + green) / 2 - blue)
            for channel, (value, (low, high)) in enumerate(zip(values, RANGES, strict=True)):
                place = min(max((value - low) / (high - low), 0.0), 1.0) * (BINS - 1)
                below = int(place)
                histograms[channel, below] += weight * (1 - (place - below))
                if below + 1 < BINS:
                    histograms[channel, below + 1] += weight * (place - below)
    return np.sqrt(histograms / total).ravel()


def test_a_description_is_what_its_definition_says() -> None:
    wide = picture().repeat_interleave(2, 1).repeat_interleave(2, 2)
    frame = wide + torch.randint(0, 30, wide.shape, generator=torch.Generator().manual_seed(3))
    frame = frame.clamp(max=255).to(torch.uint8)
    # As many points as pixels: each sample is the mean of four.
    (made,) = described(frame, Box(80.0, 60.0, 32.0, 32.0))
    pixels = frame[:, 44:76, 64:96].double().numpy().reshape(3, 16, 2, 16, 2).mean((2, 4))
    np.testing.assert_allclose(made[:COLORS].numpy(), slow_colors(pixels), atol=2e-4)
    cells = pixels.reshape(3, 8, 2, 8, 2).mean((2, 4)).ravel()
    cells = np.append(cells - cells.mean(), 30.0)
    np.testing.assert_allclose(made[COLORS:].numpy(), cells / np.linalg.norm(cells), atol=1e-4)


@pytest.mark.parametrize("side", [16, 33, 47, 70])
def test_a_hair_s_breadth_changes_no_description(side: int) -> None:
    """Boxes on both sides of a pixel's edge show the same, alone and beside others, sharp edges or not."""
    checks = (torch.rand(3, 30, 40, generator=torch.Generator().manual_seed(5)) * 255).to(torch.uint8)
    frame = checks.repeat_interleave(8, 1).repeat_interleave(8, 2)
    box = Box(150.0 + side / 2, 90.0 + side / 2, float(side), float(side))
    view = described(frame, box)
    beside = box._replace(cx=box.cx - 0.02, cy=box.cy - 0.02)
    assert float(likeness(described(frame, beside), view)) > 0.9
    together = described(frame, Box(41.0, 37.0, float(side), float(side)), box)[1:]
    assert float(likeness(together, view)) > 0.9


def test_likeness_by_its_definition() -> None:
    views = torch.cat([described(picture(color), BOX) for color in ((200, 60, 50), (60, 80, 200))])
    one = described(picture((150, 70, 60)), BOX)
    for index, found in enumerate(likeness(one, views)[0].tolist()):
        a, b = one[0].numpy(), views[index].numpy()
        shifts = [
            sum(a[i + s] * b[i] for i in range(BINS) if 0 <= i + s < BINS) for s in range(-SHIFTS, SHIFTS + 1)
        ]
        bhattacharyya = (max(shifts) + a[BINS:COLORS] @ b[BINS:COLORS]) / 3
        wanted = 0.9 * (1 - math.sqrt(max(1 - bhattacharyya, 0))) + 0.1 * (a[COLORS:] @ b[COLORS:])
        assert found == pytest.approx(wanted, abs=1e-4)


def test_the_light_changes_an_object_less_than_another_colour_does() -> None:
    view = described(picture(), BOX)
    darker = (picture(seed=1).float() * 0.75).to(torch.uint8)
    same = float(likeness(described(darker, BOX), view))
    other = float(likeness(described(picture((150, 110, 40), 1), BOX), view))
    assert same > 0.75 > 0.6 > other
    assert float(likeness(view, view)) == pytest.approx(1.0, abs=1e-3)
    black = torch.zeros(3, 60, 80, dtype=torch.uint8)
    assert float(likeness(described(black, BOX), described(black, BOX))) == pytest.approx(1.0, abs=1e-3)
    assert float(likeness(described(black, BOX), view)) < 0.5


@pytest.mark.parametrize(
    "box", [Box(0, 0, 30, 30), Box(79, 59, 2, 2), Box(40, 30, 300, 300), Box(40, 30, 3, 50)]
)
def test_any_box_is_described(box: Box) -> None:
    made = described(picture(), box)
    assert torch.isfinite(made).all()
    assert made[:, :COLORS].square().sum() == pytest.approx(3.0, abs=1e-3)
    together = described(picture(), box, box)
    torch.testing.assert_close(together, made.expand(2, -1))


def test_views_are_the_first_and_the_latest_and_usual_is_their_least_likeness() -> None:
    identity = Identity()
    identity.start(picture(), BOX)
    for step in range(1, 15):
        identity.looks(picture((200 - 4 * step, 60 + 4 * step, 50), step), BOX)
        identity.see()
    assert len(identity._views) == VIEWS
    assert identity.looks(picture(), BOX).own > 0.95, "the first view stays"
    assert identity.looks(picture((144, 116, 50)), BOX).own > 0.9, "the latest is known"
    assert 0.5 < identity.usual < 0.99


def test_a_look_alike_is_remembered_where_it_stands_and_not_the_target_itself() -> None:
    identity, frame = Identity(), picture()
    identity.start(frame, BOX)
    frame[:, 22:38, 4:20] = frame[:, 22:38, 32:48]
    frame[0, 22:38, 4:20] -= 5
    assert len(identity.at(frame, BOX, [(BOX.cx + 3, BOX.cy), (12.0, 30.0)])) == 1
    assert identity.looks(frame, BOX).rival == -1.0
    # A cell off: the best fit is looked for around.
    views = described(frame, BOX)
    (off,) = likeness(described(frame, Box(13.5, 31.5, 16.0, 16.0)), views)[0].tolist()
    (fitted,) = likeness(identity.at(frame, BOX, [(13.5, 31.5)]), views)[0].tolist()
    assert fitted > off
    identity.meet(frame, BOX, [(12.0, 30.0)])
    twin = identity.looks(frame, Box(12.0, 30.0, 16.0, 16.0))
    assert twin.own > 0.7 and twin.margin < SessionSettings().look_margin, "no proof"
    assert identity.looks(frame, BOX).margin > max(twin.margin, 0.0)


def test_the_memory_of_others_is_bounded_and_keeps_the_most_alike() -> None:
    identity = Identity()
    identity.start(picture(), BOX)
    for step in range(40):
        other = picture((200 - 4 * step, 60 + 3 * step, 50 + 2 * step), step)
        identity.meet(other, Box(10.0, 10.0, 16.0, 16.0), [(BOX.cx, BOX.cy)])
    assert len(identity._others) <= OTHERS
    assert float(likeness(described(picture(), BOX), identity._others).max()) > 0.9


def test_the_score_is_the_logistic_regression_of_the_preset() -> None:
    plain = Evidence(SessionSettings())
    assert plain.score(0.37, 12.0, 0.1) == 0.37
    fitted = Evidence(
        SessionSettings(
            calibration_bias=-6.0, calibration_score=4.0, calibration_psr=1.5, calibration_looks=5.0
        )
    )
    for _ in range(5):
        fitted.score(1.0, 20.0, 1.0)
    logit = -6.0 + 4.0 * 0.5 + 1.5 * math.log(10 / 20) + 5.0 * 0.7
    assert fitted.score(0.5, 10.0, 0.7) == pytest.approx(1 / (1 + math.exp(-logit)))
    assert 0 < fitted.score(0.0, 0.0, -1.0) < fitted.score(1.0, 99.0, 1.0) < 1


def test_presets_bring_session_settings_that_can_be_overruled() -> None:
    tracker = load("dcf")
    tracker.session_settings = {"keep_score": 0.11, "verify_frames": 7}
    settings = Session(tracker, {"verify_frames": 3}).settings
    assert (settings.keep_score, settings.verify_frames) == (0.11, 3)
