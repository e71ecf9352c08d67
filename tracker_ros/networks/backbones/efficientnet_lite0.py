# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""EfficientNet-Lite0 under the parameter names of the package efficientnet-lite-pytorch.

EfficientNet-B0 (Tan and Le, ICML 2019, table 1) without squeeze-and-excitation and with ReLU6. It was
trained in TensorFlow: "same" padding puts the odd row and column at the bottom and the right, batch
normalisation has an epsilon of 1e-3, and pixels enter as (x - 127) / 128.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from tracker_ros.networks.backbones.base import Backbone, check_levels
from tracker_ros.networks.folding import FoldingNorm

#: Table 1: expansion, output channels, repetitions, stride of the first repetition, kernel size.
_TABLE = (
    (1, 16, 1, 1, 3),
    (6, 24, 2, 2, 3),
    (6, 40, 2, 2, 5),
    (6, 80, 3, 2, 3),
    (6, 112, 3, 1, 5),
    (6, 192, 4, 2, 5),
    (6, 320, 1, 1, 3),
)
#: The last block before the next halving: its index in `_blocks` and its channels.
_LEVELS = {
    "stride2": (0, 16),
    "stride4": (2, 24),
    "stride8": (4, 40),
    "stride16": (10, 112),
    "stride32": (15, 320),
}
_EPSILON = 1e-3


def same_padding(x: Tensor, size: int, stride: int) -> Tensor:
    """Pad [N, C, H, W] with zeros so that a kernel of `size` yields ceil(H / stride) x ceil(W / stride)."""
    height, width = x.shape[2], x.shape[3]
    rows = max((-(-height // stride) - 1) * stride + size - height, 0)
    columns = max((-(-width // stride) - 1) * stride + size - width, 0)
    return F.pad(x, [columns // 2, columns - columns // 2, rows // 2, rows - rows // 2])


def _pointwise(inputs: int, outputs: int) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 1, bias=False)


class MBConv(nn.Module):
    """Expand by 1 x 1, filter each channel, project linearly; add the input where sizes agree."""

    __constants__ = ["expands"]

    def __init__(self, inputs: int, outputs: int, stride: int, expansion: int, size: int) -> None:
        super().__init__()
        width = inputs * expansion
        self.expands = expansion != 1
        if self.expands:
            self._expand_conv = _pointwise(inputs, width)
            self._bn0 = FoldingNorm(width, eps=_EPSILON)
        self._depthwise_conv = nn.Conv2d(width, width, size, stride, groups=width, bias=False)
        self._bn1 = FoldingNorm(width, eps=_EPSILON)
        self._project_conv = _pointwise(width, outputs)
        self._bn2 = FoldingNorm(outputs, eps=_EPSILON)
        self.size, self.stride, self.width = size, stride, width
        self.residual = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        """Map [N, inputs, H, W] to [N, outputs, ceil(H / stride), ceil(W / stride)]."""
        y = x
        if self.expands:
            y = F.relu6(self._bn0.convolve(x, self._expand_conv.weight, None))
        y, padding = (y, self.size // 2) if self.stride == 1 else (same_padding(y, self.size, self.stride), 0)
        filters = self._depthwise_conv.weight
        y = F.relu6(self._bn1.convolve(y, filters, None, self.stride, padding, self.width))
        y = self._bn2.convolve(y, self._project_conv.weight, None)
        return x + y if self.residual else y


class EfficientNetLite0(Backbone):
    """Levels 'stride2' (16 channels), 'stride4' (24), 'stride8' (40), 'stride16' (112), 'stride32' (320).

    Each is the linear output of the last block of its resolution, so values may be negative.
    """

    def __init__(self, levels: tuple[str, ...]) -> None:
        check_levels("efficientnet_lite0", levels, list(_LEVELS))
        chosen = [_LEVELS[name] for name in levels]
        super().__init__([int(name[6:]) for name in levels], [channels for _, channels in chosen])
        self.use_input("tensorflow")
        self.taken = [index for index, _ in chosen]
        self._conv_stem = nn.Conv2d(3, 32, 3, 2, bias=False)
        self._bn0 = FoldingNorm(32, eps=_EPSILON)
        blocks: list[nn.Module] = []
        inputs = 32
        for expansion, outputs, count, first, size in _TABLE:
            for number in range(count):
                blocks.append(MBConv(inputs, outputs, first if number == 0 else 1, expansion, size))
                inputs = outputs
        self._blocks = nn.ModuleList(blocks[: self.taken[-1] + 1])

    def forward(self, images: Tensor) -> list[Tensor]:
        """Map crops [N, 3, H, W] (RGB, 0-255) to [N, C, ceil(H / stride), ceil(W / stride)] a level."""
        x = same_padding(self.prepare(images), 3, 2)
        x = F.relu6(self._bn0.convolve(x, self._conv_stem.weight, None, 2))
        maps: list[Tensor] = []
        for index, block in enumerate(self._blocks):
            x = block(x)
            if index in self.taken:
                maps.append(x)
        return maps
