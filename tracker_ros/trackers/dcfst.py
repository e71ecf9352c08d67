# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""DCFST: features learned through a closed-form solver (Zheng et al., 2019).

A ridge regression over the vectors of candidate boxes finds the target; the IoU head refines its box.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from tracker_ros.networks.dcfst import AREA, DcfstNetwork
from tracker_ros.ops.boxes import into_frame
from tracker_ros.ops.crop import crop
from tracker_ros.ops.peaks import argmax_2d, subcell_peak
from tracker_ros.ops.ridge import ridge, solve_gram
from tracker_ros.trackers._dcfst_memory import average_data, average_gram, first_data, first_gram, views
from tracker_ros.trackers._usual import is_hidden, usual_score
from tracker_ros.trackers.base import Estimate, Tracker, register, setting

#: Range of the boxes that refinement begins from, in roots of the target's area: of their middles and sizes.
JITTER = (0.1, 0.1, 0.5, 0.5)


@dataclass(frozen=True)
class DcfstSettings:
    """Settings of DCFST."""

    backbone: str = setting(
        "micro_resnet",
        "network that extracts the features",
        choices=("resnet18", "micro_resnet", "mobilenet_v3"),
    )
    regularization: float = setting(0.1, "lambda, the weight of the ridge or L2 term", 1e-6, 1e3)
    memory_kind: str = setting(
        "gram",
        "what is averaged over frames: the data matrix (eq. 6) or X'X and X'y",
        choices=("data", "gram"),
    )
    learning_rate: float = setting(0.01, "share of the newest frame in the model; delta of eq. 6", 0.0, 1.0)
    distractor_learning_rate: float = setting(0.1, "delta of a frame with a distractor", 0.0, 1.0)
    initial_share: float = setting(0.25, "the first frame's share never falls below this", 0.0, 1.0)
    update_interval: int = setting(
        1, "frames from one update of the model to the next; a data matrix learns those between too", 1, 1000
    )
    initial_augmentation: bool = setting(True, "learn the first frame mirrored and blurred too")
    window_width: float = setting(
        1.0, "width of the window over the response in target sides; 0: none", 0.0, 10.0
    )
    window_floor: float = setting(0.5, "least value of the window", 0.0, 1.0)
    not_found_score: float = setting(
        0.25, "no move and no update where the windowed response stays below this", 0.0, 1.0
    )
    not_found_share: float = setting(
        0.0, "share of the usual score below which the box stays and the model learns nothing", 0.0, 1.0
    )
    distractor_score: float = setting(
        0.3, "score that makes a peak away from the target a distractor", 0.0, 1.0
    )
    distractor_distance: float = setting(
        0.15, "distance from which a second peak is a distractor, in sides of the search region", 0.0, 1.0
    )
    refinement_candidates: int = setting(
        9, "boxes of the refinement, the found one among them; 0 for none", 0, 100
    )
    refinement_averaged: int = setting(3, "best refined boxes that are averaged", 1, 100)
    refinement_iterations: int = setting(5, "steps of refinement", 1, 100)
    scale_learning_rate: float = setting(
        0.5, "share of a measured size change that the box takes over", 0.0, 1.0
    )
    max_aspect_ratio: float = setting(
        6.0, "refined boxes with sides of a greater ratio do not count", 1.0, 100.0
    )


@register("dcfst", DcfstSettings)
class Dcfst(Tracker):
    """DCFST. State: model `w` [D], its memory, the IoU head's `modulation` and counters."""

    def __init__(self, settings: DcfstSettings) -> None:
        super().__init__()
        s = settings
        self.network = DcfstNetwork(s.backbone)
        self.regularization, self.learning_rate = s.regularization, s.learning_rate
        self.distractor_learning_rate = s.distractor_learning_rate
        self.initial_share, self.update_interval = s.initial_share, s.update_interval
        self.initial_augmentation = s.initial_augmentation
        self.by_gram = s.memory_kind == "gram"
        self.not_found_score, self.not_found_share = s.not_found_score, s.not_found_share
        self.distractor_score = s.distractor_score
        self.distractor_distance = s.distractor_distance
        self.refinement_candidates, self.refinement_iterations = (
            s.refinement_candidates,
            s.refinement_iterations,
        )
        self.refinement_averaged = min(s.refinement_averaged, s.refinement_candidates)
        self.scale_learning_rate, self.max_aspect_ratio = s.scale_learning_rate, s.max_aspect_ratio
        self.area = AREA
        side = self.network.search / AREA
        away = self.network.axis.square() / (
            2 * (s.window_width * side) ** 2 if s.window_width > 0 else float("inf")
        )
        window = torch.exp(-away.unsqueeze(1) - away.unsqueeze(0)).clamp(min=s.window_floor)
        self.register_buffer("window", window, persistent=False)
        offsets = (
            torch.rand(max(s.refinement_candidates, 1), 4, generator=torch.Generator().manual_seed(0)) - 0.5
        )
        offsets[0] = 0.0
        self.register_buffer("offsets", offsets * torch.tensor(JITTER), persistent=False)

    @torch.jit.export
    def initialize(self, frame: Tensor, box: Tensor) -> dict[str, Tensor]:
        """Solve for the model of the target at `box`, from views of the first frame."""
        region = self.region(box)
        patch = crop(frame, region, self.network.search, self.network.search)
        levels = self.network.backbone(patch)
        inside = self.inside(box, region)
        state = {
            "box": box,
            "usual": torch.zeros_like(box[0]),
            "age": torch.zeros([]),
            "share": torch.ones([]),
            "labels": self.network.labels(inside).double(),
            "modulation": self.network.iou.reference(levels, inside.unsqueeze(0))[0],
        }
        samples = [self.samples(levels, inside[2:])]
        if self.initial_augmentation:
            for view in views(patch):
                samples.append(self.samples(self.network.backbone(view), inside[2:]))
        state.update(first_gram(samples, state["labels"]) if self.by_gram else first_data(samples))
        state["w"] = self.solve(state, 1.0)
        return state

    @torch.jit.export
    def localize(self, frame: Tensor, state: dict[str, Tensor]) -> Estimate:
        """Find the response's peak, then refine boxes around it."""
        box = state["box"]
        region = self.region(box)
        scale = region[2] / self.network.search
        levels = self.network.backbone(crop(frame, region, self.network.search, self.network.search))
        grid = self.network.grid
        response = (self.embed(levels, box[2:] / scale) @ state["w"]).view(grid, grid)
        weighted = response * self.window
        row, column = argmax_2d(weighted)
        score = response[row, column].clamp(0.0, 1.0)
        offset = (subcell_peak(weighted, False).flip(0) - (grid - 1) / 2) * self.network.spacing
        found = torch.cat((offset + self.network.search / 2, box[2:] / scale))
        estimate = box
        is_found = self.is_found(weighted[row, column].clamp(0.0, 1.0), score, state)
        if is_found:
            if self.refinement_candidates > 0:
                found = self.refine(levels, state["modulation"], found)
            estimate = self.outside(found, box, region, frame)
        # The outer edges of the grid's cells.
        window = torch.cat((box[:2], (self.network.spacing * grid * scale).expand(2)))
        aux = {
            "found": torch.full_like(score, float(is_found)),
            "hard": self.is_distracted(response, row, column),
        }
        return Estimate(estimate, score, response, window, aux)

    @torch.jit.export
    def update(self, frame: Tensor, state: dict[str, Tensor], estimate: Estimate) -> dict[str, Tensor]:
        """Average the memory and solve anew where it is due."""
        following = state.copy()
        following["box"] = estimate.box
        following["age"] = state["age"] + 1
        following["usual"] = usual_score(state["usual"], estimate.score)
        hard = bool(estimate.aux["hard"])
        due = int(following["age"]) % self.update_interval == 0
        if not bool(estimate.aux["found"]) or (self.by_gram and not (hard or due)):
            return following
        region = self.region(estimate.box)
        patch = crop(frame, region, self.network.search, self.network.search)
        data = self.samples(self.network.backbone(patch), self.inside(estimate.box, region)[2:])
        if self.by_gram:
            # The rate is one of a frame: skipped frames count as if each had looked like this one.
            rate = 1 - (1 - self.learning_rate) ** self.update_interval
        else:
            hard, rate = self.is_hard(data, state["w"]), self.learning_rate
        if hard:
            rate = self.distractor_learning_rate
        share = max(float(state["share"]) * (1 - rate), self.initial_share)
        if self.by_gram:
            following.update(average_gram(state, data, rate, share))
        else:
            following["data"] = average_data(state, data, rate, share)
        following["share"] = torch.full_like(state["share"], share)
        if hard or due:
            following["w"] = self.solve(following, share)
        return following

    def solve(self, memory: dict[str, Tensor], share: float) -> Tensor:
        """Return the model w [D] of the frames in memory, the first one's share among them this."""
        if not self.by_gram:
            return ridge(memory["data"], memory["labels"], self.regularization).float()
        gram = torch.lerp(memory["gram"], memory["first_gram"], share)
        correlation = torch.lerp(memory["correlation"], memory["first_correlation"], share)
        return solve_gram(gram, correlation, self.regularization).float()

    def is_hard(self, data: Tensor, model: Tensor) -> bool:
        """Return whether the model sees a distractor around the middle of the crop of `data` [N, D].

        DCFST-18's public code looks there, in the crop around the refined box, before it learns it.
        """
        grid = self.network.grid
        middle = torch.full_like(model[0], (grid - 1) / 2)
        return bool(self.is_distracted((data.float() @ model).view(grid, grid), middle, middle))

    def is_found(self, weighted: Tensor, score: Tensor, state: dict[str, Tensor]) -> bool:
        """Return whether a frame's peak is that of a target in sight.

        Args:
            weighted: [], the windowed response there: what the public code compares with its threshold.
            score: [], as the response is: its usual value does not hang on where the target was.
            state: of the frame before.
        """
        hidden = is_hidden(score, state["usual"], self.not_found_share)
        return bool(weighted >= self.not_found_score) and not hidden

    def region(self, box: Tensor) -> Tensor:
        """Return the square search region [4] around a box, in image pixels."""
        side = (box[2] * box[3]).sqrt() * self.area
        return torch.cat((box[:2], side.expand(2)))

    def inside(self, box: Tensor, region: Tensor) -> Tensor:
        """Return a box of the image in pixels of the region's crop."""
        scale = self.network.search / region[2]
        return torch.cat(((box[:2] - region[:2]) * scale + self.network.search / 2, box[2:] * scale))

    def outside(self, found: Tensor, box: Tensor, region: Tensor, frame: Tensor) -> Tensor:
        """Return a box of the region's crop in pixels of the image, its size change damped."""
        scale = region[2] / self.network.search
        middle = region[:2] + (found[:2] - self.network.search / 2) * scale
        size = box[2:] + self.scale_learning_rate * (found[2:] * scale - box[2:])
        return torch.cat((into_frame(middle, frame), size.clamp(min=2.0)))

    def embed(self, levels: list[Tensor], size: Tensor) -> Tensor:
        """Return the data matrix X [grid^2, D] of one search crop from its backbone levels [1, C, H, W]."""
        located = self.network.locator(levels)
        return self.network.embed([level[0] for level in located], size)

    def samples(self, levels: list[Tensor], size: Tensor) -> Tensor:
        """Embed as `embed` does, for learning.

        In double precision: in single precision the solver turns the last bit of a feature into a
        hundredth of a pixel, and every frame learned from the box of the one before.
        """
        return self.embed(levels, size).double()

    def is_distracted(self, response: Tensor, row: Tensor, column: Tensor) -> Tensor:
        """Return [] bool: does another place than around the peak score like a target?"""
        places = torch.arange(self.network.grid, device=response.device)
        reach = self.distractor_distance * self.network.search / self.network.spacing
        away = ((places - row).square().unsqueeze(1) + (places - column).square().unsqueeze(0)).float().sqrt()
        return (response * (away > reach).float()).max() > self.distractor_score

    def refine(self, levels: list[Tensor], modulation: Tensor, found: Tensor) -> Tensor:
        """Return the box [4] (crop pixels) after gradient ascent on its predicted IoU, as in ATOM.

        Jittered copies climb by slope times size; the mean of those that end highest counts. A step that does
        not raise the predicted IoU is taken back, and the next one is half as long. Boxes that became too
        long do not count; where all did, the found one stays.
        """
        ready = [level[0] for level in self.network.iou(levels)]
        sides = (found[2] * found[3]).sqrt()
        middles, sizes = found[:2] + self.offsets[:, :2] * sides, found[2:] + self.offsets[:, 2:] * sides
        boxes = torch.cat((middles, sizes.clamp(min=float(found[2:].min()) / 3)), dim=1)
        highest, slope = self.network.iou.ascend(ready, modulation, boxes)
        length = torch.ones_like(highest)
        for _ in range(self.refinement_iterations):
            size = torch.cat((boxes[:, 2:], boxes[:, 2:]), dim=1)
            # Bounded: a step never moves a side by more than a fifth.
            step = (slope * size).minimum(0.2 * size).maximum(-0.2 * size)
            tried = boxes + step * length.unsqueeze(1)
            predicted, steepness = self.network.iou.ascend(ready, modulation, tried)
            higher = predicted > highest
            length = torch.where(higher, length, length / 2)
            boxes = torch.where(higher.unsqueeze(1), tried, boxes)
            slope = torch.where(higher.unsqueeze(1), steepness, slope)
            highest = torch.where(higher, predicted, highest)
        ratio = boxes[:, 2:].max(1).values / boxes[:, 2:].min(1).values
        fit = ratio <= self.max_aspect_ratio
        if not bool(fit.any()):
            return found
        best = highest[fit].argsort(descending=True)[: self.refinement_averaged]
        return boxes[fit].index_select(0, best).mean(0)
