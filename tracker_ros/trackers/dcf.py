# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""A correlation filter on fixed features: needs no weights, runs on a small CPU.

Translation: a background-aware multi-channel filter (Galoogahi et al., 2017) on gradient histograms
and colour. Scale: a one-dimensional filter over a pyramid of crops (Danelljan et al., 2014). With the
features of DCFNet (Wang et al., 2017) the same tracker runs that network's published parameters.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from tracker_ros.networks.dcfnet import DCFNetFeatures
from tracker_ros.networks.hog import GradientColorFeatures
from tracker_ros.networks.micro_resnet_features import GradientMicroResNetFeatures, MicroResNetFeatures
from tracker_ros.ops.boxes import frame_extent, into_frame
from tracker_ros.ops.crop import crop
from tracker_ros.ops.fourier import Support, background_aware_filter, centered_support, shifted
from tracker_ros.ops.labels import circular_gaussian, hann
from tracker_ros.ops.peaks import peak_place
from tracker_ros.trackers._scale import ScaleFilter
from tracker_ros.trackers.base import Estimate, Tracker, register, setting


@dataclass(frozen=True)
class DcfSettings:
    """Settings of `Dcf`."""

    features: str = setting(
        "gradient",
        "gradient histograms and colour, DCFNet's network, `micro_resnet`, or"
        " the first and the last together",
        choices=("gradient", "dcfnet", "micro_resnet", "gradient+micro_resnet"),
    )
    search_size: int = setting(160, "side of the search crop in pixels; a multiple of `cell_size`", 32, 512)
    cell_size: int = setting(4, "pixels a cell of `gradient`; dcfnet has 1, those of micro_resnet 4", 1, 8)
    search_area_scale: float = setting(
        4.0, "side of the search region over the root of the target's area", 1.5, 8.0
    )
    filter_scale: float = setting(1.2, "size of the filter over the target's size", 0.5, 4.0)
    label_sigma: float = setting(
        0.12, "width of the Gaussian label over the root of the target's area", 0.01, 1.0
    )
    admm_penalty: float = setting(0.1, "weight of the first iteration of the filter's solver", 1e-6, 1e3)
    admm_growth: float = setting(
        3.0, "factor on `admm_penalty` in each iteration of the filter's solver", 1.0, 100.0
    )
    admm_iterations: int = setting(4, "iterations of the filter's solver", 1, 50)
    compressed_channels: int = setting(
        0, "channels that are made of the features; 0: all features, as they are", 0, 512
    )
    learning_rate: float = setting(0.015, "share of the newest frame in the model", 0.0, 1.0)
    scale_count: int = setting(17, "scales that are compared, an odd number", 3, 65)
    scale_step: float = setting(1.02, "ratio of neighbouring scales", 1.001, 1.2)
    scale_filter_regularization: float = setting(0.01, "regularisation of the scale filter", 1e-6, 1e3)
    scale_filter_learning_rate: float = setting(
        0.025, "share of the newest frame in the scale filter", 0.0, 1.0
    )
    update_interval: int = setting(1, "frames from one update of the model to the next", 1, 1000)
    scale_update_interval: int = setting(1, "frames from one look at the scale to the next", 1, 1000)


@register("dcf", DcfSettings)
class Dcf(Tracker):
    """Background-aware correlation filter with scale search.

    One crop a frame: the model learns from the sample in which the target was found, its spectrum turned
    by the target's displacement, and the scale filter from its own, with the label moved to the scale
    that was found. Both may be left out of most frames, as ECO does (Danelljan et al., 2017, sec. 3.3).

    The score is the peak of the response over that of the first frame's filter on its own sample, at
    most 1.

    State: ``box``; ``first`` [4] the selected box; ``age`` [] learned frames; ``basis`` [C, features], the
    principal components of the first sample, or empty; ``sample`` [C, h, w/2+1] running mean of the feature
    spectra; ``filter`` of the same shape; ``support_...``, where it may differ from 0
    (`ops.fourier.Support`); ``peak`` [] of the first frame; ``scale_numerator`` [D, S/2+1] and
    ``scale_energy`` [S/2+1].
    """

    def __init__(self, settings: DcfSettings) -> None:
        super().__init__()
        self.features, cell = make_features(settings)
        self.scale_filter = ScaleFilter(
            settings.scale_count, settings.scale_step, settings.scale_filter_regularization
        )
        self.search_size = settings.search_size
        self.cells = settings.search_size // cell
        self.search_area_scale = settings.search_area_scale
        self.filter_scale = settings.filter_scale
        self.admm_penalty = settings.admm_penalty
        self.admm_growth = settings.admm_growth
        self.admm_iterations = settings.admm_iterations
        self.compressed_channels = settings.compressed_channels
        self.update_interval = settings.update_interval
        self.scale_update_interval = settings.scale_update_interval
        # Rates are those of a frame: skipped frames count as if each had looked like the one that is learned.
        self.learning_rate = 1 - (1 - settings.learning_rate) ** settings.update_interval
        self.scale_filter_learning_rate = (
            1 - (1 - settings.scale_filter_learning_rate) ** settings.scale_update_interval
        )
        sigma = settings.label_sigma * self.cells / settings.search_area_scale
        label = torch.fft.rfft2(circular_gaussian(self.cells, self.cells, sigma, sigma))
        self.register_buffer("label", label, persistent=False)
        # These two have unit mean square as they come.
        self.normalized = settings.features in ("micro_resnet", "gradient+micro_resnet")
        self.middle = self.cells // 2
        turn = torch.zeros(self.cells, self.cells)
        turn[self.middle, self.middle] = 1.0
        self.register_buffer("turn", torch.fft.rfft2(turn), persistent=False)
        self.register_buffer("window", hann(self.cells, self.cells), persistent=False)

    @torch.jit.export
    def initialize(self, frame: Tensor, box: Tensor) -> dict[str, Tensor]:
        """Learn the filters of the target at `box`."""
        features = self._features(frame, self._region(box))
        basis = self._basis(features)
        sample = self._spectrum(features, basis)
        support = self._support(box)
        solved = self._solve(sample, support)
        scales = self.scale_filter.sample(frame, box, self._aspect(box))
        numerator, energy = self.scale_filter.terms(scales, torch.ones_like(box[0]))
        # A target without any feature has no peak; with a floor under it, nothing looks like it.
        return {
            "box": box,
            "first": box,
            "age": torch.zeros([], dtype=torch.long),
            "basis": basis,
            "sample": sample,
            "support_rows": support.rows,
            "support_columns": support.columns,
            "support_inverse": support.inverse,
            "filter": solved,
            "peak": self._respond(sample, solved).max().clamp(min=0.05),
            "scale_numerator": numerator,
            "scale_energy": energy,
        }

    @torch.jit.export
    def localize(self, frame: Tensor, state: dict[str, Tensor]) -> Estimate:
        """Find the translation first, then the scale at the new position."""
        box, first = state["box"], state["first"]
        region = self._region(box)
        sample = self._spectrum(self._features(frame, region), state["basis"])
        response = self._respond(sample, state["filter"])
        center = self._center(response, region, frame)
        extent = box[2:]
        aux = {"sample": sample}
        if int(state["age"]) % self.scale_update_interval == 0:
            scales = self.scale_filter.sample(frame, torch.cat((center, extent)), self._aspect(first))
            factor = self.scale_filter.locate(scales, state["scale_numerator"], state["scale_energy"])
            extent = self._bounded(extent * factor, first[2:], frame_extent(frame))
            aux["scales"] = scales
        score = (response.max() / state["peak"]).clamp(0.0, 1.0)
        return Estimate(torch.cat((center, extent)), score, response, region, aux)

    @torch.jit.export
    def update(self, frame: Tensor, state: dict[str, Tensor], estimate: Estimate) -> dict[str, Tensor]:
        """Update the running means of both models, and the filter that they give, where they are due."""
        box, aux = state["box"], estimate.aux
        age = int(state["age"]) + 1
        moved = state.copy()
        moved["box"], moved["age"] = estimate.box, torch.tensor(age)
        if age % self.update_interval == 0:
            region = estimate.window
            shift = (region[:2] - estimate.box[:2]) / region[2:] * self.cells
            # Turned by less the displacement, the target is where the filter wants it.
            found = shifted(aux["sample"], shift.flip(0), self.cells)
            moved["sample"] = torch.lerp(state["sample"], found, self.learning_rate)
            support = Support(state["support_rows"], state["support_columns"], state["support_inverse"])
            moved["filter"] = self._solve(moved["sample"], support)
        if "scales" in aux:
            numerator, energy = self.scale_filter.terms(aux["scales"], estimate.box[2] / box[2])
            moved["scale_numerator"] = torch.lerp(
                state["scale_numerator"], numerator, self.scale_filter_learning_rate
            )
            moved["scale_energy"] = torch.lerp(state["scale_energy"], energy, self.scale_filter_learning_rate)
        return moved

    def _region(self, box: Tensor) -> Tensor:
        """Return the square search region (cx, cy, w, h) of a box."""
        values: list[float] = box.tolist()
        side = math.sqrt(values[2] * values[3]) * self.search_area_scale
        return torch.tensor([values[0], values[1], side, side], device=box.device)

    def _center(self, response: Tensor, region: Tensor, frame: Tensor) -> Tensor:
        """Place [2] (x, y) of the response's peak, inside the frame."""
        row, column = peak_place(response, False)
        values: list[float] = region.tolist()
        x = values[0] + (column - self.middle) * values[2] / self.cells
        y = values[1] + (row - self.middle) * values[3] / self.cells
        return into_frame(torch.tensor([x, y], device=region.device), frame)

    def _features(self, frame: Tensor, region: Tensor) -> Tensor:
        """Return the features [F, h, w] of unit mean square in a region."""
        features = self.features(crop(frame, region, self.search_size, self.search_size))[0]
        if self.normalized:
            return features
        return features / features.square().mean().sqrt().clamp(min=1e-6)

    def _basis(self, features: Tensor) -> Tensor:
        """Return the `keep` directions [keep, F] in which the features vary most.

        Empty to keep them as they are.

        Danelljan et al. (ECO, 2017) learn such a projection with the filter; its principal components are
        as good here, and the filter's solver pays for fewer channels.
        """
        if self.compressed_channels == 0 or self.compressed_channels >= features.shape[0]:
            return features.new_zeros(0)
        cells = (features * self.window).flatten(1)
        return torch.linalg.eigh(cells @ cells.t())[1][:, -self.compressed_channels :].t().contiguous()

    def _spectrum(self, features: Tensor, basis: Tensor) -> Tensor:
        """Return the spectrum [C, h, w/2+1] of the windowed features on a basis."""
        if basis.numel() > 0:
            features = (basis @ features.flatten(1)).view(-1, self.cells, self.cells)
        return torch.fft.rfft2(features * self.window)

    def _respond(self, sample: Tensor, solved: Tensor) -> Tensor:
        """Return the response [h, w]; the middle cell answers for no displacement."""
        return torch.fft.irfft2((sample * solved).sum(0) * self.turn, [self.cells, self.cells])

    def _solve(self, sample: Tensor, support: Support) -> Tensor:
        penalty = self.admm_penalty * self.cells * self.cells
        return background_aware_filter(
            sample, self.label, support, penalty, self.admm_growth, self.admm_iterations
        )

    def _support(self, box: Tensor) -> Support:
        """Return the target, enlarged by `extent`, in the middle of the search region."""
        half = (
            box[2:]
            / (box[2] * box[3]).sqrt()
            * (0.5 * self.filter_scale * self.cells / self.search_area_scale)
        )
        sides: list[int] = (2 * half.floor().long() + 1).clamp(max=self.cells - 1).tolist()
        return centered_support(sides[1], sides[0], self.cells, self.cells, box.device)

    def _bounded(self, extent: Tensor, first: Tensor, limit: Tensor) -> Tensor:
        """Limit the scale of `extent` (w, h) to a range in which a target can be found again."""
        scale = extent[0] / first[0]
        low = (4.0 / first.min()).clamp(min=0.2, max=1.0)
        high = (limit / first).max().clamp(min=1.0, max=8.0)
        return first * torch.minimum(torch.maximum(scale, low), high)

    def _aspect(self, box: Tensor) -> float:
        return float((box[3] / box[2]).item())


def make_features(settings: DcfSettings) -> tuple[nn.Module, int]:
    """Return the features that the settings name, and the pixels of their cells."""
    if settings.features == "dcfnet":
        return DCFNetFeatures(), 1
    if settings.features == "micro_resnet":
        return MicroResNetFeatures(), MicroResNetFeatures.stride
    if settings.features == "gradient+micro_resnet":
        return GradientMicroResNetFeatures(), GradientMicroResNetFeatures.stride
    return GradientColorFeatures(settings.cell_size), settings.cell_size
