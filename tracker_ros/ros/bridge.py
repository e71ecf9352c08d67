# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""cv_bridge, where it is installed, for the encodings that `ros.images` does not read itself."""

from __future__ import annotations

import os
from functools import cache
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt


class BridgeError(ValueError):
    """cv_bridge is not there, cannot be used, or does not know an encoding. The message says what to do."""


class BridgeMissingError(BridgeError):
    """cv_bridge is not installed. The message names the command that installs it."""


@cache
def find_bridge() -> ModuleType:
    """Return the module cv_bridge.

    Raises:
        BridgeMissingError: with the command that installs it.
        BridgeError: for one that does not work with this numpy.
    """
    try:
        import cv_bridge
    except ModuleNotFoundError as missing:
        if missing.name != "cv_bridge":
            raise BridgeError(f"cv_bridge cannot be loaded: {missing}") from missing
        raise BridgeMissingError(f"it needs cv_bridge: {_install_command()}") from missing
    except Exception as error:  # built for another numpy it raises ImportError, AttributeError or SystemError
        raise BridgeError(_mismatch(error)) from error
    return cv_bridge


def convert(message: Any) -> npt.NDArray[np.uint8]:
    """Convert a sensor_msgs Image of colours or a sensor's pattern to uint8 [H, W, 3] RGB.

    Raises:
        BridgeError: as `find_bridge` does, and for what cv_bridge cannot convert.
    """
    return _called(lambda bridge: bridge.CvBridge().imgmsg_to_cv2(message, "rgb8"), message.encoding)


def display(message: Any) -> npt.NDArray[np.uint8]:
    """Convert one channel of 16 or 32 bits, stretched over its range of values, to uint8 [H, W, 3] RGB.

    Raises:
        BridgeError: as `convert` does.
    """

    def stretched(bridge: Any) -> Any:
        values = bridge.CvBridge().imgmsg_to_cv2(message, "passthrough")
        return bridge.cvtColorForDisplay(values, message.encoding, "rgb8", do_dynamic_scaling=True)

    return _called(stretched, message.encoding)


def _called(convert: Any, encoding: str) -> npt.NDArray[np.uint8]:
    bridge = find_bridge()
    try:
        pixels = np.asarray(convert(bridge))
    except (ImportError, AttributeError, SystemError) as error:  # the first call loads its compiled part
        raise BridgeError(_mismatch(error)) from error
    except Exception as error:  # CvBridgeError, or OpenCV's
        raise BridgeError(f"cv_bridge cannot convert '{encoding}': {error}") from error
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3:
        raise BridgeError(f"cv_bridge made {pixels.dtype} {pixels.shape} of '{encoding}', not an RGB image")
    return pixels


def _mismatch(error: Exception) -> str:
    what = f"{type(error).__name__}: {error}"
    return (
        f"the installed cv_bridge does not work with numpy {np.__version__} ({what}): it was built for"
        " another one. Use the numpy of the ROS distribution (before Lyrical: 'numpy<2')"
    )


def _install_command() -> str:
    return f"sudo apt install ros-{os.environ.get('ROS_DISTRO', 'DISTRO')}-cv-bridge"
