# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""What every tracker must do with a target that stays, grows, changes shape, runs, hides or meets another.

Presets with weights of this package, and random filters (which see textures well) where there are none.
What a tracker cannot do is in the table too: it must leave the box's shape alone, say.
"""

from __future__ import annotations

import functools
from typing import NamedTuple

import pytest
import torch
from cf_helpers import track, untrained
from scenes import path, scene
from torch import Tensor

from tracker_ros.ops.boxes import iou
from tracker_ros.trackers import Tracker, load
from tracker_ros.trackers.base import Estimate


class Able(NamedTuple):
    """What a tracker does on drawn scenes.

    Attributes:
        sizes: it follows a target that grows and one that shrinks.
        fast: least overlap while the target moves half its size a frame.
        hidden: greatest share of the score that is left when the target is gone.
        width: of random filters; 0 for a preset with weights.
        shape: least share of a change of shape that it follows; 0 where the first shape stays.
        near: of two objects that are just alike it keeps to the nearer one.
    """

    sizes: tuple[str, ...]
    fast: float
    hidden: float
    width: float = 0.0
    shape: float = 0.0
    near: bool = True


BOTH = ("grows", "shrinks")
TRACKERS = {
    "dcf": Able(BOTH, 0.85, 0.5),
    "dcf_tiny": Able(BOTH, 0.85, 0.5),
    "siamban_mobile": Able(BOTH, 0.7, 0.5, shape=0.25),
    # Over smooth ground its score falls little: it has no response to compare with.
    "siamfc_mobile": Able(BOTH, 0.85, 0.9),
    # A step of its scales is two of 33 cells, and the box takes over half of it: sizes change late.
    "tadt_mobile": Able((), 0.4, 0.7),
    "dslt_mobile": Able(BOTH, 0.7, 0.5),
    # Its box takes over a fifth of what the IoU head finds, and hardly shrinks.
    "dcfst_mobile": Able(("grows",), 0.8, 0.5, shape=0.05),
    # It judges candidates by their contents alone, wherever they lie.
    "rtmdnet_mobile": Able(BOTH, 0.5, 0.5, shape=0.25, near=False),
    "edcf_mobile": Able(BOTH, 0.5, 0.9),
    "cfnet": Able(BOTH, 0.8, 0.75, 0.25),
    "adacfnet": Able(BOTH, 0.8, 0.75, 0.25),
    "cacfnet": Able(BOTH, 0.8, 0.5, 0.25),
}
#: Shares of the true change of size that count as following it.
LEAST, MOST = 0.25, 1.35


@functools.cache
def tracker(name: str) -> Tracker:
    width = TRACKERS[name].width
    return untrained(name, width_multiplier=width) if width else load(name)


def run(name: str, frames: list[Tensor], box: Tensor) -> tuple[list[Estimate], Tensor]:
    estimates = track(tracker(name), frames, box)
    return estimates, torch.stack([e.box for e in estimates])


def size_of(box: Tensor) -> float:
    return float(box[2:].log().mean())


@pytest.mark.parametrize("name", TRACKERS)
def test_a_box_stays_on_a_target_that_stays(name: str) -> None:
    boxes = path(5)
    _, found = run(name, [scene(box) for box in boxes], boxes[0])
    assert iou(found, boxes[1:]).min() > 0.8


@pytest.mark.parametrize(
    ("name", "change"), [(name, change) for name, able in TRACKERS.items() for change in able.sizes]
)
def test_a_box_follows_a_target_s_size(name: str, change: str) -> None:
    grows = change == "grows"
    factor, first = (1.04, (28.0, 24.0)) if grows else (1 / 1.04, (44.0, 40.0))
    boxes = path(10, (120.0, 80.0, *first), growth=(factor, factor))
    _, found = run(name, [scene(box) for box in boxes], boxes[0])
    share = (size_of(found[-1]) - size_of(boxes[0])) / (size_of(boxes[-1]) - size_of(boxes[0]))
    assert LEAST < share < MOST


@pytest.mark.parametrize("name", TRACKERS)
def test_a_target_that_changes_its_shape_is_kept(name: str) -> None:
    boxes = path(8, growth=(1.03, 1 / 1.02))
    _, found = run(name, [scene(box) for box in boxes], boxes[0])
    ratio, first = found[:, 2] / found[:, 3], boxes[0, 2] / boxes[0, 3]
    if least := TRACKERS[name].shape:
        true = (boxes[-1, 2] / boxes[-1, 3] / first).log()
        assert least < (ratio[-1] / first).log() / true < MOST
    else:
        torch.testing.assert_close(ratio, first.expand_as(ratio), rtol=1e-3, atol=0)
    # A third of the target's side: a box that keeps the old shape still has to be on it.
    assert (found[:, :2] - boxes[1:, :2]).abs().max() < 9
    assert iou(found, boxes[1:]).min() > 0.5


@pytest.mark.parametrize("name", TRACKERS)
def test_a_target_that_moves_half_its_size_a_frame_is_followed(name: str) -> None:
    boxes = path(6, (50.0, 60.0, 32.0, 28.0), motion=(16.0, 5.0))
    _, found = run(name, [scene(box) for box in boxes], boxes[0])
    # The box of the frame before overlaps by less than a third.
    assert iou(boxes[:-1], boxes[1:]).max() < 0.3
    assert iou(found, boxes[1:]).min() > TRACKERS[name].fast


@pytest.mark.parametrize("name", TRACKERS)
def test_the_score_falls_when_the_target_disappears(name: str) -> None:
    boxes = path(3)
    frames = [scene(box) for box in boxes] + [scene(None)] * 2
    estimates, found = run(name, frames, boxes[0])
    scores = [float(e.score) for e in estimates]
    assert max(scores[2:]) < TRACKERS[name].hidden * min(scores[:2])
    assert torch.isfinite(found).all()


@pytest.mark.parametrize(
    ("name", "alike"),
    [*((name, False) for name in TRACKERS), *((name, True) for name, able in TRACKERS.items() if able.near)],
)
def test_an_object_that_passes_does_not_take_the_box_along(name: str, alike: bool) -> None:
    boxes = path(10, (90.0, 80.0, 32.0, 28.0), motion=(2.0, 0.0))
    others = path(10, (210.0, 112.0, 32.0, 28.0), motion=(-14.0, 0.0))
    frames = [scene(box, other, alike) for box, other in zip(boxes, others, strict=True)]
    _, found = run(name, frames, boxes[0])
    # It passes from right to left, one height below.
    assert others[0, 0] > boxes[0, 0] and others[-1, 0] < boxes[-1, 0]
    assert iou(found, boxes[1:]).min() > 0.5 and iou(found, others[1:]).max() < 0.2
