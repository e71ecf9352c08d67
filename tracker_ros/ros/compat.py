# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The one place for differences between ROS 2 distributions (Humble to Lyrical) and middlewares."""

from __future__ import annotations

import atexit
import faulthandler
import gc
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

import rclpy
from rclpy.clock import Clock, ClockType
from rclpy.duration import Duration
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.task import Future

from tracker_ros.config_files import config_file
from tracker_ros.ros.context import end_ros, start_ros
from tracker_ros.ros.memory import LITTLE_SHARED, shared_memory
from tracker_ros.ros.parameters import ParameterError

_PROFILE_VARIABLES = ("FASTDDS_DEFAULT_PROFILES_FILE", "FASTRTPS_DEFAULT_PROFILES_FILE")
_WITH_FAST_DDS_2 = ("humble", "iron", "jazzy")

REPEATED = 2.0
"""Seconds after a signal in which more of them say the same: a terminal and launch each send one."""

DELIVERED = 0.2
"""Seconds that a node's last messages have to arrive before it ends."""

TEARDOWN = 3.0
"""Seconds that a program's nodes have to be destroyed in: launch kills it five after its first signal."""

# glibc returns an image's memory to the system and gets it back page by page for the next image, unless
# told at the process's start to keep it.
_KEEP_MEMORY = {
    "MALLOC_MMAP_THRESHOLD_": str(256 << 20),
    "MALLOC_TRIM_THRESHOLD_": str(512 << 20),
    "MALLOC_TOP_PAD_": str(64 << 20),
}


def steady_clock() -> Clock:
    """Return a clock that nobody sets: for time-outs, whatever simulated time does."""
    return Clock(clock_type=ClockType.STEADY_TIME)


def image_topic(node: Node, transport: str) -> str:
    """Return the resolved name of the images' topic for a transport, 'raw' or 'compressed'.

    As with image_transport, remapping ``image`` moves ``image/compressed`` too.
    """
    topic = node.resolve_topic_name("image")
    return topic if transport == "raw" else f"{topic}/{transport}"


def image_transport() -> dict[str, str]:
    """Return environment variables with which Fast DDS carries images of any size; none if the user set some.

    With its default shared-memory segment Fast DDS loses best-effort images of more than 512 KB. The
    profile in config/fastdds.xml enlarges the segment, config/fastdds_small.xml as far as little shared
    memory allows; other middlewares do not read the variables.
    """
    if any(name in os.environ for name in (*_PROFILE_VARIABLES, "RMW_FASTRTPS_USE_QOS_FROM_XML")):
        return {}
    # Fast DDS 2 may know the older name only, and Fast DDS 3 warns of it.
    names = _PROFILE_VARIABLES if os.environ.get("ROS_DISTRO") in _WITH_FAST_DDS_2 else _PROFILE_VARIABLES[:1]
    room = shared_memory()
    profile = "fastdds_small.xml" if room is not None and room.total < LITTLE_SHARED else "fastdds.xml"
    return dict.fromkeys(names, str(config_file(profile)))


def use_image_transport() -> None:
    """Set the variables of `image_transport` in this process; before `rclpy.init`."""
    os.environ.update(image_transport())


def node_environment() -> dict[str, str]:
    """Return the variables to start a node's process with, besides those that are set already."""
    return {**image_transport(), **{name: v for name, v in _KEEP_MEMORY.items() if name not in os.environ}}


def run_program(make: Callable[[], Node], args: Sequence[str] | None = None) -> int:
    """Run a node as `run_programs` runs several."""
    return run_programs((make,), args)


def run_programs(makes: Sequence[Callable[[], Node]], args: Sequence[str] | None = None) -> int:
    """Run nodes as `run_nodes` does; if they are this program (`args` is None), end the process too.

    The process ends at once. To take the interpreter and PyTorch down piece by piece would need seconds on a
    busy machine: launch gives a node five, and meanwhile another signal would kill it.
    """
    if args is not None:
        return run_nodes(makes, args)
    status = 1
    try:
        status = run_nodes(makes, last=True)
    except Exception:  # as the interpreter would
        traceback.print_exc()
    # Nodes refer to themselves; with the last of them goes what the middleware has in shared memory.
    gc.collect()
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        # Closed from the start (None), or whoever read it has gone.
        with suppress(AttributeError, OSError):
            stream.flush()
    os._exit(status)


def run_node(make: Callable[[], Node], args: Sequence[str] | None = None, last: bool = False) -> int:
    """Run a node as `run_nodes` runs several."""
    return run_nodes((make,), args, last)


def run_nodes(
    makes: Sequence[Callable[[], Node]], args: Sequence[str] | None = None, last: bool = False
) -> int:
    """Spin nodes until they are interrupted; return the exit status of the program.

    One single-threaded executor serves them all: what takes long (images that arrive, inference) is on
    threads of its own. A node with a method ``close`` has it called before it is destroyed. SIGINT, SIGTERM,
    and the end of any of the nodes end all.

    Args:
        makes: each builds a node, in a context that is up.
        args: the command line; None for that of the process.
        last: nothing but the end of the process follows, which signals shall not disturb.
    """
    use_image_transport()
    start_ros(args)
    ending: Future[None] = Future()
    with _ended_by_signals(ending, last):
        return _spin(makes, ending, last)


def _spin(makes: Sequence[Callable[[], Node]], ending: Future[None], last: bool) -> int:
    """Run the nodes in a context that is up until `ending` is done; the rest of `run_nodes`."""
    nodes: list[Node] = []
    executor = SingleThreadedExecutor()
    try:
        for make in makes:
            nodes.append(make())
            executor.add_node(nodes[-1])
        executor.spin_until_future_complete(ending)
    except ExternalShutdownException:
        pass
    except ParameterError as error:
        print(error, file=sys.stderr)
        return 2
    except Exception:
        # A node may end the context in a callback, between two steps of rclpy's executor, which then fails.
        if rclpy.ok():
            raise
    finally:
        # The context is still up: what stands still only when told so, a gimbal, can be told.
        for node in nodes:
            getattr(node, "close", lambda: None)()
        if rclpy.ok():
            _deliver(nodes)
        if last:
            _limit_teardown()
        for node in nodes:
            node.destroy_node()
        executor.shutdown()
        end_ros()
    return 0


def _deliver(nodes: Sequence[Node]) -> None:
    """Give what was published last the time to arrive: it would go with the nodes.

    Subscribers of Fast DDS may confirm it only three seconds later, or have died: `DELIVERED` at the most.
    """
    end = time.monotonic() + DELIVERED
    for publisher in (publisher for node in nodes for publisher in node.publishers):
        left = max(0.0, end - time.monotonic())
        publisher.wait_for_all_acked(Duration(nanoseconds=round(left * 1e9)))


def _limit_teardown() -> None:
    """End the process in `TEARDOWN` seconds if it has not ended by then, with status 1 and a traceback.

    Fast DDS may lock up when programs on one machine end all at once, and it does so inside a call that keeps
    the interpreter's lock: no thread of Python and no signal's handler would run any more. The watchdog of
    faulthandler is no thread of Python.
    """
    # A daemon may have been started without a standard error.
    faulthandler.dump_traceback_later(
        TEARDOWN, exit=True, file=sys.stderr or os.open(os.devnull, os.O_WRONLY)
    )


@contextmanager
def _ended_by_signals(ending: Future[None], last: bool) -> Iterator[None]:
    """Handle signals while open: the first one completes `ending`, one `REPEATED` later ends the process.

    Afterwards the handlers are as before or, if this was the `last` thing, ignore both signals.

    rclpy's own handlers lost a signal now and then on a busy machine, and the node went on. Here the
    interpreter writes a byte into a pipe, whichever thread the signal came to, and a thread waits for that.
    It does not shut the context down itself: rclpy would destroy the nodes on that thread while the executor
    waits on what they own. A node that once did not end was stopped in just these two places.
    """
    reader, writer = os.pipe()
    os.set_blocking(writer, False)

    def end() -> None:
        # Nothing is read once the writing end is closed.
        if os.read(reader, 1):
            first = time.monotonic()
            ending.set_result(None)
            while os.read(reader, 1):
                if time.monotonic() - first > REPEATED:
                    os._exit(1)
        os.close(reader)

    threading.Thread(target=end, name="signals", daemon=True).start()
    wakened = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    before = {number: signal.signal(number, lambda *_: None) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_IGN if last else handler)
        signal.set_wakeup_fd(wakened)
        os.close(writer)
