# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Image messages without ROS, how their encodings store pixels, and random textures."""

from __future__ import annotations

import array
from types import SimpleNamespace

import numpy as np
import torch
from torch import Tensor

BYTES = {"rgb8": 3, "bgr8": 3, "8UC3": 3, "rgba8": 4, "bgra8": 4, "8UC4": 4, "mono8": 1, "8UC1": 1}
# Where Y of the even and odd pixel, U and V stand among the four bytes of two pixels.
PAIRS = {"yuv422": (1, 3, 0, 2), "uyvy": (1, 3, 0, 2), "yuv422_yuy2": (0, 2, 1, 3), "yuyv": (0, 2, 1, 3)}

# Which of two neighbouring bytes of the plane of colours is U and which V.
PLANES = {"nv12": (0, 1), "nv21": (1, 0)}


def message(rows: np.ndarray, width: int, encoding: str) -> SimpleNamespace:
    """An Image of rows [height, step] of bytes."""
    return SimpleNamespace(
        width=width,
        height=rows.shape[0],
        step=rows.shape[1],
        encoding=encoding,
        is_bigendian=0,
        data=array.array("B", rows.tobytes()),
    )


def texture(height: int, width: int, seed: int = 0) -> Tensor:
    """Smooth random pixels, uint8 [3, height, width]."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(1, 3, height // 6, width // 6, generator=generator)
    fine = torch.nn.functional.interpolate(coarse, (height, width), mode="bicubic").clamp(0, 1)
    return (fine[0] * 255).to(torch.uint8)
