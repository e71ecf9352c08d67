# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Checks of frames and times, and calls of trackers, which come from outside: again where memory ran out."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

SAMPLED = 8
"""Every so many rows and columns of a frame are looked at for contrast; fewer of a tiny one are left out."""
CONTRAST = 8
"""Grey values that those of a frame with something in it differ by, at least."""


def require_tracker(tracker: object) -> None:
    """Make sure that an object is a tracker: one of this package, of a plug-in, or an archive of one.

    Raises:
        ValueError: saying what was given.
    """
    methods = (getattr(tracker, name, None) for name in ("initialize", "localize"))
    if isinstance(tracker, type) or not all(map(callable, methods)):
        what = f"the class {tracker.__name__}" if isinstance(tracker, type) else type(tracker).__name__
        raise ValueError(f"tracker must be one that `load` gives, got {what}")


def require_input(frame: Tensor, stamp: float) -> None:
    """Make sure that a frame is uint8 [3, H, W] and that its time is a number.

    Raises:
        ValueError: saying what was given; others would be lost targets and errors long after.
    """
    right = isinstance(frame, Tensor) and frame.dtype == torch.uint8 and frame.ndim == 3
    if not right or len(frame) != 3 or frame.numel() == 0:
        given = f"{frame.dtype} {list(frame.shape)}" if hasattr(frame, "dtype") else type(frame).__name__
        raise ValueError(f"frame must be a uint8 tensor [3, H, W] (`to_tensor` makes one), got {given}")
    if not math.isfinite(stamp):
        raise ValueError(f"stamp must be a number of seconds, got {stamp}")


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
    step = max(1, min(SAMPLED, min(frame.shape[1:]) // SAMPLED))
    green = frame[1, :: 2 * step, :: 2 * step]
    if int(green.max()) - int(green.min()) >= CONTRAST:
        return False
    low, high = torch.aminmax(frame[:, ::step, ::step].flatten(1), dim=1)
    return int((high.int() - low.int()).amax()) < CONTRAST
