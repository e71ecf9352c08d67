# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""SiamRPN++'s network (Li et al., 2019): a dilated ResNet-50, under pysot's parameter names."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tracker_ros.networks.backbones.base import INPUT_CONVENTIONS
from tracker_ros.networks.backbones.resnet import Bottleneck
from tracker_ros.networks.rpn import MultiLevelRpn, ResponseGrid


class DilatedBottleneck(Bottleneck):
    """A bottleneck whose 3 x 3 convolution is dilated.

    The first block of a stage (`first`) has a 3 x 3 shortcut where the stage strides or dilates, and
    half of the stage's dilation. A stride of 2 goes without padding, so that exemplar and search
    features stay aligned to the same grid.
    """

    def __init__(self, inputs: int, width: int, stride: int, dilation: int, first: bool) -> None:
        super().__init__(inputs, width, 1)
        reach = max(dilation // 2, 1) if first else dilation
        padding = 0 if stride == 2 else reach
        self.conv2 = nn.Conv2d(width, width, 3, stride, padding, reach, bias=False)
        if first and (stride == 2 or dilation > 1):
            shortcut = nn.Conv2d(inputs, width * 4, 3, stride, padding, reach, bias=False)
            self.downsample = nn.Sequential(shortcut, nn.BatchNorm2d(width * 4))


class DilatedResNet50(nn.Module):
    """ResNet-50 with stride 8 throughout its last three stages.

    Returns layers 2, 3 and 4 of [N, 3, H, W] RGB in 0-255; 127 px give 15 cells and 255 px 31.

    Args:
        width: channels of the first stage's bottlenecks; 64 in ResNet-50.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, width, 7, 2, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        self.layer1 = _stage(width, width, 3, 1, 1)
        self.layer2 = _stage(width * 4, width * 2, 4, 2, 1)
        self.layer3 = _stage(width * 8, width * 4, 6, 1, 2)
        self.layer4 = _stage(width * 16, width * 8, 3, 1, 4)

    def forward(self, images: Tensor) -> list[Tensor]:
        """Return the features of the three levels, all of the same size."""
        x = self.layer1(self.maxpool(torch.relu(self.bn1(self.conv1(images)))))
        second = self.layer2(x)
        third = self.layer3(second)
        return [second, third, self.layer4(third)]

    @torch.jit.unused
    def published(self, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
        """Fit torchvision's ResNet-50 to this one; a file with 3 x 3 shortcuts fits already.

        A 1 x 1 shortcut becomes the middle of a 3 x 3 one. torchvision's network takes (x / 255 - mean) /
        deviation, this one x: the division goes into the first kernel, the subtraction into the mean of
        the batch normalisation after it (exactly, since the first layer does not pad).
        """
        if tensors.get("layer2.0.downsample.0.weight", torch.empty(0, 0, 3, 3)).shape[-1] == 3:
            return tensors
        found = dict(tensors)
        for stage in (2, 3, 4):
            name = f"layer{stage}.0.downsample.0.weight"
            if name in found:
                found[name] = F.pad(found[name], [1, 1, 1, 1])
        convention = INPUT_CONVENTIONS["imagenet"]
        kernel = found["conv1.weight"].float() / torch.tensor(convention.std).view(1, 3, 1, 1)
        offset = (kernel * torch.tensor(convention.mean).view(1, 3, 1, 1)).sum((1, 2, 3))
        found["conv1.weight"] = kernel
        found["bn1.running_mean"] = found["bn1.running_mean"].float() + offset
        return found


def _stage(inputs: int, width: int, blocks: int, stride: int, dilation: int) -> nn.Sequential:
    first = DilatedBottleneck(inputs, width, stride, dilation, first=True)
    rest = [DilatedBottleneck(width * 4, width, 1, dilation, first=False) for _ in range(blocks - 1)]
    return nn.Sequential(first, *rest)


class AdjustLayer(nn.Module):
    """Fewer channels; of an exemplar, the middle 7 x 7 cells, which see the target and little padding."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.downsample = nn.Sequential(nn.Conv2d(inputs, outputs, 1, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x: Tensor, exemplar: bool) -> Tensor:
        """Return [N, inputs, h, w] to [N, outputs, h, w], or [N, outputs, 7, 7] for an exemplar."""
        x = self.downsample(x)
        if exemplar:
            start = (x.shape[3] - 7) // 2
            x = x[:, :, start : start + 7, start : start + 7]
        return x


class Neck(nn.Module):
    """An `AdjustLayer` for each of the three levels."""

    def __init__(self, inputs: list[int], outputs: int) -> None:
        super().__init__()
        self.downsample2 = AdjustLayer(inputs[0], outputs)
        self.downsample3 = AdjustLayer(inputs[1], outputs)
        self.downsample4 = AdjustLayer(inputs[2], outputs)

    def forward(self, levels: list[Tensor], exemplar: bool) -> list[Tensor]:
        """Return the three levels with equal numbers of channels."""
        return [
            self.downsample2(levels[0], exemplar),
            self.downsample3(levels[1], exemplar),
            self.downsample4(levels[2], exemplar),
        ]


class SiamRpnPlusPlusNet(nn.Module):
    """Dilated ResNet-50, neck and depthwise heads on layers 2 to 4.

    Args:
        anchors: shapes a cell.
        width: channels of the first stage's bottlenecks; 64 in the published model.
    """

    #: The response: padding adds eight cells.
    grid = ResponseGrid(extra=8)

    def __init__(self, anchors: int, width: int = 64) -> None:
        super().__init__()
        self.backbone = DilatedResNet50(width)
        self.neck = Neck([width * 8, width * 16, width * 32], width * 4)
        self.rpn_head = MultiLevelRpn(anchors, width * 4)

    @torch.jit.export
    def template(self, exemplar: Tensor) -> tuple[Tensor, Tensor]:
        """Return the stacked classification and regression kernels of exemplar crops [N, 3, 127, 127]."""
        return self.rpn_head.template(self.neck(self.backbone(exemplar), True))

    def forward(self, cls_kernel: Tensor, loc_kernel: Tensor, search: Tensor) -> tuple[Tensor, Tensor]:
        """Return the head outputs for search crops [N, 3, S, S]."""
        return self.rpn_head(cls_kernel, loc_kernel, self.neck(self.backbone(search), False))
