# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Augmentation of batches of crops, on whatever device they lie; every sample draws its own values."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

_LUMA = (0.299, 0.587, 0.114)


@dataclass(frozen=True)
class Augmentation:
    """Changes to crops before a step.

    Attributes:
        flip: chance that both crops of a sample are mirrored, boxes included.
        gain: greatest relative change of each colour channel; crops of a sample share the draw.
        light: greatest relative change of intensity, drawn for each crop.
        blur: chance that the search crop is blurred, by a Gaussian of up to 2 px.
        grey: chance that both crops of a sample lose their colour.
    """

    flip: float = 0.0
    gain: float = 0.0
    light: float = 0.0
    blur: float = 0.0
    grey: float = 0.0

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not 0.0 <= value <= 1.0:
                raise ValueError(f"augmentation '{name}' must be in [0, 1], got {value}")

    def __call__(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """Return a new batch; crops [N, 3, S, S] or [N, T, 3, S, S] stay within 0-255."""
        device, count = batch["exemplar"].device, batch["exemplar"].shape[0]

        def draw(*shape: int) -> Tensor:
            return torch.rand(*shape, device=device)

        shared = {
            "flip": draw(count) < self.flip,
            "grey": draw(count) < self.grey,
            "gain": 1 + self.gain * (2 * draw(count, 3) - 1),
        }
        out = dict(batch)
        for name in ("exemplar", "search"):
            crops = batch[name]
            light = 1 + self.light * (2 * draw(count) - 1)
            factor = _spread(shared["gain"] * light[:, None], crops, 1)
            changed = (crops * factor).clamp(0, 255)
            changed = torch.where(_spread(shared["grey"], crops, 0), to_grey(changed), changed)
            if name == "search" and self.blur > 0:
                sigma = (0.5 + 1.5 * draw(count)) * (draw(count) < self.blur)
                changed = gaussian_blur(changed, sigma)
            flipped = _spread(shared["flip"], crops, 0)
            out[name] = torch.where(flipped, changed.flip(-1), changed)
            out[f"{name}_box"] = _mirror(batch[f"{name}_box"], shared["flip"], crops.shape[-1])
        return out


def to_grey(crops: Tensor) -> Tensor:
    """Convert RGB crops [..., 3, H, W] to luma (ITU-R BT.601), in all three channels."""
    weights = torch.tensor(_LUMA, device=crops.device, dtype=crops.dtype).view(3, 1, 1)
    return (crops * weights).sum(-3, keepdim=True).expand_as(crops)


def gaussian_blur(crops: Tensor, sigma: Tensor, radius: int = 4) -> Tensor:
    """Blur sample n of crops [N, ..., H, W] by sigma[n] pixels (0: left as it is), edges replicated."""
    count, (height, width) = crops.shape[0], crops.shape[-2:]
    offsets = torch.arange(-radius, radius + 1, device=crops.device, dtype=crops.dtype)
    kernel = torch.exp(-0.5 * (offsets / sigma.clamp(min=1e-3).unsqueeze(1)).square())
    kernel = kernel / kernel.sum(1, keepdim=True)
    # Samples become groups of one convolution, so that each has its own kernel.
    flat = crops.reshape(count, -1, height, width).transpose(0, 1)
    padded = F.pad(flat, (radius,) * 4, mode="replicate")
    rows = F.conv2d(padded, kernel.view(count, 1, -1, 1), groups=count)
    return F.conv2d(rows, kernel.view(count, 1, 1, -1), groups=count).transpose(0, 1).reshape(crops.shape)


def _spread(values: Tensor, crops: Tensor, kept: int) -> Tensor:
    """Return [N] or [N, 3] values shaped to broadcast over crops [N, 3, H, W] or [N, T, 3, H, W]."""
    middle = (1,) * (crops.dim() - 4)
    return values.view(values.shape[0], *middle, 3 if kept else 1, 1, 1)


def _mirror(boxes: Tensor, flip: Tensor, side: int) -> Tensor:
    mirrored = boxes.clone()
    mirrored[..., 0] = side - boxes[..., 0]
    return torch.where(flip.view(-1, *(1,) * (boxes.dim() - 1)), mirrored, boxes)
