# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The start and end of ROS 2 in a process, on machines where its log files cannot be written too."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import rclpy
from rclpy.signals import SignalHandlerOptions
from rclpy.utilities import try_shutdown


def start_ros(args: Sequence[str] | None = None) -> None:
    """Start rclpy's default context; signals stay with the program.

    rclpy does not start where it cannot write log files: a read-only root file system, a full disk, a
    service without HOME. There the logs go to the terminal and to /rosout only, and stderr says so.

    Args:
        args: the command line; None for that of the process.
    """
    words = list(sys.argv if args is None else args)
    if problem := log_folder_problem():
        print(f"no ROS log files: {problem} (ROS_LOG_DIR names another folder)", file=sys.stderr)
        words += ["--ros-args", "--disable-external-lib-logs"]
    rclpy.init(args=words, signal_handler_options=SignalHandlerOptions.NO)


def end_ros() -> None:
    """Shut rclpy's default context down, if that has not been done yet; signals stay with the program.

    `rclpy.shutdown` also takes back handlers that were never installed: for a moment a signal is fatal.
    """
    try_shutdown()


def log_folder_problem() -> str:
    """Return why no file can be made in the folder of ROS's logs, which is made if need be; '' if one can."""
    base = os.environ.get("ROS_HOME") or ("~/.ros" if os.environ.get("HOME") else "")
    name = os.environ.get("ROS_LOG_DIR") or (base and f"{base}/log")
    if not name:
        return "HOME is not set"
    folder = Path(name)
    try:
        folder = folder.expanduser()
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"\n")
    except (OSError, RuntimeError) as error:  # RuntimeError: a home of a user that is not known
        return f"{folder}: {getattr(error, 'strerror', None) or error}"
    return ""
