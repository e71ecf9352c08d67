# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""What goes wrong around and inside a tracker node, each with a real process."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

rclpy = pytest.importorskip("rclpy", reason="rclpy is not installed")

from lifecycle_msgs.srv import ChangeState, GetState  # noqa: E402
from node_helpers import (  # noqa: E402
    ACTIVATE,
    CLEANUP,
    CONFIGURE,
    DEACTIVATE,
    REPOSITORY,
    Client,
    Domain,
    Measured,
    NodeProcess,
    selection,
)
from rcl_interfaces.srv import GetParameters  # noqa: E402
from session_helpers import BOX, NAN, RAISE  # noqa: E402
from std_srvs.srv import SetBool, Trigger  # noqa: E402
from tracker_ros.msg import TrackState  # noqa: E402
from tracker_ros.srv import SelectTarget  # noqa: E402

from tracker_ros.ros.compat import run_node  # noqa: E402

pytestmark = pytest.mark.ros
TRACKER = "tracker_ros.nodes.tracker.node"


def picture(code: int = 90) -> np.ndarray:
    """What `Oracle` reads a score of 0.9, or a command to fail, from."""
    pixels = np.zeros((48, 64, 3), np.uint8)
    pixels[0, 0, 0] = code
    return pixels


@pytest.fixture(scope="module")
def outside(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment with a tracker package that tracker_ros does not know, and a preset for it."""
    folder = tmp_path_factory.mktemp("site")
    info = folder / "outside-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: outside\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[tracker_ros.trackers]\noutside = outside_tracker\n")
    (folder / "outside.yaml").write_text("tracker: outside\n")
    return {
        "PYTHONPATH": os.pathsep.join((str(folder), str(REPOSITORY / "test" / "helpers"), str(REPOSITORY))),
        "preset": str(folder / "outside.yaml"),
    }


class Flight:
    """One domain with the outside tracker in a node that can be started again."""

    def __init__(self, outside: dict[str, str], module: str = TRACKER):
        self.domain, self._outside, self._module = Domain(), outside, module
        self.client = Client(self.domain)
        self.node = self.start()

    def start(self) -> NodeProcess:
        given = {
            "tracker": self._outside["preset"],
            "torchscript": False,
            "image_reliability": "reliable",
            "session.coast_seconds": 30.0,
            "autostart": True,
        }
        environment = {"PYTHONPATH": self._outside["PYTHONPATH"]}
        self.node = NodeProcess(self._module, self.domain, given, environment=environment)
        self.client.forget_services()
        return self.node

    def ready(self) -> Client:
        """The client of a node that answers to images."""
        self.client.connect(self.client.camera, lambda: self.client.image(picture()))
        return self.client

    def select(self) -> str:
        answer = self.client.select(BOX)
        assert answer.accepted, answer.reason
        return str(answer.target_id)

    def close(self) -> None:
        self.client.close()
        self.node.stop(signal.SIGKILL)
        self.domain.close()


@pytest.fixture(scope="module")
def flight(outside: dict[str, str]) -> Iterator[Flight]:
    made = Flight(outside)
    yield made
    made.close()


@pytest.mark.parametrize("ending", [True, False])
def test_errors_of_an_executor_whose_context_ends_are_no_failure(ending: bool) -> None:
    def fail() -> None:
        if ending:  # as the signal handler does, between two steps of the executor
            rclpy.shutdown()
        raise RuntimeError("failed to initialize wait set")

    def make() -> rclpy.node.Node:
        node = rclpy.create_node("n")
        node.create_timer(0.0, fail)
        return node

    if ending:
        assert run_node(make) == 0
    else:
        with pytest.raises(RuntimeError, match="wait set"):
            run_node(make)


def test_a_node_whose_inference_hangs_answers_everybody(
    outside: dict[str, str], record_property: Measured
) -> None:
    """With the limit of 30 s set to 2 s; the others are those that ship."""
    flight = Flight(outside, "short_timeout_tracker")
    client = flight.client
    try:
        client.reconfigure(settings__seconds=60.0)
        flight.ready()
        # Each client is known to the node before nothing may be lost.
        select, stop, enable, get, parameters, change = (
            client.service(kind, f"tracker/{name}")
            for kind, name in (
                (SelectTarget, "select"),
                (Trigger, "stop"),
                (SetBool, "enable"),
                (GetState, "get_state"),
                (GetParameters, "get_parameters"),
                (ChangeState, "change_state"),
            )
        )
        flight.select()
        client.camera.publish(client.image(picture()))
        client.wait(lambda: "hangs" in flight.node.output, "an inference that hangs")
        began = time.monotonic()
        asked = [
            select.call_async(selection(BOX)),
            stop.call_async(Trigger.Request()),
            enable.call_async(SetBool.Request(data=False)),
            select.call_async(selection(BOX)),
        ]
        prompt = [
            get.call_async(GetState.Request()),
            parameters.call_async(GetParameters.Request(names=["tracker"])),
        ]
        client.wait(lambda: all(future.done() for future in prompt), "lifecycle state and a parameter")
        assert not any(future.done() for future in asked), "their limit is not over"
        assert prompt[0].result().current_state.label == "active"
        client.wait(lambda: all(future.done() for future in asked), "an answer to each request")
        record_property("seconds_to_answer", time.monotonic() - began)
        assert time.monotonic() - began < 10
        late = "the inference in progress takes more than 2 s"
        assert [asked[0].result().reason, asked[1].result().message] == [late] * 2
        assert not asked[0].result().accepted and not asked[1].result().success
        began = time.monotonic()
        # The transition fails for what does not end, and the node lets go of it.
        request = ChangeState.Request()
        request.transition.id = DEACTIVATE
        given_up = change.call_async(request)
        client.wait(given_up.done, "an answer to deactivation")
        assert not given_up.result().success
        record_property("seconds_to_deactivate", time.monotonic() - began)
        assert client.lifecycle() == "unconfigured"
        answer = client.select(BOX)
        command = "ros2 lifecycle set /tracker"
        told = f"the tracker node is not configured: {command} configure, then {command} activate"
        assert (answer.accepted, answer.reason) == (False, told)
        assert client.transition(CONFIGURE) and client.transition(ACTIVATE)
        assert flight.node.stop(signal.SIGINT) == 0
    finally:
        flight.close()


@pytest.mark.parametrize(("code", "words"), [(RAISE, "KeyError"), (NAN, "not finite")])
def test_a_tracker_that_fails(flight: Flight, code: int, words: str) -> None:
    client = flight.ready()
    flight.select()
    state = client.send(client.image(picture(code)))
    assert state.state == TrackState.ERROR and words in state.message and state.bbox.size_x == 0
    assert client.send(client.image(picture())).state == TrackState.ERROR
    client.send(client.image(picture(RAISE)))
    answer = client.select(BOX)
    assert not answer.accepted and "the tracker failed: KeyError" in answer.reason
    client.send(client.image(picture()))
    flight.select()
    assert client.send(client.image(picture())).state == TrackState.ACQUIRING
    assert client.send(client.image(picture())).state == TrackState.TRACKING


def test_two_hundred_lifecycles_do_not_grow(flight: Flight, record_property: Measured) -> None:
    client, process = flight.ready(), Path(f"/proc/{flight.node.pid}")

    def cycle(count: int) -> int:
        """Bytes resident after so many."""
        for _ in range(count):
            assert all(client.transition(t) for t in (DEACTIVATE, CLEANUP, CONFIGURE, ACTIVATE))
        return int((process / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def threads() -> int:
        return len(list((process / "task").iterdir()))

    cycle(50)
    settled, busy = cycle(50), threads()
    grown = cycle(100) - settled
    record_property("grown_mib", grown / 2**20)
    assert grown < 4 << 20 and threads() == busy
    assert "Traceback" not in flight.node.output


def test_a_fast_camera_into_a_slow_tracker_gives_young_results(
    flight: Flight, record_property: Measured
) -> None:
    client = flight.client
    client.reconfigure(settings__seconds=0.1)
    flight.ready()
    flight.select()
    client.states.clear()
    timer = client.node.create_timer(1 / 60, lambda: client.camera.publish(client.image(picture())))
    client.wait(lambda: client.states, "a result")
    began, before = time.monotonic(), len(client.states)
    client.wait(lambda: len(client.states) > 15, "results")
    each = max(1000 * (time.monotonic() - began) / (len(client.states) - before), 100.0)
    client.node.destroy_timer(timer)
    first, last = client.states[0], client.states[-1]
    processed = last.frames_processed - first.frames_processed
    assert last.frames_dropped - first.frames_dropped > processed
    # A frame waits at most for the one in progress, then takes its own time: more than 100 ms where others
    # want the processor as well.
    median = np.median([state.latency_ms for state in client.states])
    record_property("latency_ms", median)
    record_property("frame_ms", each)
    assert median < 2 * each + 50


def test_a_killed_node_comes_back_and_ends_in_the_middle_of_an_inference(
    flight: Flight, record_property: Measured
) -> None:
    client = flight.client
    client.reconfigure(settings__seconds=0.0)
    flight.ready()
    before, killed = flight.select(), time.monotonic()
    flight.node.stop(signal.SIGKILL)
    client.states.clear()
    flight.start()
    flight.ready()
    record_property("seconds_to_return", time.monotonic() - killed)
    assert client.states[-1].state == TrackState.IDLE
    client.reconfigure(settings__seconds=1.0)
    flight.ready()
    assert flight.select() != before
    client.camera.publish(client.image(picture()))
    client.lifecycle()  # answered while the inference runs
    interrupted = time.monotonic()
    assert flight.node.stop(signal.SIGINT) == 0
    record_property("seconds_to_end", time.monotonic() - interrupted)
    assert "Traceback" not in flight.node.output
