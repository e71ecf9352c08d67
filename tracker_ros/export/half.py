# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Networks in half precision inside a tracker that otherwise computes in single precision."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

from tracker_ros.networks.backbones.base import Backbone
from tracker_ros.trackers import SettingsError, Tracker

PRECISIONS = {"float16": torch.float16, "bfloat16": torch.bfloat16}


class HalfBackbone(nn.Module):
    """A backbone whose layers compute in `dtype`; pixels are prepared, and maps returned, in float32.

    A number with 8 or 11 bits cannot hold 0-255 minus a mean as exactly as the network was trained with.
    """

    def __init__(self, backbone: Backbone, dtype: torch.dtype) -> None:
        super().__init__()
        self.strides = backbone.strides
        self.channels = backbone.channels
        self.bgr = backbone.bgr
        self.dtype = dtype
        self.register_buffer("mean", backbone.mean.clone(), persistent=False)
        self.register_buffer("std", backbone.std.clone(), persistent=False)
        self.layers = copy.deepcopy(backbone).to(dtype)
        # The pixels reach the layers prepared.
        self.layers.mean.zero_()
        self.layers.std.fill_(1.0)
        self.layers.bgr = False

    def forward(self, images: Tensor) -> list[Tensor]:
        """Map crops [N, 3, H, W] (RGB, 0-255) to one float32 map a level."""
        ordered = images.flip(1) if self.bgr else images
        maps: list[Tensor] = []
        for level in self.layers(((ordered - self.mean) / self.std).to(self.dtype)):
            maps.append(level.float())
        return maps


def with_half_networks(tracker: Tracker, precision: str) -> Tracker:
    """Copy `tracker` with backbones that compute in 'float16' (GPUs) or 'bfloat16' (CPUs that have it).

    Raises:
        SettingsError: for another precision, or a tracker without a backbone of this package.
    """
    if precision not in PRECISIONS:
        raise SettingsError(f"precision '{precision}' is none of {', '.join(PRECISIONS)}")
    made = copy.deepcopy(tracker)
    places = [
        (parent, name)
        for parent in made.modules()
        for name, child in parent.named_children()
        if isinstance(child, Backbone)
    ]
    if not places:
        raise SettingsError(f"{type(tracker).__name__} has no backbone to run in {precision}")
    for parent, name in places:
        setattr(parent, name, HalfBackbone(getattr(parent, name), PRECISIONS[precision]))
    return made
