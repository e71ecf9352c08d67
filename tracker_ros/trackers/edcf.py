# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""EDCF (Wang et al., 2018) and the trackers of its ablation: EDSiam, CACFNet and CACFNet+."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from tracker_ros.networks.edcf import PUBLISHED, EDCFModel, FineModel, Geometry, on_fine_grid
from tracker_ros.networks.edcf_mobile import MOBILE, MobileEDCFModel
from tracker_ros.ops.boxes import into_frame
from tracker_ros.ops.crop import crop, crop_pyramid
from tracker_ros.ops.peaks import subcell_peak
from tracker_ros.trackers._scale_search import best_scale, bounded
from tracker_ros.trackers.base import Estimate, Tracker, register, setting
from tracker_ros.trackers.siamfc import SiamFC, SiamFCSettings


@register("edsiam", SiamFCSettings)
class EDSiam(SiamFC):
    """SiamFC whose features were trained to also reconstruct the image; it tracks as SiamFC does."""


@dataclass(frozen=True)
class EDCFSettings:
    """Defaults: EDCF, sec. 4.1; the scale penalty, which it leaves open, is DCFNet's."""

    scale_step: float = setting(1.02, "ratio of neighbouring scales", 1.0, 1.5)
    scale_penalty: float = setting(0.9925, "factor on the peak of a changed scale", 0.0, 1.0)
    learning_rate: float = setting(
        0.017, "share of the newest frame in the model; alpha, the basic rate", 0.0, 1.0
    )
    regularization: float = setting(1e-4, "lambda, the weight of the ridge or L2 term; lambda_1", 1e-8, 1e6)
    context_regularization: float = setting(0.1, "lambda_2, weight of the four context patches", 0.0, 1e3)
    width_multiplier: float = setting(1.0, "share of the published channels of the inner layers", 0.05, 1.0)


class FineSearch(Tracker):
    """Settings that CACFNet and EDCF share: the geometry of their crops."""

    def __init__(self, settings: EDCFSettings, geometry: Geometry = PUBLISHED) -> None:
        super().__init__()
        self.scales = [1.0 / settings.scale_step, 1.0, settings.scale_step]
        self.scale_penalty = settings.scale_penalty
        self.learning_rate = settings.learning_rate
        self.side = geometry.search
        self.wide = geometry.wide()
        self.extent = geometry.extent
        self.cell = float(geometry.stride)
        self.square = geometry.square

    def target_sides(self, box: Tensor) -> Tensor:
        """Return [2]: width and height of what counts as the target's square."""
        return (box[2] * box[3]).sqrt().expand(2) if self.square else box[2:]

    def wide_crop(self, frame: Tensor, box: Tensor) -> Tensor:
        """Return [1, 3, 423, 423]: the target's patch and the context around it, the target at 85 x 85."""
        sides = self.target_sides(box) * (self.extent * self.wide / self.side)
        return crop(frame, torch.cat((box[:2], sides)), self.wide, self.wide, "mean")

    def search_crops(self, frame: Tensor, box: Tensor) -> Tensor:
        """Return [3, 3, 255, 255]: three target sizes around the box, at three scales."""
        region = torch.cat((box[:2], self.target_sides(box) * self.extent))
        return crop_pyramid(frame, region, self.scales, self.side, self.side, "mean")

    def estimate(
        self,
        frame: Tensor,
        response: Tensor,
        scale: float,
        score: Tensor,
        state: dict[str, Tensor],
        aux: dict[str, Tensor],
    ) -> Estimate:
        """Return the estimate that the maximum of a response [h, w], on the fine grid, of one scale means."""
        box = state["box"]
        cell = self.target_sides(box) * (self.extent * self.cell * scale / self.side)
        offset = (subcell_peak(response, False) - (response.shape[0] - 1) / 2).flip(0) * cell
        wh = bounded(box[2:] * scale, state["first"][2:])
        window = torch.cat((box[:2], cell * response.shape[0]))
        return Estimate(torch.cat((into_frame(box[:2] + offset, frame), wh)), score, response, window, aux)


@register("cacfnet", EDCFSettings)
class CACFNet(FineSearch):
    """The context-aware correlation filter on learnt fine features, alone.

    The score is the response's peak as a share of the peak on the first frame itself.
    """

    def __init__(self, settings: EDCFSettings) -> None:
        super().__init__(settings)
        self.model = FineModel(
            settings.width_multiplier, settings.regularization, settings.context_regularization
        )

    @torch.jit.export
    def initialize(self, frame: Tensor, box: Tensor) -> dict[str, Tensor]:
        """Return the filter of the first frame and its peak there."""
        filters = self.model.learn(self.wide_crop(frame, box))
        peak = self.model(self.search_crops(frame, box)[1:2], filters).max()
        return {"box": box, "first": box, "filter": filters, "peak": peak}

    @torch.jit.export
    def localize(self, frame: Tensor, state: dict[str, Tensor]) -> Estimate:
        """Return the maximum of g over positions and scales (eq. 9)."""
        responses = self.model(self.search_crops(frame, state["box"]), state["filter"])
        best = best_scale(responses.flatten(1).max(1).values, self.scale_penalty)
        score = (responses[best].max() / state["peak"].clamp(min=1e-6)).clamp(0.0, 1.0)
        aux: dict[str, Tensor] = {}
        return self.estimate(frame, responses[best], self.scales[best], score, state, aux)

    @torch.jit.export
    def update(self, frame: Tensor, state: dict[str, Tensor], estimate: Estimate) -> dict[str, Tensor]:
        """Move to the estimate and interpolate the filter (eq. 17) at the basic rate."""
        newest = self.model.learn(self.wide_crop(frame, estimate.box))
        filters = state["filter"] * (1 - self.learning_rate) + newest * self.learning_rate
        return {"box": estimate.box, "first": state["first"], "filter": filters, "peak": state["peak"]}


@register("cacfnet_plus", EDCFSettings)
class CACFNetPlus(CACFNet):
    """CACFNet whose fine features were trained together with EDCF's semantic branch and decoder."""


@dataclass(frozen=True)
class FusedSettings(EDCFSettings):
    """Settings of `edcf`."""

    backbone: str = setting(
        "alexnet", "network that extracts the features", choices=("alexnet", "mobilenet_v3")
    )
    semantic_weight: float = setting(1.0, "weight of f beside g; eq. 16 has 1", 0.0, 100.0)


@register("edcf", FusedSettings)
class EDCF(FineSearch):
    """Semantic correlation f with a fixed template plus the updated filter's response g (eq. 16).

    The sum is taken on g's grid where f is defined, within 64 px of the middle of the crop. The score
    is the mean, at the chosen position, of the logistic function of f, which was trained with a
    logistic loss, and of g as a share of its peak on the first frame. In `Estimate.aux`, ``f_peak``
    is the maximum of the correlation f.
    """

    def __init__(self, settings: FusedSettings) -> None:
        geometry = PUBLISHED if settings.backbone == "alexnet" else MOBILE
        super().__init__(settings, geometry)
        ridge, context = settings.regularization, settings.context_regularization
        self.model = (
            EDCFModel(settings.width_multiplier, ridge, context)
            if settings.backbone == "alexnet"
            else MobileEDCFModel(ridge, context)
        )
        self.semantic_weight = settings.semantic_weight
        self.low, self.fused = geometry.cells // 2 - geometry.reach, 2 * geometry.reach + 1

    @torch.jit.export
    def initialize(self, frame: Tensor, box: Tensor) -> dict[str, Tensor]:
        """Learn template and filter in the first frame, and the peaks of f and g there."""
        shallow = self.model.features.shallow(self.wide_crop(frame, box))
        filters, template = self.model.learn(shallow), self.model.template(shallow)
        seen = self.model.features.shallow(self.search_crops(frame, box)[1:2])
        f, _ = self.model(seen, template)
        peak = self.model.filter(self.model.fine(seen), filters).max()
        return {
            "box": box,
            "first": box,
            "filter": filters,
            "peak": peak,
            "template": template,
            "f_peak": f.max(),
        }

    @torch.jit.export
    def localize(self, frame: Tensor, state: dict[str, Tensor]) -> Estimate:
        """Return the maximum of f + g over positions and scales (eq. 16)."""
        shallow = self.model.features.shallow(self.search_crops(frame, state["box"]))
        correlations, _ = self.model(shallow, state["template"])
        low, high = self.low, self.low + self.fused
        g = self.model.filter(self.model.fine(shallow), state["filter"])[:, low:high, low:high]
        f = on_fine_grid(self.model.adjust(correlations), self.fused)
        both = f * self.semantic_weight + g
        best = best_scale(both.flatten(1).max(1).values, self.scale_penalty)
        fused = both[best]
        at = fused.flatten().argmax()
        share = (g[best].flatten()[at] / state["peak"].clamp(min=1e-6)).clamp(0.0, 1.0)
        score = 0.5 * (torch.sigmoid(f[best].flatten()[at]) + share)
        aux = {"f_peak": correlations[best].max()}
        return self.estimate(frame, fused, self.scales[best], score, state, aux)

    @torch.jit.export
    def update(self, frame: Tensor, state: dict[str, Tensor], estimate: Estimate) -> dict[str, Tensor]:
        """Move to the estimate and interpolate the filter with the adaptive rate (eq. 17 and 18)."""
        # f on the first frame is at least the template's squared norm; later ones may be negative.
        share = (estimate.aux["f_peak"] / state["f_peak"].clamp(min=1e-12)).clamp(min=0.0)
        rate = (self.learning_rate * share).clamp(max=1.0)
        newest = self.model.learn(self.model.features.shallow(self.wide_crop(frame, estimate.box)))
        filters = state["filter"] * (1 - rate) + newest * rate
        return {
            "box": estimate.box,
            "first": state["first"],
            "filter": filters,
            "peak": state["peak"],
            "template": state["template"],
            "f_peak": state["f_peak"],
        }
