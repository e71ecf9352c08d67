# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Calling trackers, which come from outside too: again where memory ran out, and errors in one line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch


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
