# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""TorchScript: the same tracker, compiled. Everything that calls `torch.jit` to compile or load is here."""

from __future__ import annotations

import io
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from tracker_ros.trackers.base import SettingsError, Tracker
from tracker_ros.weights.loader import require_finite

METHODS = ["initialize", "localize", "update", "missed"]


def can_script() -> bool:
    """Return whether this Python and torch can compile: not from Python 3.14 on or with ``PYTORCH_JIT=0``."""
    return not _why_not()


def require_script(what: str) -> None:
    """Make sure that this Python and torch can compile, where `optimized` would leave the tracker as it is.

    Args:
        what: was asked for, such as ``--scripted``.

    Raises:
        SettingsError: saying why they cannot.
    """
    if why := _why_not():
        raise SettingsError(f"{what} needs TorchScript, {why}")


def _why_not() -> str:
    if switched_off():
        return "which PYTORCH_JIT=0 switches off: unset PYTORCH_JIT"
    if sys.version_info >= (3, 14) or not hasattr(torch, "jit"):
        return (
            f"which Python {sys.version_info[0]}.{sys.version_info[1]} with torch {torch.__version__} lacks"
        )
    return ""


def switched_off() -> bool:
    """Return whether the environment keeps torch from compiling, and from loading what was compiled."""
    return os.environ.get("PYTORCH_JIT", "1") == "0"


def optimized(tracker: Tracker) -> Any:
    """Return the tracker compiled and frozen for the device it is on; itself where that is not possible.

    What comes back has the methods of a `Tracker` and, on a CPU, gives the same numbers.
    Freezing folds parameters into the code: it belongs on the machine that runs it, after loading.
    """
    if not can_script():
        return tracker
    with _quiet():
        compiled = _frozen(torch.jit.script(tracker.eval()))
    compiled.session_settings = tracker.session_settings
    return compiled


def save(tracker: Tracker) -> bytes:
    """Return the archive of a tracker, code and parameters.

    Not frozen: freezing folds parameters into code for one kind of device, and belongs on the machine
    that runs it.
    """
    with _quiet():
        return bytes(torch.jit.script(tracker.cpu().eval()).save_to_buffer())


def load(content: bytes, device: str) -> Any:
    """Return the tracker in the bytes of an archive, frozen for `device`.

    Raises:
        RuntimeError: when torch cannot read them.
        AttributeError: for a module without all methods of a tracker.
        WeightsError: for parameters that are not finite.
    """
    with _quiet():
        module = torch.jit.load(io.BytesIO(content), map_location=device).eval()
        if lacking := [name for name in METHODS if not hasattr(module, name)]:
            raise AttributeError(f"it has no method {', '.join(lacking)}: export it with this version")
        require_finite(module.state_dict(), "the archive")
        return _frozen(module)


def _frozen(module: Any) -> Any:
    """Freeze a module without the passes that round otherwise (folding of batch normalisation).

    A tracker feeds its rounding back: whichever of two nearly equal candidates or cells is the greatest,
    the next frame is searched there. With these passes boxes came to differ by up to 5 px in 100 frames.
    """
    return torch.jit.freeze(module, preserved_attrs=METHODS, optimize_numerics=False)


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence the warning that torch.jit is deprecated: a whole tracker has no other form."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        yield
