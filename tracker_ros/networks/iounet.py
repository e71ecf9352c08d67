# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Predicting how well a box fits the target (IoU-Net as in ATOM, Danelljan et al., 2019, sec. 3.1).

The reference frame gives a modulation vector a level; in a later frame, the level is modulated,
pooled over the box and mapped to an estimate of the box's IoU with the target.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from tracker_ros.networks.locator import conv_block
from tracker_ros.ops.prroi import prroi_box_gradient, prroi_pool

BINS = (5, 3)
REFERENCE_BINS = (3, 1)


class IoUNet(nn.Module):
    """Two levels of a backbone, a reference box and candidate boxes to predicted IoU.

    Args:
        inputs: channels of the two levels.
        strides: of the two levels, in pixels.
        width: channels of the head.
    """

    def __init__(self, inputs: list[int], strides: list[int], width: int) -> None:
        super().__init__()
        self.fine = nn.Sequential(conv_block(inputs[0], width), conv_block(width, width))
        self.coarse = nn.Sequential(conv_block(inputs[1], width), conv_block(width, width))
        self.reference_fine = conv_block(inputs[0], width)
        self.reference_coarse = conv_block(inputs[1], width)
        self.modulate = nn.Linear(width * sum(bins**2 for bins in REFERENCE_BINS), width * 2)
        self.embed_fine = nn.Linear(width * BINS[0] ** 2, width)
        self.embed_coarse = nn.Linear(width * BINS[1] ** 2, width)
        self.judge = nn.Linear(2 * width, 1)
        self.width, self.bins, self.reference_bins = width, list(BINS), list(REFERENCE_BINS)
        self.strides = [float(s) for s in strides]

    def forward(self, levels: list[Tensor]) -> list[Tensor]:
        """Return the two levels [N, C, H, W] of a backbone, ready for `predict`."""
        return [self.fine(levels[0]), self.coarse(levels[1])]

    @torch.jit.export
    def reference(self, levels: list[Tensor], boxes: Tensor) -> Tensor:
        """Modulation [N, 2, width] from levels [N, C, H, W] of the backbone and one box an image, [N, 4]."""
        fine, coarse = self.reference_fine(levels[0]), self.reference_coarse(levels[1])
        vectors = []
        for i in range(boxes.shape[0]):
            vectors.append(
                torch.cat(
                    (
                        prroi_pool(
                            fine[i], boxes[i : i + 1], self.reference_bins[0], self.strides[0]
                        ).flatten(),
                        prroi_pool(
                            coarse[i], boxes[i : i + 1], self.reference_bins[1], self.strides[1]
                        ).flatten(),
                    )
                )
            )
        # Between 0 and 2: a sigmoid keeps untrained heads from blowing levels up or out.
        return 2 * torch.sigmoid(self.modulate(torch.stack(vectors))).view(-1, 2, self.width)

    @torch.jit.export
    def predict(self, levels: list[Tensor], modulation: Tensor, boxes: Tensor) -> tuple[Tensor, Tensor]:
        """Return the predicted IoU [R] of boxes [R, 4] in one image, and the last layer's input [R, 2 width].

        Args:
            levels: [width, H, W] each, from `forward`.
            modulation: [2, width], from `reference`.
        """
        parts = []
        weights = [self.embed_fine.weight, self.embed_coarse.weight]
        biases = [self.embed_fine.bias, self.embed_coarse.bias]
        for i in range(2):
            modulated = levels[i] * modulation[i].view(-1, 1, 1)
            pooled = prroi_pool(modulated, boxes, self.bins[i], self.strides[i]).flatten(1)
            parts.append(torch.relu(pooled @ weights[i].t() + biases[i]))
        both = torch.cat(parts, dim=1)
        return self.judge(both)[:, 0], both

    @torch.jit.export
    def ascend(self, levels: list[Tensor], modulation: Tensor, boxes: Tensor) -> tuple[Tensor, Tensor]:
        """Return the predicted IoU [R] as `predict`, and its derivative by the boxes [R, 4], written out."""
        predicted, both = self.predict(levels, modulation, boxes)
        upstream = (both > 0).to(both.dtype) * self.judge.weight
        weights = [self.embed_fine.weight, self.embed_coarse.weight]
        gradient = torch.zeros_like(boxes)
        for i in range(2):
            part = upstream[:, i * self.width : (i + 1) * self.width] @ weights[i]
            shaped = part.view(boxes.shape[0], self.width, self.bins[i], self.bins[i])
            modulated = levels[i] * modulation[i].view(-1, 1, 1)
            gradient = gradient + prroi_box_gradient(modulated, boxes, shaped, self.strides[i])
        return predicted, gradient
