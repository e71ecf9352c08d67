# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Scale estimation by a one-dimensional correlation filter over a pyramid of crops."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tracker_ros.networks.hog import GradientColorFeatures
from tracker_ros.ops.crop import crop
from tracker_ros.ops.peaks import vertex

CELL, CELLS = 4, 8


class ScaleFilter(nn.Module):
    """Discriminative scale space search (Danelljan et al., 2014, sec. 3.2).

    The target's features at `count` scales, a factor `step` apart, are one signal over scale with
    many channels; a filter trained on it answers a Gaussian whose peak is the true scale.

    Args:
        count: number of scales, odd.
        step: ratio of neighbouring scales.
        penalty: regularisation of the filter.
    """

    def __init__(self, count: int, step: float, penalty: float) -> None:
        super().__init__()
        self.count = count
        self.step = step
        self.penalty = penalty
        self.cells = CELLS
        self.features = GradientColorFeatures(CELL)
        exponents = torch.arange(count) - count // 2
        # Relative to the largest scale, from whose crop the smaller ones are cut.
        self.register_buffer("shrink", step ** (exponents - count // 2).float(), persistent=False)
        self.register_buffer("label", torch.fft.rfft(torch.exp(-0.5 * exponents.square())), persistent=False)
        frequency = torch.fft.rfftfreq(count) * (2 * math.pi)
        self.register_buffer("frequency", frequency, persistent=False)
        # What all scales share says nothing about scale, and under the window it votes for no change.
        window = torch.hann_window(count + 2, False, dtype=torch.float64)[1:-1]
        centred = torch.eye(count, dtype=torch.float64) - 1 / count
        analysis = torch.fft.rfft(window.unsqueeze(1) * centred, dim=0)
        self.register_buffer("analysis", torch.cat((analysis.real, analysis.imag)).float(), persistent=False)

    def sample(self, frame: Tensor, box: Tensor, aspect: float) -> Tensor:
        """Return the spectrum [D, count // 2 + 1] over scale of the features of `box` (cx, cy, w, h).

        `aspect` (height over width of the first box) fixes the shape of the crops.
        """
        height = max(2, int(self.cells * math.sqrt(aspect) + 0.5)) * self.features.cell
        width = max(2, int(self.cells / math.sqrt(aspect) + 0.5)) * self.features.cell
        largest = self.step ** (self.count // 2)
        region = torch.cat((box[:2], box[2:] * largest))
        image = crop(frame, region, int(height * largest + 0.5), int(width * largest + 0.5))
        rows = (torch.arange(height, device=box.device) + 0.5) * (2 / height) - 1
        columns = (torch.arange(width, device=box.device) + 0.5) * (2 / width) - 1
        grid = torch.stack((columns.expand(height, width), rows.unsqueeze(1).expand(height, width)), -1)
        grid = grid * self.shrink.view(-1, 1, 1, 1)
        patches = F.grid_sample(
            image.expand(self.count, 3, image.shape[2], image.shape[3]),
            grid,
            "bilinear",
            "border",
            align_corners=False,
        )
        features = self.features(patches).reshape(self.count, -1)
        half = self.analysis.shape[0] // 2
        spectrum = self.analysis @ features
        return torch.complex(spectrum[:half], spectrum[half:]).t()

    def terms(self, sample: Tensor, growth: Tensor) -> tuple[Tensor, Tensor]:
        """Return the numerator [D, count // 2 + 1] and energy [count // 2 + 1] of the filter of one sample.

        Args:
            growth: [], factor by which the target is larger than the box that was sampled: the label's
                peak belongs there.
        """
        angle = self.frequency * (growth.log() / math.log(self.step))
        label = self.label * torch.complex(angle.cos(), -angle.sin())
        return torch.conj(sample) * label, (sample.real.square() + sample.imag.square()).sum(0)

    def locate(self, sample: Tensor, numerator: Tensor, energy: Tensor) -> float:
        """Return the factor by which the target is larger than the box that was sampled."""
        spectrum = (sample * numerator).sum(0) / (energy + self.penalty)
        response: list[float] = torch.fft.irfft(spectrum, self.count).tolist()
        best = response.index(max(response))
        exponent = float(best - self.count // 2)
        if 0 < best < self.count - 1:
            exponent += vertex(response[best - 1], response[best], response[best + 1])
        return self.step**exponent
