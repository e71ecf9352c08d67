# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The ROS 2 nodes, one a folder. They wire topics, services and parameters to the layers below."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path


def _is_node_program() -> bool:
    """Return whether this process is one of the nodes, by its name: PyTorch is not imported yet."""
    name = Path(sys.argv[0]).name
    return name == "-m" or (name.endswith("_node") and Path(__file__).with_name(name[:-5]).is_dir())


# A node imports for seconds before it has anything to end: a signal ends the process at once, with the status
# of a node that was asked to end. `ros.compat.run_node` takes the signals over.
if _is_node_program():
    for _number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(_number, lambda *_: os._exit(0))
