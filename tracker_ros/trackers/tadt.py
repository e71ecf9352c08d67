# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""TADT: target-aware deep tracking (Li et al., CVPR 2019).

The first frame chooses the channels of a pretrained network that know this target; from then on the
target's features are matched with those of the search region. Nothing is learned after that.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from tracker_ros.networks.backbones.factory import build_backbone
from tracker_ros.ops.boxes import into_frame
from tracker_ros.ops.convolution import convolve
from tracker_ros.ops.crop import crop
from tracker_ros.ops.labels import gaussian, hann
from tracker_ros.ops.peaks import argmax_2d, subcell_peak
from tracker_ros.trackers._channels import (
    center,
    choose,
    fit_kernels,
    ranking_importance,
    regression_importance,
    resize,
)
from tracker_ros.trackers.base import Estimate, SettingsError, Tracker, register, setting

#: The shallow and the deep level of each backbone, and the pools to leave out.
_LEVELS: dict[str, tuple[tuple[str, ...], tuple[int, ...]]] = {
    "vgg16": (("conv4_1", "conv4_3"), (3,)),
    "efficientnet_lite0": (("stride8", "stride16"), ()),
    "mobilenet_v2": (("stride8", "stride16"), ()),
    "mobilenet_v3": (("stride8", "stride16"), ()),
    "micro_resnet": (("stride4", "stride8"), ()),
}


@dataclass(frozen=True)
class TadtSettings:
    """Settings of TADT; sizes in pixels of the resampled search region."""

    backbone: str = setting("vgg16", "network that extracts the features", choices=tuple(_LEVELS))
    search_size: int = setting(180, "side of the search crop in pixels", 48, 512)
    min_target_size: float = setting(
        44.0, "least root of the target's area after resampling, in pixels", 8.0, 256.0
    )
    max_target_size: float = setting(
        59.0, "greatest root of the target's area after resampling, in pixels", 8.0, 256.0
    )
    shallow_selection: str = setting(
        "regress+rank",
        "how channels of the shallow level are chosen",
        choices=("none", "all", "random", "regress", "rank", "regress+rank"),
    )
    deep_selection: str = setting(
        "regress", "how channels of the deep level are chosen", choices=("none", "all", "random", "regress")
    )
    shallow_channels: int = setting(80, "channels kept of the shallow level", 1, 4096)
    deep_channels: int = setting(250, "channels kept of the deep level", 1, 4096)
    importance: str = setting(
        "weights",
        "a channel's importance: the loss's gradient (eq. 2) or its weights",
        choices=("gradient", "weights"),
    )
    label_sigma: float = setting(
        0.1, "width of the Gaussian label over the root of the target's area", 0.01, 1.0
    )
    regularization: float = setting(
        0.01, "lambda, the weight of the ridge or L2 term; eq. 3, for features of unit mean energy", 0.0, 1e6
    )
    tolerance: float = setting(
        0.02, "loss that ends learning in the first frame; relative to its start", 0.0, 1.0
    )
    initial_iterations: int = setting(50, "most optimizer steps in the first frame", 1, 1000)
    window_weight: float = setting(1.0, "weight of a Hann window added to the response", 0.0, 10.0)
    smaller_scale_factor: float = setting(0.99, "factor on the response of a smaller target", 0.5, 1.5)
    scale_factors_last: bool = setting(
        False, "factors of scales on response and window together, as in the public code"
    )
    larger_scale_factor: float = setting(1.005, "factor on the response of a larger target", 0.5, 1.5)
    scale_learning_rate: float = setting(
        1.0, "share of a measured size change that the box takes over", 0.0, 1.0
    )
    seed: int = setting(0, "seed of all random numbers", 0, 2**31)


@register("tadt", TadtSettings)
class Tadt(Tracker):
    """TADT. State: `template` [C, h, w], the chosen channels and their scales, `zoom`, `clutter`."""

    def __init__(self, settings: TadtSettings) -> None:
        super().__init__()
        s = settings
        if s.shallow_selection == "none" and s.deep_selection == "none":
            raise SettingsError("tadt: 'shallow_selection' and 'deep_selection' cannot both be 'none'")
        if s.min_target_size > s.max_target_size:
            raise SettingsError(
                f"tadt: 'min_target_size' ({s.min_target_size}) must not exceed"
                f" 'max_target_size' ({s.max_target_size})"
            )
        self.backbone = build_backbone(s.backbone, *_LEVELS[s.backbone])
        self.search_size = s.search_size
        self.min_target_size, self.max_target_size = s.min_target_size, s.max_target_size
        # Odd, so that the target's middle is a cell and not the edge of one.
        self.cells = s.search_size // self.backbone.strides[0] // 2 * 2 + 1
        self.shallow_selection, self.deep_selection = s.shallow_selection, s.deep_selection
        self.counts = [s.shallow_channels, s.deep_channels]
        self.by_gradient = s.importance == "gradient"
        self.label_sigma, self.regularization = s.label_sigma, s.regularization
        self.tolerance, self.initial_iterations = s.tolerance, s.initial_iterations
        self.weight, self.scale_learning_rate = s.window_weight, s.scale_learning_rate
        self.sizes = [self.cells + 2, self.cells, self.cells - 2]
        self.scale_factors_last = s.scale_factors_last
        self.factors = [s.smaller_scale_factor, 1.0, s.larger_scale_factor]
        self.register_buffer("hann", hann(self.cells, self.cells), persistent=False)
        generator = torch.Generator().manual_seed(s.seed)
        most = max(self.backbone.channels)
        self.register_buffer("shuffled", torch.rand(most, generator=generator), persistent=False)

    @torch.jit.export
    def initialize(self, frame: Tensor, box: Tensor) -> dict[str, Tensor]:
        """Choose channels for the target at `box` and keep its template."""
        root = float((box[2] * box[3]).sqrt())
        zoom = min(max(root, self.min_target_size), self.max_target_size) / root
        shallow, deep = self.extract(frame, box, torch.tensor(self.search_size / zoom))
        height = self.odd(float(box[3]) * zoom)
        width = self.odd(float(box[2]) * zoom)
        state = {"box": box, "zoom": torch.tensor(zoom), "root": torch.tensor(root)}
        state["shallow"] = self.select_channels(
            shallow, height, width, self.shallow_selection, self.counts[0]
        )
        state["deep"] = self.select_channels(deep, height, width, self.deep_selection, self.counts[1])
        state["shallow_scale"] = self.strongest(shallow, state["shallow"])
        state["deep_scale"] = self.strongest(deep, state["deep"])
        features = self.chosen([shallow, deep], state)
        state["template"] = center(features, height, width)
        state["clutter"] = self.resemblance(features, state["template"], height, width)
        return state

    @torch.jit.export
    def localize(self, frame: Tensor, state: dict[str, Tensor]) -> Estimate:
        """Find the best position and scale of the template."""
        box = state["box"]
        side = self.search_size / state["zoom"] * (box[2] * box[3]).sqrt() / state["root"]
        features = self.chosen(self.extract(frame, box, side), state)
        template = state["template"]
        responses, cosines = [], []
        for i, size in enumerate(self.sizes):
            correlation, cosine = self.match(resize(features, size), template)
            factor = 1.0 if self.scale_factors_last else self.factors[i]
            responses.append(self.reframe(correlation * factor))
            cosines.append(self.reframe(cosine))
        response = torch.stack(responses)
        response = response / response.max().clamp(min=1e-12) + self.weight * self.hann
        peaks = response.flatten(1).max(1).values
        if self.scale_factors_last:
            peaks = peaks * torch.tensor(self.factors, device=peaks.device)
        best = int(peaks.argmax())
        row, column = argmax_2d(response[best])
        peak = subcell_peak(response[best], False)
        scale = self.cells / float(self.sizes[best])
        cell = side / self.cells * scale
        offset = (peak.flip(0) - (self.cells - 1) / 2) * cell
        middle = into_frame(box[:2] + offset, frame)
        size = (box[2:] * (1.0 + self.scale_learning_rate * (scale - 1.0))).clamp(min=2.0)
        likeness = cosines[best][row, column]
        score = ((likeness - state["clutter"]) / (1 - state["clutter"]).clamp(min=1e-6)).clamp(0.0, 1.0)
        window = torch.cat((box[:2], (side * scale).expand(2)))
        return Estimate(torch.cat((middle, size)), score, response[best], window, {})

    @torch.jit.export
    def update(self, frame: Tensor, state: dict[str, Tensor], estimate: Estimate) -> dict[str, Tensor]:
        """Move to the estimate; the template stays."""
        following = state.copy()
        following["box"] = estimate.box
        return following

    def odd(self, pixels: float) -> int:
        """Round a side of the target to odd cells, no more than the smallest resized map has."""
        return min(int(pixels * self.cells / self.search_size) // 2 * 2 + 1, self.cells - 4)

    def extract(self, frame: Tensor, box: Tensor, side: Tensor) -> list[Tensor]:
        """Extract both levels [C, cells, cells] of the search square around the box, `side` pixels wide."""
        region = torch.cat((box[:2], side.to(box.device).expand(2)))
        maps = self.backbone(crop(frame, region, self.search_size, self.search_size, "replicate"))
        return [resize(level[0], self.cells) for level in maps]

    def select_channels(self, features: Tensor, height: int, width: int, how: str, count: int) -> Tensor:
        """Return indices of the chosen channels of [C, cells, cells] for a target of height x width cells."""
        channels = features.shape[0]
        if how == "none":
            return torch.zeros([0], dtype=torch.int64, device=features.device)
        if how == "all":
            return torch.arange(channels, device=features.device)
        if how == "random":
            return choose(self.shuffled[:channels], count)
        steps = [0, -2, 2, -4, 4]
        if how == "rank":
            rank = ranking_importance(features, height, width, steps, self.tolerance, self.initial_iterations)
            return choose(rank, count)
        middle = (self.cells - 1) / 2
        label = gaussian(
            self.cells,
            self.cells,
            self.label_sigma * height,
            self.label_sigma * width,
            middle,
            middle,
            features.device,
        )
        unit = features / features.square().sum(0).mean().sqrt().clamp(min=1e-12)
        kernels = fit_kernels(
            unit, label, height, width, self.regularization, self.tolerance, self.initial_iterations
        )
        active = regression_importance(unit, kernels, label, self.by_gradient)
        if how == "regress":
            return choose(active, count)
        rank = ranking_importance(features, height, width, steps, self.tolerance, self.initial_iterations)
        # Scale-sensitive channels first, those that know the target best before the others.
        return choose(active - active.min() + (rank > 0).float() * (active.max() - active.min() + 1), count)

    def strongest(self, features: Tensor, index: Tensor) -> Tensor:
        """Return the largest sum over one chosen channel; 1 where none is chosen."""
        if index.shape[0] == 0:
            return torch.ones([], device=features.device)
        return features.index_select(0, index).sum(dim=(1, 2)).max().clamp(min=1e-12)

    def chosen(self, levels: list[Tensor], state: dict[str, Tensor]) -> Tensor:
        """Return both levels' chosen channels, balanced by their first-frame strength: [C, cells, cells]."""
        shallow = levels[0].index_select(0, state["shallow"]) / state["shallow_scale"]
        return torch.cat((shallow, levels[1].index_select(0, state["deep"]) / state["deep_scale"]))

    def match(self, features: Tensor, template: Tensor) -> tuple[Tensor, Tensor]:
        """Return the correlation (eq. 8) and cosine similarity [h, w] of the template with every place."""
        th, tw = template.shape[1], template.shape[2]
        correlation = convolve(features, template)
        energy = features.square().sum(0).unsqueeze(0).unsqueeze(0)
        under = F.avg_pool2d(energy, [th, tw], 1, [th // 2, tw // 2])[0, 0] * float(th * tw)
        norm = under.sqrt() * template.square().sum().sqrt()
        return correlation, correlation / norm.clamp(min=1e-12)

    def reframe(self, response: Tensor) -> Tensor:
        """Return a response of another scale cut or zero-padded to cells x cells about its middle."""
        margin = (self.cells - response.shape[0]) // 2
        return F.pad(response, [margin, margin, margin, margin])

    def resemblance(self, features: Tensor, template: Tensor, height: int, width: int) -> Tensor:
        """Return the cosine similarity that counts as score 0: what surroundings of the target may reach.

        Half way between the mean and the greatest one at least a target's size away.
        """
        cosine = self.match(features, template)[1]
        away = (torch.arange(self.cells, device=features.device) - self.cells // 2).abs()
        outside = ((away > height).unsqueeze(1) | (away > width).unsqueeze(0)).float()
        return ((cosine * outside).sum() / outside.sum().clamp(min=1.0) + (cosine * outside).max()) / 2
