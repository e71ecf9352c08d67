# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""What a node tracks with: device, compilation, the pipeline; without a running ROS."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import pytest
import torch
from session_helpers import Oracle

pytest.importorskip("rclpy", reason="rclpy is not installed")

from stream_helpers import received  # noqa: E402

from tracker_ros.export import optimized  # noqa: E402
from tracker_ros.nodes.tracker.model import find_device, warm_up  # noqa: E402
from tracker_ros.nodes.tracker.pipeline import Pipeline  # noqa: E402
from tracker_ros.ros.stream import Received  # noqa: E402
from tracker_ros.trackers import SettingsError, load  # noqa: E402
from tracker_ros.trackers.base import Estimate  # noqa: E402


def test_devices() -> None:
    assert find_device("cpu") == "cpu"
    assert find_device("auto") == ("cuda" if torch.cuda.is_available() else "cpu")
    with pytest.raises(SettingsError, match="device 'abacus' cannot be used"):
        find_device("abacus")


def test_compiled_tracker_answers_like_the_eager_one() -> None:
    eager = load("dcf")
    compiled = optimized(eager)
    noise = torch.Generator().manual_seed(3)
    frame = torch.randint(0, 256, (3, 120, 160), dtype=torch.uint8, generator=noise)
    moved = frame.roll((2, -3), (1, 2))
    box = torch.tensor([80.0, 60.0, 30.0, 20.0])
    with torch.inference_mode():
        answers = []
        for tracker in (eager, compiled):
            state = tracker.initialize(frame, box)
            estimate = tracker.localize(moved, state)
            answers.append(tracker.localize(moved, tracker.update(moved, state, estimate)))
    torch.testing.assert_close(answers[0].box, answers[1].box, rtol=1e-4, atol=1e-3)
    torch.testing.assert_close(answers[0].response, answers[1].response, rtol=1e-3, atol=1e-4)


def test_compilation_can_be_turned_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTORCH_JIT", "0")
    eager = load("dcf")
    assert optimized(eager) is eager


def test_a_tracker_without_finite_answers_is_not_let_through() -> None:
    class Broken(Oracle):
        def localize(self, frame: torch.Tensor, state: dict[str, torch.Tensor]) -> Estimate:
            return super().localize(frame, state)._replace(score=torch.tensor(torch.nan))

    with pytest.raises(SettingsError, match="not finite"):
        warm_up(Broken(), "cpu")


def test_a_disabled_pipeline_looks_at_no_image() -> None:
    seen: list[float] = []
    looked = threading.Event()

    def process(frame: Received) -> None:
        seen.append(frame.stamp)
        looked.set()

    log = SimpleNamespace(warning=lambda *_, **__: None)
    node = SimpleNamespace(get_logger=lambda: log, get_clock=lambda: None)
    targets = SimpleNamespace(sessions=[], process=process, tick=lambda *_: [], stop=lambda: [])
    pipeline = Pipeline(node, targets, None, "oracle", "image", 4, None)  # type: ignore[arg-type]
    pipeline.enabled = False
    pipeline.receive(received(1.0).message)
    pipeline.enabled = True
    pipeline.receive(received(2.0).message)
    assert looked.wait(30)
    # Had the first image been put in line, it would have been seen or counted as dropped.
    assert seen == [2.0] and pipeline._worker.dropped == 0
    pipeline._worker.close(30)
