"""VGG-16 (Simonyan and Zisserman, 2015), configuration D, under torchvision's parameter names."""

from __future__ import annotations

from torch import nn

from tracker_ros.networks.backbones import SequentialBackbone, check_levels

_BLOCKS = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))


class Vgg16(SequentialBackbone):
    """The convolutions of VGG-16; levels 'conv1_1' to 'conv5_3', each after its ReLU.

    Args:
        levels: what to return, shallow first; layers after the last one are not built.
        without_pools: pooling layers (1 to 5) to leave out; every one left out halves the stride of
            what follows, at the price of a receptive field half as large.
    """

    def __init__(self, levels: tuple[str, ...], without_pools: tuple[int, ...] = ()) -> None:
        layers: list[nn.Module] = []
        found: dict[str, tuple[int, int, int]] = {}
        inputs, stride = 3, 1
        for block, (width, count) in enumerate(_BLOCKS, start=1):
            for number in range(1, count + 1):
                layers += [nn.Conv2d(inputs, width, 3, padding=1), nn.ReLU()]
                found[f"conv{block}_{number}"] = (len(layers) - 1, stride, width)
                inputs = width
            # A pool left out still counts in the numbering of torchvision's names.
            layers.append(nn.Identity() if block in without_pools else nn.MaxPool2d(2))
            stride *= 1 if block in without_pools else 2
        check_levels("vgg16", levels, list(found))
        chosen = [found[name] for name in levels]
        taken, strides, channels = (list(column) for column in zip(*chosen, strict=True))
        super().__init__(layers, taken, strides, channels)
