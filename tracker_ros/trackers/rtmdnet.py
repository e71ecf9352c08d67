# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""RT-MDNet (Jung et al., 2018), and with it RT-MDNet_fl and RT-MDNet_sl.

A classifier tells candidate boxes that hold the target from those that do not; its fully connected
layers learn online, with the loss that the settings name (Lu et al., eq. 17 and 18).
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import torch
from torch import Tensor, nn

from tracker_ros.losses.classification import KINDS, ClassificationLoss
from tracker_ros.networks.mobile_mdnet import MobileMdNet
from tracker_ros.networks.vggm import MdNet
from tracker_ros.ops.anchors import decode, encode
from tracker_ros.ops.counter_random import fork
from tracker_ros.ops.crop import crop
from tracker_ros.trackers._candidates import (
    candidate_map,
    gaussian_boxes,
    inside,
    scene_around,
    uniform_boxes,
    with_overlap,
)
from tracker_ros.trackers._online_head import fit_boxes, head_margin, train_head
from tracker_ros.trackers.base import Estimate, Tracker, register, setting


@dataclass(frozen=True)
class RtMdNetSettings:
    """Settings of `rtmdnet`; defaults from the published code."""

    backbone: str = setting(
        "vggm",
        "network that extracts the features",
        choices=("vggm", "mobilenet_v3"),
    )
    loss: str = setting("bce", "loss that online learning minimises", choices=KINDS)
    shrinkage_a: float = setting(
        10.0, "a of the shrinkage loss: how fast it falls for easy samples", 0.0, 100.0
    )
    shrinkage_c: float = setting(
        0.6, "c of the shrinkage loss: the residual at which the factor is half", 0.0, 1.0
    )
    focal_gamma: float = setting(2.0, "exponent of the focal loss", 1.0, 10.0)
    width_multiplier: float = setting(1.0, "share of the published channels of the inner layers", 0.02, 4.0)
    hidden_units: int = setting(128, "units of each fully connected layer, except on vggm", 1, 4096)
    standardize: bool = setting(False, "shift and scale features to mean 0, deviation 1 in the first frame")
    seed: int = setting(0, "seed of all random numbers", 0, 2**31)
    candidate_count: int = setting(256, "boxes that are classified in a frame", 16, 4096)
    search_radius: float = setting(0.6, "farthest candidate, in mean target sizes", 0.05, 10.0)
    lost_search_radius: float = setting(1.4, "farthest candidate after a failure", 0.05, 10.0)
    candidate_scale: float = setting(1.05, "greatest size of a candidate, in target sizes", 1.0, 2.0)
    averaged_candidates: int = setting(5, "candidates whose mean is the answer", 1, 16)
    positive_iou: float = setting(0.7, "least IoU of a box on the target", 0.0, 1.0)
    negative_iou: float = setting(
        0.3, "greatest IoU of a box beside the target after the first frame", 0.0, 1.0
    )
    update_min_score: float = setting(0.5, "score above which a frame is learned from", 0.0, 1.0)
    initial_positives: int = setting(500, "boxes on the target in the first frame", 32, 10000)
    initial_negatives: int = setting(5000, "boxes beside the target in the first frame", 96, 50000)
    initial_iterations: int = setting(50, "most optimizer steps in the first frame", 1, 1000)
    initial_lr: float = setting(1e-4, "optimizer's step size in the first frame", 0.0, 1.0)
    update_positives: int = setting(50, "boxes on the target in later frames", 1, 1000)
    update_negatives: int = setting(200, "boxes beside the target in later frames", 1, 1000)
    update_iterations: int = setting(15, "optimizer steps of an update", 1, 1000)
    update_lr: float = setting(3e-4, "optimizer's step size in later frames", 0.0, 1.0)
    update_interval: int = setting(10, "frames from one update of the model to the next", 1, 1000)
    positive_memory: int = setting(100, "learned frames whose positives are kept", 1, 1000)
    negative_memory: int = setting(20, "learned frames whose negatives are kept", 1, 1000)
    hard_negative_pool: int = setting(1024, "negatives out of which hard ones are mined", 96, 10000)
    box_regression: bool = setting(True, "refine the box by ridge regression, as MDNet does")
    box_regression_samples: int = setting(1000, "boxes that the regression learns from", 8, 10000)
    box_regression_regularization: float = setting(1000.0, "ridge penalty of the regression", 0.0, 1e9)


@register("rtmdnet", RtMdNetSettings)
class RtMdNet(Tracker):
    """Candidate boxes on one feature map a frame, read by adaptive RoIAlign, classified by learned layers.

    The state holds the six parameters of the classifier (``w4`` ... ``b6``; the last layer starts at
    zero, for every target is a new domain), the box regression, box features of learned frames
    (``positives0`` ..., ``negatives0`` ..., in rings), how features are standardised, how many frames were
    learned, whether the last one failed, and the seed of the random numbers. The score is the mean
    probability of the best candidates. Momentum starts from zero in every update, which keeps it out of
    the state; the published code carries it over, and also trains on rescaled copies of the first frame.
    """

    def __init__(self, settings: RtMdNetSettings) -> None:
        super().__init__()
        # TorchScript knows plain attributes, not dataclasses.
        for field in fields(settings):
            setattr(self, field.name, getattr(settings, field.name))
        if settings.backbone == "mobilenet_v3":
            self.net: nn.Module = MobileMdNet(settings.hidden_units)
        else:
            self.net = MdNet(settings.width_multiplier)

    @torch.jit.export
    def initialize(self, frame: Tensor, box: Tensor) -> dict[str, Tensor]:
        """Learn classifier and box regression from boxes on and around the target."""
        seed = torch.tensor(self.seed, device=frame.device)
        on, beside = self.initial_positives, self.initial_negatives
        near = gaussian_boxes(box, 2 * on, 0.1, 1.2, fork(seed, 0))
        far = uniform_boxes(box, 2 * beside, 1.0, 2.0, fork(seed, 1))
        boxes = torch.cat(
            (
                with_overlap(inside(near, frame), box, self.positive_iou, 1.0, on),
                with_overlap(inside(far, frame), box, 0.0, 0.5, beside),
            )
        )
        features = self._read(frame, boxes, box[2:])
        center, spread = self._standard(features)
        features = (features - center) / spread
        positives, negatives = features[:on], features[on:]
        last = [torch.zeros(2, self.net.hidden, device=frame.device), torch.zeros(2, device=frame.device)]
        parameters = train_head(
            positives,
            negatives,
            self.net.start() + last,
            self._objective(),
            self.initial_iterations,
            self.initial_lr,
            self.hard_negative_pool,
            fork(seed, 2),
        )
        state = {
            "box": box,
            "seed": fork(seed, 3),
            "failed": torch.zeros([], device=frame.device),
            "center": center,
            "spread": spread,
            "learned": torch.ones([], dtype=torch.int64, device=frame.device),
            "positives0": positives[: self.update_positives].clone(),
            "negatives0": negatives[: self.update_negatives].clone(),
        }
        self._store(state, parameters)
        if self.box_regression:
            self._learn_regression(frame, box, fork(seed, 4), state)
        return state

    @torch.jit.export
    def localize(self, frame: Tensor, state: dict[str, Tensor]) -> Estimate:
        """Average the best candidates, each refined by the box regression if they look right."""
        box = state["box"]
        reach = self.lost_search_radius if bool(state["failed"] > 0) else self.search_radius
        candidates = inside(
            gaussian_boxes(box, self.candidate_count, reach, self.candidate_scale, state["seed"]), frame
        )
        features = self._seen(frame, candidates, box[2:], state)
        margin = head_margin(features, self._head(state))
        best = margin.topk(self.averaged_candidates).indices
        side = 2 * reach * box[2:].mean()
        response = candidate_map(candidates[:, :2] - box[:2], side, torch.sigmoid(margin))
        score = torch.sigmoid(margin[best]).mean()
        boxes = candidates[best]
        if self.box_regression and bool(score > self.update_min_score):
            boxes = decode(boxes, features[best] @ state["regression"] + state["regression_bias"])
        found = inside(boxes.mean(0, keepdim=True), frame)[0]
        region = torch.stack((box[0], box[1], side, side))
        return Estimate(found, score, response, region, {"boxes": boxes})

    @torch.jit.export
    def update(self, frame: Tensor, state: dict[str, Tensor], estimate: Estimate) -> dict[str, Tensor]:
        """Remembers a good frame; trains after every `interval` good frames and after every bad one."""
        good, learned = bool(estimate.score > self.update_min_score), int(state["learned"])
        moved = self._judged(state, good)
        moved["box"] = estimate.box
        if good:
            self._remember(frame, moved, learned)
            learned += 1
            moved["learned"] = torch.full_like(state["learned"], learned)
        if not good or learned % self.update_interval == 0:
            self._train(moved, learned, self.positive_memory if good else self.negative_memory, state["seed"])
        return moved

    @torch.jit.export
    def missed(self, state: dict[str, Tensor], estimate: Estimate) -> dict[str, Tensor]:
        """Do what follows a bad frame: train on the latest good ones and look farther in the next frame."""
        good = bool(estimate.score > self.update_min_score)
        moved = self._judged(state, good)
        if not good:
            self._train(moved, int(state["learned"]), self.negative_memory, state["seed"])
        return moved

    def _judged(self, state: dict[str, Tensor], good: bool) -> dict[str, Tensor]:
        """Return a copy of the state that knows whether a frame was good, with new random numbers."""
        moved = state.copy()
        moved["seed"] = fork(state["seed"], 0)
        moved["failed"] = torch.full_like(state["failed"], 0.0 if good else 1.0)
        return moved

    def _train(self, state: dict[str, Tensor], learned: int, span: int, seed: Tensor) -> None:
        """Train the classifier on the positives of the last `span` learned frames and all negatives kept."""
        positives = self._recall(
            state, "positives", learned, min(span, self.positive_memory), self.positive_memory
        )
        negatives = self._recall(state, "negatives", learned, self.negative_memory, self.negative_memory)
        self._store(
            state,
            train_head(
                positives,
                negatives,
                self._head(state),
                self._objective(),
                self.update_iterations,
                self.update_lr,
                self.hard_negative_pool,
                fork(seed, 1),
            ),
        )

    def _read(self, frame: Tensor, boxes: Tensor, size: Tensor) -> Tensor:
        """Return features [R, D] of boxes [R, 4], from a scene in which a target of `size` [2] is square."""
        region, pixels, placed = scene_around(boxes, size, self.net.target, self.net.step, self.net.smallest)
        sides: list[float] = pixels.tolist()
        scene = self.net.scene(crop(frame, region, int(sides[1]), int(sides[0])))
        return self.net.read(scene, placed)

    def _standard(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Return the offset and the divisor that normalise features [R, D], [D] each."""
        if not self.standardize:
            return torch.zeros_like(features[0]), torch.ones_like(features[0])
        spread = features.std(0)
        # A feature that hardly varies on the first frame would turn noise into a signal later.
        return features.mean(0), spread + 0.1 * spread.mean() + 1e-6

    def _seen(self, frame: Tensor, boxes: Tensor, size: Tensor, state: dict[str, Tensor]) -> Tensor:
        """Return the classifier's input for boxes [R, 4]: [R, D]."""
        return (self._read(frame, boxes, size) - state["center"]) / state["spread"]

    def _remember(self, frame: Tensor, state: dict[str, Tensor], learned: int) -> None:
        """Add features of boxes on and around the state's box to its rings."""
        box, seed = state["box"], state["seed"]
        near = inside(gaussian_boxes(box, 2 * self.update_positives, 0.1, 1.2, fork(seed, 2)), frame)
        far = inside(uniform_boxes(box, 2 * self.update_negatives, 1.5, 1.2, fork(seed, 3)), frame)
        boxes = torch.cat(
            (
                with_overlap(near, box, self.positive_iou, 1.0, self.update_positives),
                with_overlap(far, box, 0.0, self.negative_iou, self.update_negatives),
            )
        )
        features = self._seen(frame, boxes, box[2:], state)
        state["positives" + str(learned % self.positive_memory)] = features[: self.update_positives].clone()
        state["negatives" + str(learned % self.negative_memory)] = features[self.update_positives :].clone()

    def _recall(self, state: dict[str, Tensor], name: str, learned: int, span: int, ring: int) -> Tensor:
        """Return the features of the last `span` learned frames."""
        return torch.cat([state[name + str(i % ring)] for i in range(max(learned - span, 0), learned)])

    def _learn_regression(self, frame: Tensor, box: Tensor, seed: Tensor, state: dict[str, Tensor]) -> None:
        count = self.box_regression_samples
        around = inside(uniform_boxes(box, 8 * count, 0.3, 1.5, seed), frame)
        boxes = with_overlap(around, box, 0.6, 1.0, count)
        features = self._seen(frame, boxes, box[2:], state)
        weights, bias = fit_boxes(features, encode(boxes, box), self.box_regression_regularization)
        state["regression"], state["regression_bias"] = weights, bias

    def _objective(self) -> ClassificationLoss:
        return ClassificationLoss(self.loss, self.shrinkage_a, self.shrinkage_c, self.focal_gamma)

    def _head(self, state: dict[str, Tensor]) -> list[Tensor]:
        return [state["w4"], state["b4"], state["w5"], state["b5"], state["w6"], state["b6"]]

    def _store(self, state: dict[str, Tensor], parameters: list[Tensor]) -> None:
        for i, name in enumerate(["w4", "b4", "w5", "b5", "w6", "b6"]):
            state[name] = parameters[i]
