# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Estimate the camera's own motion between two frames, from the background."""

from __future__ import annotations

import torch
from torch import Tensor

from tracker_ros.ops.crop import block_means
from tracker_ros.ops.labels import hann
from tracker_ros.ops.peaks import subcell_peak


def thumbnail(frame: Tensor, longest: int) -> Tensor:
    """Return [h, w] float32 in 0-255: the green channel of uint8 [3, H, W], averaged over whole blocks.

    Blocks are as small as keeps both sides at most `longest`; what does not fill a block is left out.
    """
    block = max(1, -(-max(frame.shape[1], frame.shape[2]) // longest))
    return block_means(frame[1:2], block)[0]


def translation(before: Tensor, after: Tensor) -> tuple[Tensor, Tensor]:
    """Return the displacement of a picture's content by phase correlation (Kuglin and Hines, 1975).

    Args:
        before: [h, w] float.
        after: [h, w], the same content moved.

    Returns:
        [2] (dx, dy) in cells, positive to the right and down, found to a fraction of a cell; and the
        height [] of the peak: 1 for a pure circular shift, near 0 where the pictures have nothing in
        common.

    >>> picture = torch.rand(64, 64, generator=torch.Generator().manual_seed(0))
    >>> moved, _ = translation(picture, picture.roll((3, 5), (0, 1)))
    >>> moved.round()
    tensor([5., 3.])
    """
    height, width = before.shape[0], before.shape[1]
    window = hann(height, width, before.device)
    one = torch.fft.rfft2((before - before.mean()) * window)
    other = torch.fft.rfft2((after - after.mean()) * window)
    cross = torch.conj(one) * other
    response = torch.fft.irfft2(cross / cross.abs().clamp(min=1e-6), [height, width])
    return subcell_peak(response, True).flip(0), response.max()
