# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Handlers of SIGINT and SIGTERM for a node's process that still imports what it needs.

The package imports this before anything else, so it imports little itself.
"""

import os
import signal
import sys
from types import FrameType


def _is_node_program() -> bool:
    """Return whether this process is one of our nodes: other packages have a `tracker_node` too."""
    program = sys.argv[0] if sys.argv else ""
    if program == "-m":  # the module is being looked up
        return any(word.startswith("tracker_ros.nodes.") for word in sys.orig_argv)
    if not program.endswith("_node"):
        return False
    try:
        with open(program, "rb") as script:
            return b"from tracker_ros.nodes." in script.read(4096)
    except OSError:
        return False


def _end(number: int, frame: FrameType | None) -> None:
    os._exit(0)


# A node imports for seconds before it has anything to end: a signal ends the process at once, with the status
# of a node that was asked to end. `ros.compat.run_node` takes the signals over.
if _is_node_program():
    for _number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(_number, _end)
