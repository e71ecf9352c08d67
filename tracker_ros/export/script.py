"""TorchScript: the same tracker, compiled."""

from __future__ import annotations

import os
import sys
from typing import Any

import torch

from tracker_ros.trackers.base import Tracker

METHODS = ["initialize", "localize", "update"]


def can_script() -> bool:
    """Whether this Python and torch compile: not from Python 3.14 on, nor with ``PYTORCH_JIT=0``."""
    return sys.version_info < (3, 14) and hasattr(torch, "jit") and os.environ.get("PYTORCH_JIT", "1") != "0"


def optimized(tracker: Tracker) -> Any:
    """The tracker compiled and frozen for the device it is on; itself where that is not possible.

    What comes back has the three methods of a `Tracker` and gives the same results up to rounding.
    Freezing folds parameters into the code: it belongs on the machine that runs it, after loading.
    """
    if not can_script():
        return tracker
    return torch.jit.freeze(torch.jit.script(tracker.eval()), preserved_attrs=METHODS)
