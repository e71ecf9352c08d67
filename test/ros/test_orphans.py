# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""A test process that is killed leaves none of its nodes' processes behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("rclpy", reason="rclpy is not installed")

from node_helpers import REPOSITORY, TIMEOUT  # noqa: E402

pytestmark = pytest.mark.ros

# Programs that start sooner than a node: a server that runs on, and one that ends by itself.
STARTER = """
import time
from concurrent.futures import ThreadPoolExecutor
from node_helpers import Domain, NodeProcess

domain = Domain()
with ThreadPoolExecutor() as pool:  # its threads end before the processes do
    start = lambda _: NodeProcess("http.server", domain, ros=False, arguments=("0",))
    running = list(pool.map(start, range(2)))
NodeProcess("this", domain, ros=False).ended()
running.append(start(2))
print(*(process.pid for process in running), flush=True)
time.sleep(3600)
"""


def runs(pid: int) -> bool:
    """Whether a process is there that has not ended; one that nobody waited for (Z) has."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def test_processes_end_with_a_killed_test_process_even_stopped_ones() -> None:
    path = os.pathsep.join(map(str, (REPOSITORY, REPOSITORY / "test" / "helpers")))
    with subprocess.Popen(
        [sys.executable, "-c", STARTER],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
    ) as starter:
        assert starter.stdout is not None
        nodes = [int(pid) for pid in starter.stdout.readline().split()]
        try:
            assert len(nodes) == 3 and all(map(runs, nodes))
            os.kill(nodes[0], signal.SIGSTOP)
        finally:
            starter.kill()
    end = time.monotonic() + TIMEOUT
    while any(map(runs, nodes)):
        assert time.monotonic() < end, f"still running: {[pid for pid in nodes if runs(pid)]}"
        time.sleep(0.01)
