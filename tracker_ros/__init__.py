# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""tracker_ros: visual single-object trackers, in Python and as ROS 2 lifecycle nodes.

The names below load what they need when they are first used, so that a node without a tracker stays
without PyTorch, and a script without a node without ROS:

- `load`: a tracker by the name of its preset.
- `track`: follow a target through a video, a folder of images or frames of your own.
- `Session`, `State`: the state machine around a tracker, frame by frame.
- `Box`: centre and size in pixels.
- `to_tensor`: a NumPy image as the frame that trackers and sessions take.
"""

# First: even the other imports take a moment on a busy machine.
from tracker_ros import early_signals  # noqa: F401 # isort: skip

from importlib import import_module
from pkgutil import extend_path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tracker_ros.api import Result, track
    from tracker_ros.geometry import Box
    from tracker_ros.ops.frames import to_tensor
    from tracker_ros.session import Session, State
    from tracker_ros.trackers import load

# The generated `tracker_ros.msg` and `tracker_ros.srv` live in the installed copy; this line lets a
# source tree find them there.
__path__ = extend_path(__path__, __name__)

__version__ = "0.1.0"
__all__ = ["Box", "Result", "Session", "State", "load", "to_tensor", "track"]

_HOMES = {
    "Box": "tracker_ros.geometry",
    "Result": "tracker_ros.api",
    "Session": "tracker_ros.session",
    "State": "tracker_ros.session",
    "load": "tracker_ros.trackers",
    "to_tensor": "tracker_ros.ops.frames",
    "track": "tracker_ros.api",
}


def __getattr__(name: str) -> Any:
    """Import a public name on its first use (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
