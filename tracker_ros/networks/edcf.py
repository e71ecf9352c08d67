# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""EDCF (Wang et al., 2018): a semantic and a fine-grained branch over one shallow layer, and a decoder.

The geometry, for crops of 255 px that show three target sizes (so the target has 85 px):

* The first convolution is padded by 2, so its 125 x 125 cells, 2 px apart, keep the whole crop: these
  are the fine branch's 125 x 125 x 8. Without their border they are SiamFC's unpadded 123 x 123, from
  which the deeper layers make 22 x 22 x 256.
* A model is made from one wide crop of 423 px: the fine features of the target's patch and of four
  context patches, one target size (42 cells) above, below, left and right of it, are windows of its
  features, and so is the semantic template, which is SiamFC's for the 127 px in the middle.

The paper prints the sizes of both outputs and that fine features come from the second layer; that the
branches share the first layer, the 3 x 3 kernel of the second and the padding are our reading.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tracker_ros.networks.siamfc import Adjust, ShallowFeatures, SiamFCFeatures, correlate, scaled
from tracker_ros.ops.fourier import context_aware_filter
from tracker_ros.ops.labels import circular_gaussian, hann

CHANNELS = 8
FINE = 125
FINE_STRIDE = 2
SHIFT = 42
SEARCH = 255
WIDE = SEARCH + 2 * SHIFT * FINE_STRIDE
# Crops of SEARCH px show this many target sizes (the paper's padding of 2).
EXTENT = 3.0


class Geometry(NamedTuple):
    """Sizes of the crops and of the fine branch's grid.

    Attributes:
        search: side of a search crop in pixels.
        extent: target sizes that it shows (the paper's padding, and 1).
        cells: side of the fine features of a search crop.
        stride: pixels from one to the next.
        shift: cells from the target's patch to a context patch: one target size.
        reach: cells from the middle within which f is defined.
        square: crops keep the image's shape; else they stretch the target to a square, as in the paper.
    """

    search: int
    extent: float
    cells: int
    stride: int
    shift: int
    reach: int
    square: bool

    def wide(self) -> int:
        """Return the side in pixels of the crop that also shows the context patches."""
        return self.search + 2 * self.shift * self.stride

    def label_sigma(self) -> float:
        """Return the standard deviation of the label in cells, a tenth of the target's side (DCFNet)."""
        return 0.1 * self.search / self.extent / self.stride


#: The paper's, with our reading of what it leaves open.
PUBLISHED = Geometry(SEARCH, EXTENT, FINE, FINE_STRIDE, SHIFT, 32, False)
LABEL_SIGMA = PUBLISHED.label_sigma()


def middle(maps: Tensor, side: int) -> Tensor:
    """Return the central [N, C, side, side] of maps [N, C, h, w] whose sides have the parity of `side`."""
    top, left = (maps.shape[2] - side) // 2, (maps.shape[3] - side) // 2
    return maps[:, :, top : top + side, left : left + side]


class ContextFilter(nn.Module):
    """The context-aware correlation-filter layer of eq. 7 and 9.

    Args:
        penalty: lambda_1.
        context_penalty: lambda_2; 0 gives a plain correlation filter.
        side: of the fine features of a search crop.
        shift: cells between the target's patch and a context patch.
        sigma: standard deviation of the label in cells.
    """

    def __init__(
        self,
        penalty: float,
        context_penalty: float,
        side: int = FINE,
        shift: int = SHIFT,
        sigma: float = LABEL_SIGMA,
    ) -> None:
        super().__init__()
        self.penalty = penalty
        self.context_penalty = context_penalty
        self.side = side
        self.shift = shift
        self.register_buffer("window", hann(side, side), persistent=False)
        self.register_buffer("label", circular_gaussian(side, side, sigma, sigma), persistent=False)

    def solve(self, wide: Tensor) -> Tensor:
        """Return the filters [N, C, side, side // 2 + 1] from fine features [N, C, side + 2 shift, same]."""
        label = torch.fft.rfft2(self.label)
        filters = []
        for sample in wide:
            target = self.patch(sample, self.shift, self.shift)
            context = torch.stack(
                (
                    self.patch(sample, 0, self.shift),
                    self.patch(sample, 2 * self.shift, self.shift),
                    self.patch(sample, self.shift, 0),
                    self.patch(sample, self.shift, 2 * self.shift),
                )
            )
            filters.append(context_aware_filter(target, context, label, self.penalty, self.context_penalty))
        return torch.stack(filters)

    def patch(self, sample: Tensor, top: int, left: int) -> Tensor:
        """Return the windowed [C, side, side] at (top, left) of a sample's wide features."""
        return sample[:, top : top + self.side, left : left + self.side] * self.window

    def forward(self, fine: Tensor, filters: Tensor) -> Tensor:
        """Return the responses g [N, side, side] to fine features [N, C, side, side].

        The middle is no displacement.
        """
        product = torch.fft.rfft2(fine * self.window) * filters
        return torch.fft.fftshift(torch.fft.irfft2(product.sum(1), [self.side, self.side]), [-2, -1])


class FineModel(nn.Module):
    """The network of CACFNet and CACFNet+: the fine branch and its filter.

    Args:
        width: share of the first layer's 96 channels.
        penalty: see `ContextFilter`.
        context_penalty: see `ContextFilter`.
    """

    def __init__(self, width: float, penalty: float, context_penalty: float) -> None:
        super().__init__()
        self.features = ShallowFeatures(width, padding=2)
        self.fine = nn.Conv2d(scaled(96, width), CHANNELS, 3, padding=1)
        self.filter = ContextFilter(penalty, context_penalty)

    def learn(self, wide: Tensor) -> Tensor:
        """Return the filters [N, 8, 125, 63] of wide crops [N, 3, 423, 423]."""
        return self.filter.solve(self.fine(self.features.shallow(wide)))

    def forward(self, images: Tensor, filters: Tensor) -> Tensor:
        """Return the responses g [N, 125, 125] of search crops [N, 3, 255, 255]."""
        return self.filter(self.fine(self.features.shallow(images)), filters)


class EDCFModel(nn.Module):
    """The network of EDCF: the fine branch of `FineModel` and SiamFC's on the same first layer.

    Args: see `FineModel`.
    """

    def __init__(self, width: float, penalty: float, context_penalty: float) -> None:
        super().__init__()
        self.features = SiamFCFeatures(width=width, padding=2)
        self.fine = nn.Conv2d(scaled(96, width), CHANNELS, 3, padding=1)
        self.filter = ContextFilter(penalty, context_penalty)
        self.adjust = Adjust(1e-3, 0.0, train_gain=False)

    def learn(self, shallow: Tensor) -> Tensor:
        """Return the filters [N, 8, 125, 63] of the first layer's [N, 96, 209, 209] on wide crops."""
        return self.filter.solve(self.fine(shallow))

    def template(self, shallow: Tensor) -> Tensor:
        """Return the semantic templates [N, 256, 6, 6] of the same: SiamFC's for the 127 px in the middle."""
        return self.features.deep(middle(shallow, 59))

    def forward(self, shallow: Tensor, templates: Tensor) -> tuple[Tensor, Tensor]:
        """Return the correlations f [N, 17, 17] (eq. 3) and semantic features [N, 256, 22, 22].

        Args:
            shallow: the first layer's [N, 96, 125, 125] on search crops, or [N, 96, 209, 209] on wide
                ones, of which the middle counts.
            templates: [1 or N, 256, 6, 6].
        """
        semantic = self.features.deep(middle(shallow, 123))
        return correlate(semantic, templates), semantic


def on_fine_grid(responses: Tensor, side: int = 65) -> Tensor:
    """Interpolate F [N, 17, 17] bilinearly from 8 px a cell to the fine grid [N, side, side] (2 or 4 px)."""
    size = [side, side]
    return F.interpolate(responses.unsqueeze(1), size, mode="bilinear", align_corners=True).squeeze(1)


class Decoder(nn.Module):
    """Seven deconvolutions from semantic features back to the image, used in training only.

    They mirror the encoder's five convolutions and two poolings, so sizes come out exactly:
    22 -> 24 -> 26 -> 28 -> 57 -> 61 -> 123 -> 255, and 6 -> 127.
    """

    def __init__(self, channels: int = 256, width: float = 1.0) -> None:
        super().__init__()
        c1, c2, c3 = scaled(96, width), scaled(256, width), scaled(384, width)
        sizes = [
            (channels, c3, 3, 1),
            (c3, c3, 3, 1),
            (c3, c2, 3, 1),
            (c2, c2, 3, 2),
            (c2, c1, 5, 1),
            (c1, c1, 3, 2),
        ]
        layers: list[nn.Module] = []
        for inputs, outputs, kernel, stride in sizes:
            layers += [
                nn.ConvTranspose2d(inputs, outputs, kernel, stride),
                nn.BatchNorm2d(outputs),
                nn.ReLU(),
            ]
        self.layers = nn.Sequential(*layers, nn.ConvTranspose2d(c1, 3, 11, 2))

    def forward(self, semantic: Tensor) -> Tensor:
        """Return the images [N, 3, H, W], in 0-1, of semantic features [N, channels, h, w]."""
        return self.layers(semantic)
