# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""DSLT: deep object tracking with shrinkage loss (Lu et al., TPAMI 2020).

A convolution regresses a pretrained network's features to a Gaussian around the target. It is learned
in the first frame and goes on learning in every later one.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from tracker_ros.losses.shrinkage import KINDS, RegressionLoss
from tracker_ros.networks.backbones.factory import build_backbone
from tracker_ros.ops.boxes import into_frame
from tracker_ros.ops.convolution import convolve
from tracker_ros.ops.crop import crop, crop_pyramid
from tracker_ros.ops.labels import gaussian
from tracker_ros.ops.peaks import argmax_2d, subcell_peak
from tracker_ros.trackers._channels import resize
from tracker_ros.trackers._regression import descend, first_frame_step, join, online_gradient
from tracker_ros.trackers.base import Estimate, Tracker, register, setting

#: The fine and the coarse level of each backbone, and the pools to leave out.
_LEVELS: dict[str, tuple[tuple[str, ...], tuple[int, ...]]] = {
    "vgg16": (("conv4_3", "conv5_3"), (3, 4)),
    "resnet50": (("layer2", "layer3"), ()),
    "efficientnet_lite0": (("stride8", "stride16"), ()),
    "mobilenet_v2": (("stride8", "stride16"), ()),
    "mobilenet_v3": (("stride8", "stride16"), ()),
    "micro_resnet": (("stride4", "stride8"), ()),
}


@dataclass(frozen=True)
class DsltSettings:
    """Settings of DSLT."""

    backbone: str = setting(
        "vgg16",
        "network that extracts the features; with resnet50 the method is DSLT*",
        choices=tuple(_LEVELS),
    )
    search_size: int = setting(180, "side of the search crop in pixels", 48, 512)
    search_area_scale: float = setting(
        4.0, "side of the search region over the root of the target's area", 1.5, 10.0
    )
    reduced_channels: int = setting(128, "channels to which each feature level is reduced", 1, 1024)
    coarse_weight: float = setting(
        0.2, "weight of the coarse level in the joined features; 0: none", 0.0, 1.0
    )
    loss: str = setting("shrinkage", "loss that online learning minimises", choices=KINDS)
    shrinkage_a: float = setting(
        10.0, "a of the shrinkage loss: how fast it falls for easy samples", 0.0, 100.0
    )
    shrinkage_c: float = setting(
        0.2, "c of the shrinkage loss: the residual at which the factor is half", 0.0, 1.0
    )
    shrinkage_exponential: bool = setting(True, "multiply the shrinkage loss by exp(label)")
    shrinkage_modulation: bool = setting(True, "use the modulating factor of the shrinkage loss")
    label_sigma: float = setting(
        0.1, "width of the Gaussian label over the root of the target's area", 0.01, 1.0
    )
    initial_lr: float = setting(0.1, "optimizer's step size in the first frame", 1e-6, 1.0)
    update_lr: float = setting(0.025, "optimizer's step size in later frames", 0.0, 1.0)
    regularization: float = setting(0.0, "lambda, the weight of the ridge or L2 term; eq. 1", 0.0, 1.0)
    initial_iterations: int = setting(100, "most optimizer steps in the first frame", 1, 10000)
    tolerance: float = setting(
        0.03, "loss that ends learning in the first frame; summed over the map", 0.0, 100.0
    )
    sample_memory: int = setting(7, "frames T that online learning uses", 1, 100)
    update_iterations: int = setting(2, "optimizer steps of an update", 0, 100)
    scale_step: float = setting(1.03, "ratio of neighbouring scales", 1.0, 1.2)
    scale_min_score: float = setting(0.35, "least score that may change the size", 0.0, 1.0)
    scale_learning_rate: float = setting(
        0.6, "share of a measured size change that the box takes over", 0.0, 1.0
    )
    scale_after_position: bool = setting(
        False, "look for the scale at the new position, as printed; else for both at once"
    )
    motion_prior_width: float = setting(
        0.65, "width of the motion prior in search sides; 0 for none", 0.0, 10.0
    )
    seed: int = setting(0, "seed of all random numbers", 0, 2**31)


@register("dslt", DsltSettings)
class Dslt(Tracker):
    """DSLT. State: the model, Adam's averages, the last T samples, the first frame's `peak`."""

    def __init__(self, settings: DsltSettings) -> None:
        super().__init__()
        s = settings
        self.backbone = build_backbone(s.backbone, *_LEVELS[s.backbone])
        self.search_size, self.search_area_scale = s.search_size, s.search_area_scale
        self.coarse_weight = s.coarse_weight
        self.loss, self.shrinkage_a, self.shrinkage_c = s.loss, s.shrinkage_a, s.shrinkage_c
        self.shrinkage_exponential, self.shrinkage_modulation = (
            s.shrinkage_exponential,
            s.shrinkage_modulation,
        )
        # Odd, so that the target's middle is a cell and not the edge of one.
        self.cells = s.search_size // self.backbone.strides[0] // 2 * 2 + 1
        self.label_sigma, self.regularization, self.tolerance = s.label_sigma, s.regularization, s.tolerance
        self.initial_lr, self.update_lr = s.initial_lr, s.update_lr
        self.initial_iterations, self.update_iterations = s.initial_iterations, s.update_iterations
        self.sample_memory = s.sample_memory
        self.scales = [1.0, s.scale_step, 1 / s.scale_step] if s.scale_step > 1 else [1.0]
        self.scale_min_score, self.scale_learning_rate = s.scale_min_score, s.scale_learning_rate
        self.scale_after_position = s.scale_after_position
        side = self.cells * s.motion_prior_width if s.motion_prior_width > 0 else float("inf")
        middle = (self.cells - 1) / 2
        self.register_buffer(
            "window", gaussian(self.cells, self.cells, side, side, middle, middle), persistent=False
        )
        generator = torch.Generator().manual_seed(s.seed)
        for name, inputs in zip(("reduce_fine", "reduce_coarse"), self.backbone.channels, strict=True):
            first = torch.randn(s.reduced_channels, inputs, generator=generator) / s.reduced_channels**0.5
            self.register_buffer(name, first, persistent=False)

    @torch.jit.export
    def initialize(self, frame: Tensor, box: Tensor) -> dict[str, Tensor]:
        """Learn the regression on views of the first frame."""
        fine, coarse, scales = self.views(frame, box)
        sigmas = self.label_sigma * self.sides(box)
        label = self.label(sigmas, torch.full([2], (self.cells - 1) / 2), frame.device)
        model = self.learn(fine, coarse, label, self.start(box))
        joined = join(fine[0], coarse[0], model, self.coarse_weight)
        return {
            "box": box,
            "scales": scales,
            "sigmas": sigmas,
            "steps": torch.zeros([]),
            "peak": convolve(joined, model[0]).max().clamp(min=1e-6),
            "kernel": model[0],
            "reduce_fine": model[1],
            "reduce_coarse": model[2],
            "mean": torch.zeros_like(model[0]),
            "square": torch.zeros_like(model[0]),
            "joined": joined.unsqueeze(0),
            "labels": label.unsqueeze(0),
        }

    def views(self, frame: Tensor, box: Tensor) -> tuple[list[Tensor], list[Tensor], Tensor]:
        """Extract both levels of the first search crop and its mirror image, and their norms [2]."""
        patch = crop(frame, self.region(box), self.search_size, self.search_size)
        fine, coarse = self.extract(torch.cat((patch, patch.flip(3))))
        scales = torch.stack((self.energy(fine), self.energy(coarse)))
        return self.divided(fine, scales[0]), self.divided(coarse, scales[1]), scales

    def learn(
        self, fine: list[Tensor], coarse: list[Tensor], label: Tensor, model: list[Tensor]
    ) -> list[Tensor]:
        """Return the model after Adam on views of the first frame, reductions included."""
        means, squares = [torch.zeros_like(t) for t in model], [torch.zeros_like(t) for t in model]
        rates, objective = self.rates(model, self.initial_lr), self.objective()
        for step in range(self.initial_iterations):
            loss, gradients = first_frame_step(fine, coarse, label, model, self.coarse_weight, objective)
            if bool(loss < self.tolerance):
                break
            descend(model, gradients, means, squares, step + 1, rates, self.regularization)
        return model

    @torch.jit.export
    def localize(self, frame: Tensor, state: dict[str, Tensor]) -> Estimate:
        """Find the peak over positions and scales."""
        box, region = state["box"], self.region(state["box"])
        scales = [1.0] if self.scale_after_position else self.scales
        responses, joined = self.respond(frame, region, scales, state)
        weighted = responses * self.window
        best = self.best_scale(weighted)
        row, column = argmax_2d(weighted[best])
        place = subcell_peak(weighted[best], False)
        scale = scales[best]
        offset = (place.flip(0) - (self.cells - 1) / 2) * region[2:] / self.cells * scale
        window = torch.cat((box[:2], region[2:] * scale))
        middle = into_frame(box[:2] + offset, frame)
        if self.scale_after_position:
            around = torch.cat((middle, region[2:]))
            scale = self.scales[
                self.best_scale(self.respond(frame, around, self.scales, state)[0] * self.window)
            ]
        size = (box[2:] * (1.0 + self.scale_learning_rate * (scale - 1.0))).clamp(min=2.0)
        score = (responses[best][row, column] / state["peak"]).clamp(0.0, 1.0)
        aux = {"joined": joined[best], "place": place}
        return Estimate(torch.cat((middle, size)), score, weighted[best], window, aux)

    def respond(
        self, frame: Tensor, region: Tensor, scales: list[float], state: dict[str, Tensor]
    ) -> tuple[Tensor, list[Tensor]]:
        """Return responses [S, cells, cells] to a region [4] at S scales, and the joined features of each."""
        patches = crop_pyramid(frame, region, scales, self.search_size, self.search_size)
        fine, coarse = self.extract(patches)
        fine, coarse = self.divided(fine, state["scales"][0]), self.divided(coarse, state["scales"][1])
        model = [state["kernel"], state["reduce_fine"], state["reduce_coarse"]]
        responses, joined = [], []
        for i in range(len(scales)):
            joined.append(join(fine[i], coarse[i], model, self.coarse_weight))
            responses.append(convolve(joined[i], model[0]))
        return torch.stack(responses), joined

    def best_scale(self, weighted: Tensor) -> int:
        """Index of the scale with the highest of responses [S, h, w]; the first one below the least score."""
        peaks = weighted.flatten(1).max(1).values
        return int(peaks.argmax()) if bool(peaks.max() > self.scale_min_score) else 0

    @torch.jit.export
    def update(self, frame: Tensor, state: dict[str, Tensor], estimate: Estimate) -> dict[str, Tensor]:
        """Learn from the newest frames in some steps."""
        following = state.copy()
        following["box"] = estimate.box
        label = self.label(state["sigmas"], estimate.aux["place"], frame.device).unsqueeze(0)
        # The last T samples, the newest among them.
        drop = max(state["labels"].shape[0] - self.sample_memory + 1, 0)
        following["joined"] = torch.cat((state["joined"][drop:], estimate.aux["joined"].unsqueeze(0)))
        following["labels"] = torch.cat((state["labels"][drop:], label))
        model, means, squares = [state["kernel"]], [state["mean"]], [state["square"]]
        rates, objective = self.rates(model, self.update_lr), self.objective()
        for _ in range(self.update_iterations):
            gradient = online_gradient(following["joined"], following["labels"], model[0], objective)
            following["steps"] = following["steps"] + 1
            descend(model, [gradient], means, squares, int(following["steps"]), rates, self.regularization)
        following["kernel"], following["mean"], following["square"] = model[0], means[0], squares[0]
        return following

    def objective(self) -> RegressionLoss:
        """Return the loss that learning minimises."""
        return RegressionLoss(
            self.loss,
            self.shrinkage_a,
            self.shrinkage_c,
            self.shrinkage_exponential,
            self.shrinkage_modulation,
        )

    def region(self, box: Tensor) -> Tensor:
        """Return the square search region [4] around a box, in image pixels."""
        return torch.cat((box[:2], ((box[2] * box[3]).sqrt() * self.search_area_scale).expand(2)))

    def extract(self, patches: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        """Return the fine and coarse level [C, cells, cells] of each crop [N, 3, search, search]."""
        maps = self.backbone(patches)
        fine = [resize(level, self.cells) for level in maps[0].unbind(0)]
        return fine, [resize(level, self.cells) for level in maps[1].unbind(0)]

    def energy(self, levels: list[Tensor]) -> Tensor:
        """Return [] root of the mean energy of a cell: divided by it, all networks' features weigh alike."""
        return levels[0].square().sum(0).mean().sqrt().clamp(min=1e-12)

    def divided(self, levels: list[Tensor], by: Tensor) -> list[Tensor]:
        """Return every level divided by a number."""
        return [level / by for level in levels]

    def odd(self, cells: float) -> int:
        """Return the kernel's side for a target of so many cells."""
        return min(max(int(cells) // 2 * 2 + 1, 3), self.cells - 2)

    def label(self, sigmas: Tensor, place: Tensor, device: torch.device) -> Tensor:
        """Return the desired response [cells, cells] of a target at `place` (row, column)."""
        return gaussian(
            self.cells,
            self.cells,
            float(sigmas[0]),
            float(sigmas[1]),
            float(place[0]),
            float(place[1]),
            device,
        )

    def sides(self, box: Tensor) -> Tensor:
        """Return (height, width) of a target in cells."""
        return box[2:].flip(0) * (self.cells / self.search_area_scale) / (box[2] * box[3]).sqrt()

    def start(self, box: Tensor) -> list[Tensor]:
        """Make the model before learning: a kernel of zeros, of the target's size, and random reductions."""
        height, width = self.odd(float(self.sides(box)[0])), self.odd(float(self.sides(box)[1]))
        kernel = torch.zeros([2 * self.reduce_fine.shape[0], height, width], device=box.device)
        return [kernel, self.reduce_fine, self.reduce_coarse]

    def rates(self, model: list[Tensor], rate: float) -> list[float]:
        """Return Adam's rate for each tensor: with these, a step moves a response by about `rate`.

        A step moves every weight by its rate, and features have unit energy.
        """
        rates = [rate / (model[0].shape[1] * model[0].shape[2] * float(model[0].shape[0]) ** 0.5)]
        for reduction in model[1:]:
            rates.append(rate / reduction.shape[0])
        return rates
