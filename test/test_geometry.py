# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Boxes: round trips, clipping and overlap against counting on a grid."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tracker_ros.geometry import Box, xywh_to_boxes
from tracker_ros.ops.boxes import iou

coordinate = st.floats(-500, 500, width=32)
extent = st.floats(0.5, 300, width=32)
boxes = st.builds(Box, coordinate, coordinate, extent, extent)


@given(boxes)
def test_xywh_round_trip(box):
    assert Box.from_xywh(*box.to_xywh()) == pytest.approx(box, abs=1e-9)


def test_arrays_are_not_changed_in_place():
    original = np.array([[10.0, 20.0, 4.0, 6.0]])
    assert xywh_to_boxes(original).tolist() == [[12.0, 23.0, 4.0, 6.0]]
    assert original.tolist() == [[10.0, 20.0, 4.0, 6.0]]


@given(boxes)
def test_clipped_box_lies_inside_and_clipping_twice_changes_nothing(box):
    once = box.clipped(320, 240)
    x, y, w, h = once.to_xywh()
    assert w >= 0 and h >= 0
    assert -1e-9 <= x and x + w <= 320 + 1e-6 and -1e-9 <= y and y + h <= 240 + 1e-6
    assert once.clipped(320, 240) == pytest.approx(once, abs=1e-6)


def _mask(x: int, y: int, w: int, h: int) -> np.ndarray:
    plane = np.zeros((60, 60), bool)
    plane[y : y + h, x : x + w] = True
    return plane


integer_box = st.tuples(st.integers(0, 29), st.integers(0, 29), st.integers(1, 30), st.integers(1, 30))


@given(integer_box, integer_box)
def test_iou_equals_counting_pixels(a, b):
    first, second = _mask(*a), _mask(*b)
    counted = (first & second).sum() / (first | second).sum()
    found = iou(Box.from_xywh(*a).to_tensor(), Box.from_xywh(*b).to_tensor())
    assert float(found) == pytest.approx(counted, abs=1e-6)


def test_iou_broadcasts_and_scripts():
    one = torch.tensor([10.0, 10.0, 4.0, 4.0])
    many = torch.tensor([[10.0, 10.0, 4.0, 4.0], [12.0, 10.0, 4.0, 4.0], [30.0, 10.0, 4.0, 4.0]])
    expected = torch.tensor([1.0, 1 / 3, 0.0])
    torch.testing.assert_close(iou(one, many), expected)
    torch.testing.assert_close(torch.jit.script(iou)(one, many), expected)
    assert float(iou(torch.zeros(4), torch.zeros(4))) == 0.0


@pytest.mark.parametrize(
    "box, words",
    [
        (Box(math.nan, 5, 10, 10), "not finite"),
        (Box(5, 5, math.inf, 10), "not finite"),
        (Box(50, 50, 1, 10), "at least 2 x 2"),
        (Box(50, 50, -10, 10), "at least 2 x 2"),
        (Box(400, 50, 20, 20), "outside the 320 x 240 image"),
    ],
)
def test_problem_says_what_is_wrong(box, words):
    assert words in box.problem(320, 240)


def test_a_box_that_is_a_quarter_visible_can_be_tracked():
    assert Box(0, 120, 40, 40).problem(320, 240) == ""
