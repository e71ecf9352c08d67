# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The nodes of launch/uav_tracking.launch.py as child processes, with the same parameter file.

For machines without the launch packages, which are not on PyPI.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from tracker_ros.config_files import config_file
from tracker_ros.ros.compat import node_environment

_INTERRUPTED = 5.0
_TERMINATED = 2.0
"""Seconds that a process has to end after SIGINT, and then after SIGTERM."""

_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None
_SET_PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of linux/prctl.h


class ProcessError(RuntimeError):
    """A node that ended when it should run. The message has the end of what it printed."""


class Interrupts:
    """Notes Ctrl-C and SIGTERM; `check` raises KeyboardInterrupt after one, where it does no harm.

    Raised by Python itself, in the middle of a call into ROS, it can come out as another exception.
    """

    def __enter__(self) -> Interrupts:
        self._noted = False
        wanted = signal.SIGINT, signal.SIGTERM
        self._before = {number: signal.signal(number, self._note) for number in wanted}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, number: int, frame: object) -> None:
        self._noted = True

    def check(self) -> None:
        """Raise KeyboardInterrupt where a signal has come."""
        if self._noted:
            raise KeyboardInterrupt


class Processes:
    """Programs of nodes; leaving the context ends all of them, whatever happened.

    Args:
        logs: folder for what they print, one file each.
    """

    def __init__(self, logs: Path):
        self._logs = logs
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        logs.mkdir(parents=True, exist_ok=True)

    def __enter__(self) -> Processes:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(
        self, module: str, parameters: Mapping[str, Any], files: Sequence[str] = ("uav_tracking.yaml",)
    ) -> None:
        """Run ``python -m tracker_ros.nodes.MODULE.node``; later parameter files and `parameters` win."""
        command = [sys.executable, "-m", f"tracker_ros.nodes.{module}.node", "--ros-args"]
        for name in files:
            command += ["--params-file", str(config_file(name))]
        for name, value in parameters.items():
            command += ["-p", f"{name}:={json.dumps(value)}"]
        with self._log(module).open("wb") as log:
            # A session of its own: Ctrl-C reaches this program alone, which then ends the nodes in order.
            self._running[module] = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                env={**os.environ, **node_environment(), "PYTHONUNBUFFERED": "1"},
                start_new_session=True, preexec_fn=_before_exec,
            )  # fmt: skip

    def pid(self, module: str) -> int:
        """Return the process id of a program."""
        return self._running[module].pid

    def has_ended(self, module: str) -> bool:
        """Return whether a program ended by itself."""
        return self._running[module].poll() is not None

    def check(self, may_finish: Collection[str] = ()) -> None:
        """Raise `ProcessError` if a program does not run any more; some may finish with status 0."""
        for module, process in self._running.items():
            status = process.poll()
            if status is not None and (status != 0 or module not in may_finish):
                raise ProcessError(f"the {module} node ended (status {status}):\n{self.last_words(module)}")

    def last_words(self, module: str) -> str:
        """Return the last lines that a program printed."""
        return "\n".join(self._log(module).read_text(errors="replace").strip().splitlines()[-12:])

    def stop(self) -> None:
        """End all programs, the last started first: kindly, then firmly, then by force."""
        running = [process for process in reversed(self._running.values()) if process.poll() is None]
        for how, seconds in ((signal.SIGINT, _INTERRUPTED), (signal.SIGTERM, _TERMINATED)):
            for process in running:
                process.send_signal(how)
            end = time.monotonic() + seconds
            for process in running:
                try:
                    process.wait(max(end - time.monotonic(), 0.0))
                except subprocess.TimeoutExpired:
                    continue
            running = [process for process in running if process.poll() is None]
        for process in running:
            process.kill()
            process.wait()

    def _log(self, module: str) -> Path:
        return self._logs / f"{module}.log"


def _before_exec() -> None:
    """Make the child receive Ctrl-C even if this program's parent ignores it, and end with this program."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if _LIBC is not None:
        _LIBC.prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGTERM)
