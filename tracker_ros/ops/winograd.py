# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""3x3 convolution with a quarter of the multiplications: Winograd's F(4x4, 3x3).

From Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks" (CVPR 2016), equation 8. A
tile of 6 x 6 inputs and the kernel are both transformed to 36 values; multiplied one by one and
summed over channels they give 4 x 4 outputs. Here each of the three transforms of all tiles is one
matrix product, and so is each of the 36 sums over channels: a CPU does these at its full speed.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def _both_axes(values: list[float], rows: int, like: Tensor) -> Tensor:
    """Return the transform of flattened tiles that applies a matrix, given row by row, to both their axes."""
    one = torch.tensor(values, dtype=like.dtype, device=like.device).view(rows, -1)
    return torch.kron(one, one)


def winograd_kernel(weight: Tensor) -> Tensor:
    """Return [36, O, C]: the transform of kernels [O, C, 3, 3]."""
    # G of the paper, for the points 0, 1, -1, 2, -2 and infinity, as are the other two transforms.
    # fmt: off
    g = [
          1 / 4,     0.0,     0.0,
         -1 / 6,  -1 / 6,  -1 / 6,
         -1 / 6,   1 / 6,  -1 / 6,
         1 / 24,  1 / 12,   1 / 6,
         1 / 24, -1 / 12,   1 / 6,
            0.0,     0.0,     1.0,
    ]
    # fmt: on
    flat = weight.permute(2, 3, 0, 1).reshape(9, -1)
    return (_both_axes(g, 6, weight) @ flat).view(36, weight.shape[0], weight.shape[1])


def winograd_convolve(images: Tensor, kernel: Tensor, bias: Tensor) -> Tensor:
    """Compute ``conv2d(images, weight, bias, padding=1)``, up to rounding.

    Args:
        images: [N, C, H, W].
        kernel: `winograd_kernel` of a weight [O, C, 3, 3].
        bias: [O].

    Returns:
        [N, O, H, W]; in single precision within some 1e-5 of the sum's largest term.
    """
    # fmt: off
    # B transposed and A transposed of the paper.
    into = [
         4.0,  0.0, -5.0,  0.0,  1.0,  0.0,
         0.0, -4.0, -4.0,  1.0,  1.0,  0.0,
         0.0,  4.0, -4.0, -1.0,  1.0,  0.0,
         0.0, -2.0, -1.0,  2.0,  1.0,  0.0,
         0.0,  2.0, -1.0, -2.0,  1.0,  0.0,
         0.0,  4.0,  0.0, -5.0,  0.0,  1.0,
    ]
    back = [
         1.0,  1.0,  1.0,  1.0,  1.0,  0.0,
         0.0,  1.0, -1.0,  2.0, -2.0,  0.0,
         0.0,  1.0,  1.0,  4.0,  4.0,  0.0,
         0.0,  1.0, -1.0,  8.0, -8.0,  1.0,
    ]
    # fmt: on
    n, channels, height, width = images.shape
    down, across, outputs = (height + 3) // 4, (width + 3) // 4, kernel.shape[1]
    padded = F.pad(images, [1, 4 * across + 1 - width, 1, 4 * down + 1 - height])
    # Tile positions last: the transform of all tiles of all channels is one product.
    tiles = padded.unfold(2, 6, 4).unfold(3, 6, 4).permute(4, 5, 1, 0, 2, 3).reshape(36, -1)
    spectra = (_both_axes(into, 6, images) @ tiles).view(36, channels, n * down * across)
    sums = torch.bmm(kernel, spectra).view(36, -1)
    pixels = (_both_axes(back, 4, images) @ sums).view(4, 4, outputs, n, down, across)
    joined = pixels.permute(3, 2, 4, 0, 5, 1).reshape(n, outputs, 4 * down, 4 * across)
    return joined[:, :, :height, :width] + bias.view(1, -1, 1, 1)
