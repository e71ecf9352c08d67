# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Drawn frames for the trackers on pretrained features."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor


def drawn(cx: float, cy: float, w: int = 36, h: int = 28) -> tuple[Tensor, Tensor]:
    """A frame of dull blocks with a target of vivid ones, w x h pixels, and the target's box."""
    rng = np.random.default_rng(0)
    frame = np.kron(rng.integers(60, 160, (3, 30, 40)), np.ones((8, 8))).astype(np.uint8)
    x, y = int(cx - w / 2), int(cy - h / 2)
    blocks = np.kron(rng.integers(0, 2, (3, 4, 6)) * 220 + 20, np.ones((7, 6)))
    rows, columns = np.arange(h) * 28 // h, np.arange(w) * 36 // w
    frame[:, y : y + h, x : x + w] = blocks[:, rows][:, :, columns]
    return torch.from_numpy(frame), torch.tensor([x + w / 2, y + h / 2, float(w), float(h)])
