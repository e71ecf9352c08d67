# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""A check of frames, and calls of trackers, which come from outside too: again where memory ran out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

SAMPLED = 8
"""Every so many rows and columns of a frame are looked at for contrast."""
CONTRAST = 8
"""Grey values that those of a frame with something in it differ by, at least."""


def twice(method: Callable[..., Any], *args: Any) -> Any:
    """Call a tracker's method; again, with torch's cache emptied, if the device's memory ran out."""
    try:
        return method(*args)
    except Exception as error:
        if "out of memory" not in str(error):
            raise
    torch.cuda.empty_cache()
    return method(*args)


def essence(error: Exception) -> str:
    """Return one line of an error's text. TorchScript puts the cause below its own traceback."""
    lines = str(error).strip().splitlines() or [""]
    return lines[-1] if "TorchScript" in lines[0] else lines[0]


def shows_nothing(frame: Tensor) -> bool:
    """Return whether a frame (uint8 [3, H, W]) is of one colour, as of a dead link or a capped lens."""
    # Nearly every frame shows as much in a few green pixels already.
    green = frame[1, :: 2 * SAMPLED, :: 2 * SAMPLED]
    if int(green.max()) - int(green.min()) >= CONTRAST:
        return False
    low, high = torch.aminmax(frame[:, ::SAMPLED, ::SAMPLED].flatten(1), dim=1)
    return int((high.int() - low.int()).amax()) < CONTRAST
