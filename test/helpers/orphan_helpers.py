# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Ends the processes that a test started when the test process is killed and can end nothing any more.

A watcher process, this file as a program, reads their ids from a pipe. The pipe ends with whoever writes to
it, however that ends; what then still runs is killed, stopped (SIGSTOP) or not. A thread inside each process
could not do it while the process is stopped, and Linux's PR_SET_PDEATHSIG goes by the thread that started it.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import select
import signal
import subprocess
import sys
import threading
from typing import IO, Any

_lock = threading.Lock()
_watcher: list[subprocess.Popen[str]] = []


def end_with_this_process(child: subprocess.Popen[Any]) -> None:
    """Have a process that was just started killed as soon as the present one has ended."""
    with _lock:
        if not _watcher:
            # In a session of its own: what is sent to the terminal's or the job's processes spares it.
            command = [sys.executable, "-S", "-E", __file__]
            pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
            _watcher.append(subprocess.Popen(command, text=True, start_new_session=True, **pipes))
            atexit.register(_close, _watcher[0])
        to, back = _watcher[0].stdin, _watcher[0].stdout
        assert to is not None and back is not None
        print(child.pid, file=to, flush=True)
        back.readline()  # before its end is waited for here its number is nobody else's


def _close(watcher: subprocess.Popen[str]) -> None:
    watcher.communicate()


def _watch(numbers: IO[str]) -> None:
    """Collect processes until the pipe ends, then kill those that still run."""
    running: set[int] = set()  # file descriptors: a number alone may become another process's
    for number in numbers:
        ended, _, _ = select.select(running, [], [], 0)  # readable: the process has ended
        for handle in ended:
            running.remove(handle)
            os.close(handle)
        with contextlib.suppress(ProcessLookupError):
            running.add(os.pidfd_open(int(number)))
        print(flush=True)
    for handle in running:
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(handle, signal.SIGKILL)


if __name__ == "__main__":
    _watch(sys.stdin)
