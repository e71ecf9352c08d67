# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""SiamBAN (Chen et al., CVPR 2020) on a light network: one forward a frame gives every cell a box."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from tracker_ros.networks.siamban import CELLS, EXEMPLAR, SEARCH, STRIDE, SiamBanNet, boxes_of, cell_places
from tracker_ros.ops.anchors import change_penalty, padded_side
from tracker_ros.ops.boxes import frame_extent, into_frame
from tracker_ros.ops.crop import crop
from tracker_ros.trackers.base import Estimate, Tracker, register, setting


@dataclass(frozen=True)
class SiamBanSettings:
    """Post-processing: SiamRPN's, and what it lacks where the target cannot be told."""

    temperature: float = setting(
        3.3,
        "divides the logits by which cells are chosen; above 1 where they are too sure",
        0.1,
        100.0,
    )
    change_penalty: float = setting(
        0.14, "strength of the penalty on changes of size and aspect ratio", 0.0, 10.0
    )
    window_influence: float = setting(0.45, "weight of the cosine window that prefers small motion", 0.0, 1.0)
    scale_learning_rate: float = setting(
        0.35, "share of a measured size change that the box takes over; times score and penalty", 0.0, 1.0
    )
    even_logit: float = setting(3.6, "logit at which every second box is right", -100.0, 100.0)
    logit_width: float = setting(1.4, "rise of the logit that raises the odds of the score by e", 0.01, 100.0)
    hold_score: float = setting(0.07, "score at and below which the box stays where it is", 0.0, 0.99)
    follow_score: float = setting(0.24, "score from which the box follows wholly", 0.01, 1.0)


@register("siamban", SiamBanSettings)
class SiamBan(Tracker):
    """A pixelwise correlation, a classification and the distances to the sides of a box.

    Cells are chosen by probabilities that the temperature softens. The score is the chosen cell's,
    calibrated: the probability that the box overlaps the target by half. While it is low, as under an
    occlusion, many cells are as likely as each other: the box follows the choice in part or not at all.

    State: ``box``; ``classifier`` and ``locator`` [1, 64, 48], the exemplar's kernels.
    """

    def __init__(self, settings: SiamBanSettings) -> None:
        super().__init__()
        self.net = SiamBanNet()
        self.temperature = settings.temperature
        self.change_penalty = settings.change_penalty
        self.window_influence = settings.window_influence
        self.scale_learning_rate = settings.scale_learning_rate
        self.even_logit, self.logit_width = settings.even_logit, settings.logit_width
        self.hold_score = settings.hold_score
        self.certain = max(settings.follow_score - settings.hold_score, 1e-6)
        self.exemplar, self.search = EXEMPLAR, SEARCH
        self.stride, self.covered = STRIDE, CELLS * STRIDE
        self.register_buffer("places", cell_places(), persistent=False)
        # Periodic, so that its peak is on the cell in the middle.
        window = torch.hann_window(CELLS)
        self.register_buffer("window", window.unsqueeze(1) * window, persistent=False)

    def _crop(self, frame: Tensor, box: Tensor, pixels: int) -> tuple[Tensor, Tensor]:
        """Cut a square [1, 3, pixels, pixels] about the box.

        Return it and the image pixels per crop pixel [].
        """
        zoom = padded_side(box[2], box[3]) / self.exemplar
        side = zoom * pixels
        return crop(frame, torch.stack((box[0], box[1], side, side)), pixels, pixels, "mean"), zoom

    @torch.jit.export
    def initialize(self, frame: Tensor, box: Tensor) -> dict[str, Tensor]:
        """Learn the target's kernels."""
        image, _ = self._crop(frame, box, self.exemplar)
        classifier, locator = self.net.template(self.net.features(image))
        return {"box": box, "classifier": classifier, "locator": locator}

    @torch.jit.export
    def localize(self, frame: Tensor, state: dict[str, Tensor]) -> Estimate:
        """Choose a cell by its probability, the change that its box means, and the window; follow its box."""
        box = state["box"]
        image, zoom = self._crop(frame, box, self.search)
        logits, sides = self.net(state["classifier"], state["locator"], self.net.features(image))
        likely = torch.sigmoid(logits[0] / self.temperature)
        boxes = boxes_of(sides, self.places)[0] * zoom
        penalty = change_penalty(boxes, box[2:], self.change_penalty)
        ranking = penalty * likely * (1 - self.window_influence) + self.window * self.window_influence
        best = ranking.flatten().argmax()
        found = boxes.view(-1, 4)[best]
        score = torch.sigmoid((logits.flatten()[best] - self.even_logit) / self.logit_width)
        followed = ((score - self.hold_score) / self.certain).clamp(0.0, 1.0)
        center = into_frame(box[:2] + followed * found[:2], frame)
        rate = (penalty * likely).flatten()[best] * self.scale_learning_rate * followed
        size = torch.lerp(box[2:], found[2:], rate).clamp(min=2.0).minimum(frame_extent(frame))
        # The cell at (8, 8) of 16 is the middle: the map reaches half a cell further to the left.
        middle, side = box[:2] - zoom * self.stride / 2, zoom * self.covered
        window = torch.stack((middle[0], middle[1], side, side))
        return Estimate(torch.cat((center, size)), score, likely, window, {"rate": rate})

    @torch.jit.export
    def update(self, frame: Tensor, state: dict[str, Tensor], estimate: Estimate) -> dict[str, Tensor]:
        """Move to the estimate."""
        moved = state.copy()
        moved["box"] = estimate.box
        return moved
