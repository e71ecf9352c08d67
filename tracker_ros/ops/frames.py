# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""NumPy images as the frames that trackers take."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

CHANNELS = ("rgb", "bgr")


def to_tensor(
    image: npt.NDArray[np.uint8], channels: str = "rgb", device: torch.device | str = "cpu"
) -> Tensor:
    """Convert an image to the frame that trackers and sessions take.

    An RGB image on the CPU is not copied: the frame is a view of it, unless it may only be read.

    Args:
        image: uint8 [H, W, 3]. OpenCV reads images as BGR; everything in this package that reads them
            gives RGB.
        channels: order of the image's channels, 'rgb' or 'bgr'.
        device: where the frame is needed.

    Returns:
        uint8 [3, H, W] RGB.

    Raises:
        ValueError: for another shape, type or channel order.

    >>> to_tensor(np.zeros((480, 640, 3), np.uint8)).shape
    torch.Size([3, 480, 640])
    """
    if channels not in CHANNELS:
        raise ValueError(f"channels must be 'rgb' or 'bgr', got {channels!r}")
    if not isinstance(image, np.ndarray) or image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        given = f"{image.dtype} {image.shape}" if isinstance(image, np.ndarray) else type(image).__name__
        raise ValueError(f"an image must be a NumPy array of uint8 [H, W, 3], got {given}")
    if channels == "bgr":
        image = image[:, :, ::-1]
    pixels = np.ascontiguousarray(image)
    # Arrays of PIL and np.frombuffer may only be read, and PyTorch has no such tensors.
    if not pixels.flags["W"]:
        pixels = pixels.copy()
    return torch.from_numpy(pixels).permute(2, 0, 1).to(device)
