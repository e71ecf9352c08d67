# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""A node's program under a supervisor."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from typing import Any

from node_helpers import TIMEOUT, Domain, NodeProcess


class Respawned:
    """A node that is started again whenever it ends, as launch does with ``respawn=True``.

    Attributes:
        node: the process that runs now.
        died: statuses of those that ended.
    """

    def __init__(self, module: str, domain: Domain, parameters: dict[str, Any] | None = None):
        self._start = lambda: NodeProcess(module, domain, parameters)
        self.node, self.died = self._start(), list[int]()
        self._over = False
        self._may_start = threading.Event()
        self._may_start.set()
        self._supervisor = threading.Thread(target=self._supervise, daemon=True)
        self._supervisor.start()

    def _supervise(self) -> None:
        while True:
            self.died.append(self.node.wait())
            if self._over:
                return
            self._may_start.wait()
            self.node = self._start()

    def kill(self, meanwhile: Callable[[], None] = lambda: None) -> None:
        """kill -9; returns when a new process was started, `meanwhile` having been called before that."""
        self._may_start.clear()
        old = self.node.pid
        os.kill(old, signal.SIGKILL)
        try:
            meanwhile()
        finally:
            self._may_start.set()
        end = time.monotonic() + TIMEOUT
        while self.node.pid == old:
            assert time.monotonic() < end, "not started again"
            self._supervisor.join(0.01)

    def stop(self) -> int:
        """End it for good; its exit status."""
        self._over = True
        status = self.node.stop()
        self._supervisor.join(TIMEOUT)
        return status
