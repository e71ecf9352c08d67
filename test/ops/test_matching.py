# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Finding a small picture in a large one, and how far a picture moved, eager and compiled."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from image_helpers import texture

from tracker_ros.ops.registration import thumbnail, translation
from tracker_ros.ops.template import local_maxima, match_template
from tracker_ros.session.motion import SURE


def slow_match(image: np.ndarray, template: np.ndarray) -> np.ndarray:
    """The correlation coefficient of numpy with every window."""
    _, height, width = template.shape
    rows, columns = image.shape[1] - height + 1, image.shape[2] - width + 1
    result = np.zeros((rows, columns))
    for y in range(rows):
        for x in range(columns):
            window = image[:, y : y + height, x : x + width]
            if np.ptp(window) > 0:
                result[y, x] = np.corrcoef(window.ravel(), template.ravel())[0, 1]
    return result


def test_match_template_is_the_correlation_coefficient() -> None:
    rng = np.random.default_rng(0)
    image = rng.uniform(0, 255, (3, 14, 17))
    image[:, :6, :6] = 128.0  # no contrast
    template = image[:, 5:10, 8:12]
    single = [torch.from_numpy(a).float() for a in (image, template)]
    torch.testing.assert_close(match_template(*single), torch.jit.script(match_template)(*single))
    found = match_template(*single)
    np.testing.assert_allclose(found.numpy(), slow_match(image, template), atol=1e-4)
    assert divmod(int(found.argmax()), found.shape[1]) == (5, 8)
    assert found.max().item() == pytest.approx(1.0, abs=1e-5)


def test_local_maxima_are_the_highest_of_their_neighbourhood() -> None:
    response = torch.zeros(9, 9)
    response[2, 2], response[2, 3], response[7, 6] = 0.9, 0.8, 0.5
    for function in (local_maxima, torch.jit.script(local_maxima)):
        found = function(response, 1, 1, 2)
        torch.testing.assert_close(found, torch.tensor([[2.0, 2.0, 0.9], [7.0, 6.0, 0.5]]))


def test_local_maxima_are_those_of_a_plain_loop() -> None:
    response = torch.from_numpy(np.random.default_rng(0).permutation(12 * 15).reshape(12, 15)).float()
    expected = []
    for row in range(12):
        for column in range(15):
            around = response[max(row - 2, 0) : row + 3, max(column - 1, 0) : column + 2]
            if response[row, column] == around.max():
                expected.append([row, column, response[row, column].item()])
    expected.sort(key=lambda place: -place[2])
    assert local_maxima(response, 2, 1, 999).tolist() == expected
    assert local_maxima(response, 2, 1, 3).tolist() == expected[:3]


@pytest.mark.parametrize(("dx", "dy"), [(0, 0), (7, -3), (-12, 9), (1, 30)])
def test_translation_finds_known_shifts(dx: int, dy: int) -> None:
    big = texture(240, 320)[1].float()
    before, after = big[50:170, 60:220], big[50 - dy : 170 - dy, 60 - dx : 220 - dx]
    moved, peak = torch.jit.script(translation)(before, after)
    assert moved.tolist() == pytest.approx([dx, dy], abs=0.3)
    assert peak > 2 * SURE


def test_translation_between_strangers_and_flat_pictures_is_unsure() -> None:
    one, other = texture(120, 160, 1)[1].float(), texture(120, 160, 2)[1].float()
    assert translation(one, other)[1] < SURE
    moved, peak = translation(one, torch.zeros(120, 160))
    assert torch.isfinite(moved).all() and peak == 0


def test_thumbnail_averages_whole_blocks() -> None:
    frame = texture(49, 65)
    small = torch.jit.script(thumbnail)(frame, 16)
    assert small.shape == (9, 13)
    assert small[2, 3].item() == pytest.approx(frame[1, 10:15, 15:20].float().mean().item(), abs=1e-3)
