# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""How SIGINT and SIGTERM end a node, and what is left in a program that ran one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from subprocess import PIPE, Popen
from typing import Any

import pytest

pytest.importorskip("rclpy", reason="rclpy is not installed")

from node_helpers import REPOSITORY, TIMEOUT, Domain  # noqa: E402

pytestmark = pytest.mark.ros


def python(code: str, domain: Domain, **more: Any) -> Popen[str]:
    """An interpreter that runs `code`."""
    env = {**os.environ, "ROS_DOMAIN_ID": str(domain.number), "PYTHONPATH": str(REPOSITORY)}
    return Popen([sys.executable, "-c", code], env=env, stdin=PIPE, stdout=PIPE, text=True, **more)


HANGS = """
import threading
from rclpy.node import Node
from tracker_ros.ros.compat import run_node

class Stuck(Node):
    def __init__(self):
        super().__init__("stuck")
        print("up", flush=True)

    def close(self):
        print("closing", flush=True)
        threading.Event().wait()

run_node(Stuck)
"""


def test_a_second_signal_ends_a_node_that_hangs(domain: Domain) -> None:
    with python(HANGS, domain) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        process.send_signal(signal.SIGINT)
        assert process.stdout.readline() == "closing\n"
        # One that follows at once says the same; launch sends the next after five seconds.
        end = time.monotonic() + TIMEOUT
        while process.poll() is None and time.monotonic() < end:
            process.send_signal(signal.SIGTERM)
            time.sleep(0.1)
        assert process.returncode == 1


ENDS_SLOWLY = """
import atexit, sys, time
from rclpy.node import Node
from tracker_ros.ros import compat

# The machine may be slow, which is not what this test is about.
compat.REPEATED = compat.TEARDOWN = 1000.0

class Slow(Node):
    def __init__(self):
        super().__init__("slow")
        print("up", flush=True)

    def close(self):
        print("closing", flush=True)
        assert sys.stdin.readline() == "go on\\n"

def last():
    print("exit", flush=True)
    assert sys.stdin.readline() == "end\\n"

atexit.register(last)
compat.run_program(Slow)
"""


def test_more_signals_while_a_node_ends_change_nothing(domain: Domain) -> None:
    """A terminal and launch send one each; systemd signals all processes, and launch hands its own on."""
    with python(ENDS_SLOWLY, domain) as process:
        assert process.stdout is not None and process.stdin is not None
        assert process.stdout.readline() == "up\n"

        def signals() -> None:
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGINT):
                process.send_signal(number)
                time.sleep(0.02)

        signals()
        for said, answer in (("closing", "go on"), ("exit", "end")):
            assert process.stdout.readline() == f"{said}\n"
            signals()
            process.stdin.write(f"{answer}\n")
            process.stdin.flush()
            signals() if said == "closing" else None
        assert process.wait(TIMEOUT) == 0


LOCKS_UP = """
import ctypes, os, signal
from rclpy.node import Node
from tracker_ros.ros.compat import run_program

class LocksUp(Node):
    def __init__(self):
        super().__init__("locks_up")
        self.create_timer(0.01, lambda: os.kill(os.getpid(), signal.SIGINT))

    def close(self):
        print("closed", flush=True)

    def destroy_node(self):
        ctypes.PyDLL(None).sleep(600)  # keeps the interpreter's lock, as the middleware's calls do

run_program(LocksUp)
"""


@pytest.mark.parametrize("with_stderr", [True, False])
def test_a_middleware_that_locks_up_does_not_keep_a_program_alive(domain: Domain, with_stderr: bool) -> None:
    source = LOCKS_UP if with_stderr else "import os, sys; os.close(2); sys.stderr = None\n" + LOCKS_UP
    with python(source, domain, stderr=PIPE) as process:
        assert process.stdout is not None and process.stderr is not None
        assert process.stdout.readline() == "closed\n"
        assert process.wait(TIMEOUT) == 1
        said = process.stderr.read()
        assert ("Timeout (0:00:03)" in said and "in destroy_node" in said) == with_stderr


UNREAD = """
import os, signal
from rclpy.node import Node
from tracker_ros.ros.compat import run_program

class Brief(Node):
    def __init__(self):
        super().__init__("brief")
        self.create_timer(0.01, lambda: os.kill(os.getpid(), signal.SIGINT))

    def close(self):
        assert sys.stdin.readline() == "go on\\n"
        if sys.stdout:
            sys.stdout.write("kept until it is flushed at the end")

run_program(Brief)
"""


@pytest.mark.parametrize("stdout", ["open(1, 'w')", "None"])
def test_a_program_ends_well_whose_output_nobody_reads(domain: Domain, stdout: str) -> None:
    """As in `ros2 run ... | head`, and in a daemon that was started without one."""
    with python(f"import sys; sys.stdout = {stdout}\n{UNREAD}", domain, stderr=PIPE) as process:
        assert process.stdout is not None and process.stdin is not None and process.stderr is not None
        process.stdout.close()
        process.stdin.write("go on\n")
        process.stdin.flush()
        assert (process.wait(TIMEOUT), process.stderr.read()) == (0, "")


FAILS = """
from rclpy.node import Node
from tracker_ros.ros.compat import run_program

class Broken(Node):
    def __init__(self):
        super().__init__("broken")
        raise KeyError("a bug")

run_program(Broken)
"""


def test_a_program_whose_node_fails_says_so(domain: Domain) -> None:
    with python(FAILS, domain, stderr=PIPE) as process:
        assert process.stderr is not None
        assert "KeyError: 'a bug'" in process.stderr.read()
        assert process.wait(TIMEOUT) == 1


LEAVES_NOTHING = """
import os, signal, threading
import rclpy
from rclpy.node import Node
from tracker_ros.ros.compat import run_node

class Brief(Node):
    def __init__(self):
        super().__init__("brief")
        self.create_timer(0.01, rclpy.shutdown)

def held():
    handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    # The middleware opens and closes descriptors of its own, whenever it likes; none of them is a pipe.
    opened = {os.path.realpath(f"/proc/self/fd/{number}") for number in os.listdir("/proc/self/fd")}
    return handlers, {name for name in opened if "/pipe:" in name}

before = held()
for _ in range(3):
    assert run_node(Brief) == 0
for thread in threading.enumerate():
    if thread.name == "signals":
        thread.join(10)
assert held() == before, (held(), before)
assert [thread.name for thread in threading.enumerate()] == ["MainThread"]
"""


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="descriptors are looked up in /proc")
def test_a_program_that_ran_a_node_is_as_before(domain: Domain) -> None:
    with python(LEAVES_NOTHING, domain) as process:
        assert process.wait(TIMEOUT) == 0


IS_CONFIGURING = """
import sys, threading
import rclpy
from std_msgs.msg import Empty
from tracker_ros.ros.compat import run_program
from tracker_ros.ros.transitions import ManagedNode, logged

class Configuring(ManagedNode):
    def __init__(self):
        super().__init__("configuring")
        self.declare_parameter("autostart", True)
        self.start_if_asked()

    @logged()
    def on_configure(self, state):
        print("configuring", flush=True)
        if sys.stdin.readline() == "shut down\\n":
            threading.Thread(target=rclpy.shutdown).start()
            while self.context.ok():
                pass
        self.create_publisher(Empty, "~/made", 1)

    def begin(self): pass
    def halt(self): pass
    def release(self): pass

run_program(Configuring)
"""


@pytest.mark.parametrize(
    ("number", "line", "ends"),
    [
        (signal.SIGINT, "go on", "configure done"),
        (signal.SIGTERM, "go on", "configure done"),
        (None, "shut down", "configure was interrupted"),
    ],
)
def test_an_end_in_the_middle_of_a_transition_is_no_error(
    domain: Domain, number: int | None, line: str, ends: str
) -> None:
    with python(IS_CONFIGURING, domain, stderr=PIPE) as process:
        assert process.stdout is not None and process.stdout.readline() == "configuring\n"
        if number is not None:
            process.send_signal(number)
        said, log = process.communicate(f"{line}\n", timeout=TIMEOUT)
    assert process.returncode == 0, log
    assert ends in log
    assert not any(words in said + log for words in ("Traceback", "configure failed")), log


LOADS = """
import sys
print("loading", flush=True)
sys.stdin.readline()
raise SystemExit(7)
"""


@pytest.mark.parametrize(("first", "number"), [("pkgutil", signal.SIGINT), ("rclpy", signal.SIGTERM)])
@pytest.mark.parametrize("program", ["module", "script"])
@pytest.mark.parametrize(
    "name", sorted(p.parent.name for p in REPOSITORY.glob("tracker_ros/nodes/*/node.py"))
)
def test_a_signal_while_a_node_imports_what_it_needs_ends_it_cleanly(
    tmp_path: Path, name: str, program: str, number: signal.Signals, first: str
) -> None:
    # What the package itself needs first, and seconds of PyTorch later.
    (tmp_path / f"{first}.py").write_text(LOADS)
    script = tmp_path / f"{name}_node"
    script.write_text(f"from tracker_ros.nodes.{name}.node import main\nmain()\n")
    how = [str(script)] if program == "script" else ["-m", f"tracker_ros.nodes.{name}.node"]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join((str(tmp_path), str(REPOSITORY)))}
    with Popen([sys.executable, *how], env=env, stdin=PIPE, stdout=PIPE, stderr=PIPE, text=True) as process:
        assert process.stdout is not None and process.stdout.readline() == "loading\n"
        process.send_signal(number)
        assert process.communicate(timeout=TIMEOUT) == ("", "")
        assert process.returncode == 0


def test_importing_the_nodes_changes_nothing_in_another_program(tmp_path: Path) -> None:
    """It may have the name of one of ours."""
    script = tmp_path / "tracker_node"
    script.write_text(
        "import signal; kinds = (signal.SIGINT, signal.SIGTERM); "
        "before = [signal.getsignal(kind) for kind in kinds]; import tracker_ros.nodes; "
        "print([signal.getsignal(kind) for kind in kinds] == before)"
    )
    env = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    done = subprocess.run([sys.executable, script], env=env, stdout=PIPE, text=True, timeout=TIMEOUT)
    assert done.stdout == "True\n"
