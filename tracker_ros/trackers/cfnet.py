# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""CFNet (Valmadre et al., 2017) and AdaCFNet: a correlation filter learnt on the first frame."""

from __future__ import annotations

from dataclasses import dataclass

from tracker_ros.networks.cfnet import (
    MOBILE_RESPONSE,
    MOBILE_STRIDE,
    STRIDE,
    CFNetModel,
    Conv1Features,
    Conv2Features,
    mobile_model,
)
from tracker_ros.trackers._scale_search import SEARCH, SearchSettings, SiameseSearch
from tracker_ros.trackers.base import register, setting

# Side of the features of a crop of 255 px, by depth.
CELLS = {"conv1": 62, "conv2": 57}
MARGIN = 16
RESPONSE = 33


@dataclass(frozen=True)
class AdaCFNetSettings(SearchSettings):
    """Defaults: AdaCFNet, sec. IV; what it leaves open is CFNet-conv2's."""

    scale_step: float = setting(1.0575, "ratio of neighbouring scales", 1.0, 1.5)
    scale_penalty: float = setting(0.978, "factor on the peak of a changed scale", 0.0, 1.0)
    scale_learning_rate: float = setting(
        0.52, "share of a measured size change that the box takes over", 0.0, 1.0
    )
    window_influence: float = setting(
        0.2625, "weight of the cosine window that prefers small motion", 0.0, 1.0
    )
    response_upsampling: int = setting(8, "bicubic upsampling of the response map", 1, 32)
    learning_rate: float = setting(0.005, "share of the newest frame in the model", 0.0, 1.0)
    regularization: float = setting(10.0, "lambda, the weight of the ridge or L2 term", 1e-6, 1e6)
    width_multiplier: float = setting(1.0, "share of the published channels of the inner layers", 0.05, 1.0)


@dataclass(frozen=True)
class WeightedSettings(AdaCFNetSettings):
    """Settings of `adacfnet`."""

    backbone: str = setting(
        "conv2",
        "network that extracts the features; 'conv2' is CFNet's two layers",
        choices=("conv2", "mobilenet_v3"),
    )


@dataclass(frozen=True)
class CFNetSettings(AdaCFNetSettings):
    """Defaults: CFNet-conv2."""

    last_layer: str = setting("conv2", "last convolutional layer of the features", choices=("conv1", "conv2"))


@register("cfnet", CFNetSettings)
class CFNet(SiameseSearch):
    """CFNet on conv1 or conv2 features; exemplar and search crops of 255 px, response 33 x 33.

    Baseline-conv5, the paper's third depth, has no filter: it is `siamfc` with other settings (preset
    ``cfnet_baseline``).
    """

    def __init__(self, settings: CFNetSettings) -> None:
        conv1 = settings.last_layer == "conv1"
        features = Conv1Features() if conv1 else Conv2Features(width=settings.width_multiplier)
        model = CFNetModel(features, CELLS[settings.last_layer], settings.regularization, MARGIN)
        super().__init__(model, settings, SEARCH, STRIDE, RESPONSE)


@register("adacfnet", WeightedSettings)
class AdaCFNet(SiameseSearch):
    """CFNet-conv2 whose channels are weighted anew in every frame by squeeze-and-excitation blocks.

    On MobileNetV3 the response has 17 x 17 cells of 8 px.
    """

    def __init__(self, settings: WeightedSettings) -> None:
        if settings.backbone == "mobilenet_v3":
            model = mobile_model(settings.regularization)
            super().__init__(model, settings, SEARCH, MOBILE_STRIDE, MOBILE_RESPONSE)
        else:
            features = Conv2Features(attention=True, width=settings.width_multiplier)
            model = CFNetModel(features, CELLS["conv2"], settings.regularization, MARGIN)
            super().__init__(model, settings, SEARCH, STRIDE, RESPONSE)
