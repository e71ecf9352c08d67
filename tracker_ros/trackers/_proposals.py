# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The common part of region proposal trackers: one network forward a frame, then the choice of a box."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from tracker_ros.networks.rpn import EXEMPLAR, ResponseGrid
from tracker_ros.ops.anchors import (
    change_penalty,
    decode,
    padded_side,
    split_classes,
    split_offsets,
)
from tracker_ros.ops.boxes import frame_extent, into_frame
from tracker_ros.ops.crop import crop
from tracker_ros.ops.labels import hann
from tracker_ros.trackers.base import Estimate, Tracker, setting


@dataclass(frozen=True)
class ProposalSettings:
    """Post-processing, with the values that pysot tuned for SiamRPN with AlexNet on OTB."""

    search_size: int = setting(287, "side of the search crop in pixels; 8 k + 127 fits the stride", 191, 831)
    change_penalty: float = setting(
        0.16, "strength of the penalty on changes of size and aspect ratio", 0.0, 10.0
    )
    window_influence: float = setting(0.40, "weight of the cosine window that prefers small motion", 0.0, 1.0)
    scale_learning_rate: float = setting(
        0.30, "share of a measured size change that the box takes over; times score and penalty", 0.0, 1.0
    )


def proposals(cls: Tensor, loc: Tensor, anchors: Tensor) -> tuple[Tensor, Tensor]:
    """Return one sample's probabilities [A, h, w] and boxes [A, h, w, 4] (search pixels about the middle)."""
    return torch.sigmoid(split_classes(cls)[0]), decode(anchors, split_offsets(loc)[0])


class ProposalTracker(Tracker):
    """SiamRPN's tracking (Li et al., 2018, section 4.3) around a network with kernels and a search half.

    The score is the probability of the chosen proposal. No online learning: `update` moves the box.
    The region outside the frame has the frame's mean colour; published models were trained with that
    of the first frame, which differs from it only where the light changes.
    """

    def __init__(self, settings: ProposalSettings, net: nn.Module, grid: ResponseGrid) -> None:
        super().__init__()
        self.net = net
        self.search_size = settings.search_size
        self.change_penalty = settings.change_penalty
        self.window_influence = settings.window_influence
        self.scale_learning_rate = settings.scale_learning_rate
        self.exemplar = EXEMPLAR
        cells = grid.cells(settings.search_size)
        self.covered = cells * grid.stride
        self.offset = grid.offset
        self.register_buffer("anchors", grid.anchors(settings.search_size), persistent=False)
        self.register_buffer("window", hann(cells, cells), persistent=False)

    def _region(self, box: Tensor, pixels: int) -> Tensor:
        """Return the square around the box that a crop of this many pixels covers."""
        side = padded_side(box[2], box[3]) * (pixels / self.exemplar)
        return torch.stack((box[0], box[1], side, side))

    @torch.jit.export
    def initialize(self, frame: Tensor, box: Tensor) -> dict[str, Tensor]:
        """Return the correlation kernels of the target."""
        exemplar = crop(frame, self._region(box, self.exemplar), self.exemplar, self.exemplar, "mean")
        cls_kernel, loc_kernel = self.net.template(exemplar)
        return {"box": box, "cls_kernel": cls_kernel, "loc_kernel": loc_kernel}

    @torch.jit.export
    def localize(self, frame: Tensor, state: dict[str, Tensor]) -> Estimate:
        """Return the best of all proposals; `aux` holds the share by which the size followed it."""
        box = state["box"]
        region = self._region(box, self.search_size)
        zoom = region[2] / self.search_size
        patch = crop(frame, region, self.search_size, self.search_size, "mean")
        cls, loc = self.net(state["cls_kernel"], state["loc_kernel"], patch)
        score, boxes = proposals(cls, loc, self.anchors)
        penalty = change_penalty(boxes, box[2:] / zoom, self.change_penalty)
        ranking = penalty * score * (1 - self.window_influence) + self.window * self.window_influence
        best = ranking.flatten().argmax()
        found, probability = boxes.view(-1, 4)[best] * zoom, score.flatten()[best]
        rate = penalty.flatten()[best] * probability * self.scale_learning_rate
        center = into_frame(box[:2] + found[:2], frame)
        size = torch.lerp(box[2:], found[2:], rate).clamp(min=2.0).minimum(frame_extent(frame))
        side = zoom * self.covered
        middle = box[:2] + self.offset * zoom
        window = torch.stack((middle[0], middle[1], side, side))
        return Estimate(torch.cat((center, size)), probability, score.amax(0), window, {"rate": rate})

    @torch.jit.export
    def update(self, frame: Tensor, state: dict[str, Tensor], estimate: Estimate) -> dict[str, Tensor]:
        """Move to the estimate."""
        moved = state.copy()
        moved["box"] = estimate.box
        return moved
