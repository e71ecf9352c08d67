# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The tracking loop of SiamFC and CFNet: correlate a template over a pyramid of search regions."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tracker_ros.ops.boxes import into_frame
from tracker_ros.ops.crop import crop, crop_pyramid
from tracker_ros.ops.labels import hann
from tracker_ros.ops.peaks import subcell_peak
from tracker_ros.trackers._usual import is_hidden, usual_score
from tracker_ros.trackers.base import Estimate, Tracker, setting

SEARCH = 255


@dataclass(frozen=True)
class SearchSettings:
    """Settings that all members of the family share."""

    context_amount: float = setting(0.5, "context on each side, share of (w + h) / 2", 0.0, 2.0)
    scale_step: float = setting(1.0375, "ratio of neighbouring scales", 1.0, 1.5)
    scale_penalty: float = setting(0.9745, "factor on the peak of a changed scale", 0.0, 1.0)
    scale_learning_rate: float = setting(
        0.59, "share of a measured size change that the box takes over", 0.0, 1.0
    )
    window_influence: float = setting(
        0.176, "weight of the cosine window that prefers small motion", 0.0, 1.0
    )
    response_upsampling: int = setting(16, "bicubic upsampling of the response map", 1, 32)
    learning_rate: float = setting(0.0, "share of the newest frame in the model", 0.0, 1.0)
    not_found_share: float = setting(
        0.0, "share of the usual score below which the box stays and the model learns nothing", 0.0, 1.0
    )


def best_scale(peaks: Tensor, penalty: float) -> int:
    """Index of the highest of the peaks [S] of S scales, all but the middle one times `penalty`."""
    # Responses may be negative, where a factor below 1 would be a reward.
    changed = (torch.arange(peaks.shape[0], device=peaks.device) != peaks.shape[0] // 2).float()
    return int((peaks - changed * (1 - penalty) * peaks.abs()).argmax().item())


def bounded(size: Tensor, first: Tensor) -> Tensor:
    """Return a box size [2] kept between a fifth and five times the first one, as SiamFC's authors do."""
    return torch.minimum(torch.maximum(size, first * 0.2), first * 5.0)


class SiameseSearch(Tracker):
    """Template matching over three scales, with a window, scale damping and a rolling template.

    The score is the logistic function of the logit at the chosen position: the probability, as the
    network was trained to state it, that the target is there. `response` holds the correlations of
    the winning scale before upsampling. The channel weights of the winning scale's search region, if
    the network computes any, are in `Estimate.aux` under ``weights/se1``, ``weights/se2``.

    Args:
        model: with `template(images)`, `forward(images, templates)` and `adjust(response)`, as
            `networks.siamfc.SiamFCModel`.
        settings: see `SearchSettings`.
        exemplar: side of the exemplar crop in pixels; the search crop is 255.
        stride: pixels a cell of the response.
        cells: side of the response.
    """

    def __init__(
        self, model: nn.Module, settings: SearchSettings, exemplar: int, stride: int, cells: int
    ) -> None:
        super().__init__()
        self.model = model
        self.context_amount = settings.context_amount
        self.scales = [1.0 / settings.scale_step, 1.0, settings.scale_step]
        self.scale_penalty = settings.scale_penalty
        self.scale_learning_rate = settings.scale_learning_rate
        self.window_influence = settings.window_influence
        self.response_upsampling = settings.response_upsampling
        self.learning_rate = settings.learning_rate
        self.not_found_share = settings.not_found_share
        self.exemplar = exemplar
        self.search = SEARCH
        self.stride = stride
        window = hann(cells * settings.response_upsampling, cells * settings.response_upsampling)
        self.register_buffer("window", window / window.sum(), persistent=False)

    def region(self, box: Tensor, crop_side: int) -> Tensor:
        """Return the square [4] around `box` that a crop of `crop_side` px shows as the exemplar does."""
        padded = box[2:] + self.context_amount * box[2:].sum()
        side = padded.prod().sqrt() * (crop_side / self.exemplar)
        return torch.stack((box[0], box[1], side, side))

    def template(self, frame: Tensor, box: Tensor) -> Tensor:
        """Return [1, C, th, tw] of the target at `box`."""
        region = self.region(box, self.exemplar)
        image = crop(frame, region, self.exemplar, self.exemplar, "mean")
        return self.learn(image, box[2:] * (self.exemplar / region[2]))

    def learn(self, image: Tensor, size: Tensor) -> Tensor:
        """Return [1, C, th, tw] of an exemplar crop [1, 3, E, E] and the target's size [2] (w, h) in it."""
        return self.model.template(image)

    @torch.jit.export
    def initialize(self, frame: Tensor, box: Tensor) -> dict[str, Tensor]:
        """Return the template of the first frame, and the first box, which bounds the scale."""
        template, usual = self.template(frame, box), torch.zeros_like(box[0])
        return {"box": box, "first": box, "template": template, "usual": usual}

    @torch.jit.export
    def localize(self, frame: Tensor, state: dict[str, Tensor]) -> Estimate:
        """Return the best of three scales, then the best position in it."""
        box = state["box"]
        region = self.region(box, self.search)
        crops = crop_pyramid(frame, region, self.scales, self.search, self.search, "mean")
        responses, weights = self.model(crops, state["template"])
        size = [responses.shape[1] * self.response_upsampling, responses.shape[2] * self.response_upsampling]
        fine = F.interpolate(responses.unsqueeze(1), size, mode="bicubic", align_corners=False).squeeze(1)
        best = best_scale(fine.flatten(1).max(1).values, self.scale_penalty)
        position, logit = self.best_position(fine[best])
        scale = self.scales[best]
        cell = self.stride * region[2] * (scale / self.search)
        middle = (fine.shape[1] - 1) / 2
        moved = into_frame(box[:2] + (position.flip(0) - middle) * (cell / self.response_upsampling), frame)
        wh = bounded(box[2:] * (1 + self.scale_learning_rate * (scale - 1)), state["first"][2:])
        covered = torch.stack((cell * responses.shape[2], cell * responses.shape[1]))
        aux: dict[str, Tensor] = {}
        for index, values in enumerate(weights):
            aux["weights/se" + str(index + 1)] = values[best]
        score = torch.sigmoid(logit)
        hidden = is_hidden(score, state["usual"], self.not_found_share)
        found = box if hidden else torch.cat((moved, wh))
        return Estimate(found, score, responses[best], torch.cat((box[:2], covered)), aux)

    def best_position(self, response: Tensor) -> tuple[Tensor, Tensor]:
        """Return (row, column) [2] of the windowed maximum of an upsampled response, and the logit there."""
        lifted = response - response.min()
        mixed = (1 - self.window_influence) * lifted / lifted.sum().clamp(
            min=1e-12
        ) + self.window_influence * self.window
        logit = self.model.adjust(response.flatten()[mixed.flatten().argmax()])
        return subcell_peak(mixed, False), logit

    @torch.jit.export
    def update(self, frame: Tensor, state: dict[str, Tensor], estimate: Estimate) -> dict[str, Tensor]:
        """Move to the estimate; with `learning_rate` > 0 the template follows a target that was found."""
        template = state["template"]
        hidden = is_hidden(estimate.score, state["usual"], self.not_found_share)
        if self.learning_rate > 0 and not hidden:
            template = torch.lerp(template, self.template(frame, estimate.box), self.learning_rate)
        usual = usual_score(state["usual"], estimate.score)
        return {"box": estimate.box, "first": state["first"], "template": template, "usual": usual}
