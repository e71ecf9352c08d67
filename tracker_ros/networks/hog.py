# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Histograms of oriented gradients and colour, without learned parameters."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

ORDER = 4


class GradientColorFeatures(nn.Module):
    """Gradient histograms, intensity and opponent colours per cell.

    18 signed and 9 unsigned orientation bins as in Felzenszwalb et al. (2010), computed as in Fourier
    HOG (Liu et al., 2014): a gradient of magnitude m and angle a adds m cos(k a) and m sin(k a) for
    k = 0..4, which are averaged over a cell; a bin is then the Fejer kernel around its direction, a
    matrix product over cells instead of a vote of every pixel. A cell is divided by the energy of its
    3 x 3 neighbourhood and clipped.

    Input [N, 3, H, W] RGB in 0-255, H and W multiples of `cell`; output [N, 30, H/cell, W/cell].
    """

    channels = 30

    def __init__(self, cell: int, clip: float = 0.6) -> None:
        super().__init__()
        self.cell = cell
        self.clip = clip
        self.order = ORDER
        kernel = torch.cat((_fejer(18, 2 * math.pi, 1), _fejer(9, math.pi, 2)))
        self.register_buffer("kernel", kernel, persistent=False)
        # Rec. 601 luma, red against green, blue against both: each spans 1 over the RGB cube.
        opponent = torch.tensor([[0.299, 0.587, 0.114], [0.5, -0.5, 0.0], [-0.25, -0.25, 0.5]]) / 255.0
        self.register_buffer("opponent", opponent.view(3, 3, 1, 1), persistent=False)

    def forward(self, image: Tensor) -> Tensor:
        """Return the features [N, 30, H/cell, W/cell] of images [N, 3, H, W]."""
        planes = F.conv2d(image, self.opponent)
        moments = _pooled(self._moments(planes[:, :1]), self.cell)
        features = self.describe(moments.transpose(0, 1), _pooled(planes, self.cell).transpose(0, 1))
        return features.transpose(0, 1)

    def describe(self, moments: Tensor, color: Tensor) -> Tensor:
        """Return features [30, N, h, w] of the cells' mean moments [9, N, h, w] and colours [3, N, h, w]."""
        count, h, w = moments.shape[1], moments.shape[2], moments.shape[3]
        energy = F.avg_pool2d(moments[0], 3, 1, 1, count_include_pad=False)
        histogram = (self.kernel @ moments.flatten(1)).view(-1, count, h, w).relu() / (3 * energy + 0.02)
        color = 2 * (color - color.mean(dim=(2, 3), keepdim=True))
        return torch.cat((histogram.clamp(max=self.clip), color))

    def _moments(self, luma: Tensor) -> Tensor:
        """Return [N, 9, H, W] of [N, 1, H, W].

        m, then m cos(k a), m sin(k a), k = 1..4, of the gradient (m, a).
        """
        padded = F.pad(luma, [1, 1, 1, 1], "replicate")
        real = padded[:, :, 1:-1, 2:] - padded[:, :, 1:-1, :-2]
        imaginary = padded[:, :, 2:, 1:-1] - padded[:, :, :-2, 1:-1]
        magnitude = (real * real + imaginary * imaginary).sqrt().clamp(min=1e-4)
        cosine, sine = real / magnitude, imaginary / magnitude
        planes = [magnitude, real, imaginary]
        for _ in range(self.order - 1):
            real, imaginary = real * cosine - imaginary * sine, real * sine + imaginary * cosine
            planes += [real, imaginary]
        return torch.cat(planes, 1)


def _pooled(planes: Tensor, cell: int) -> Tensor:
    """Average over cells: [N, C, H, W] to [N, C, H/cell, W/cell].

    Rows are added whole and columns by a matrix product: less than half the time of avg_pool2d.
    """
    n, c, h, w = planes.shape
    rows = planes.view(n, c, h // cell, cell, w).sum(3)
    own = torch.arange(w, device=planes.device).unsqueeze(1) // cell
    pool = (own == torch.arange(w // cell, device=planes.device)).to(planes.dtype)
    return rows @ (pool * (1.0 / (cell * cell)))


def _fejer(bins: int, period: float, step: int) -> Tensor:
    """Return [bins, 9]: weights of the moments in bins of directions, equally spaced over `period`.

    Every `step`-th harmonic is used: 2 leaves the even ones, which do not tell a direction from its
    opposite.
    """
    angles = torch.arange(bins) * (period / bins)
    columns = [torch.ones(bins)]
    for k in range(1, ORDER + 1):
        weight = 2 * (1 - k / (ORDER + 1)) if k % step == 0 else 0.0
        columns += [weight * torch.cos(k * angles), weight * torch.sin(k * angles)]
    return torch.stack(columns, 1)
