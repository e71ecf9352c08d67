# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Several targets in one stream of images, without a running ROS."""

from __future__ import annotations

import numpy as np
import pytest
from session_helpers import BOX, Oracle

pytest.importorskip("rclpy", reason="rclpy is not installed")

from stream_helpers import received  # noqa: E402

from tracker_ros.geometry import Box  # noqa: E402
from tracker_ros.ros.images import ImageError  # noqa: E402
from tracker_ros.ros.stream import Decoder, ImageStream, Received  # noqa: E402
from tracker_ros.ros.targets import Targets  # noqa: E402
from tracker_ros.session import Session, State  # noqa: E402
from tracker_ros.trackers import load  # noqa: E402

OTHER, THIRD = Box(12.0, 12.0, 8.0, 8.0), Box(50.0, 40.0, 8.0, 8.0)


def several(count: int) -> Targets:
    """Room for so many targets, whose places the images do not tell."""
    alike = {"look_margin": -1.0, "confirm_frames": 1}
    return Targets([Session(Oracle(), alike, f"target-{i}") for i in range(count)], "cpu")


def noise(stamp: float, *boxes: Box) -> Received:
    """An image of noise with a bright texture of its own in each box."""
    frame, rng = received(stamp, width=320), np.random.default_rng(0)
    pixels = rng.integers(40, 80, (48, 320, 3), dtype=np.uint8)
    for seed, box in enumerate(boxes):
        x, y, w, h = (round(v) for v in box.to_xywh())
        pixels[y : y + h, x : x + w] = np.random.default_rng(seed).integers(120, 255, (h, w, 3))
    frame.message.data[:] = type(frame.message.data)("B", pixels.tobytes())
    return frame


def test_each_target_is_tracked_as_if_it_were_alone() -> None:
    tracker = load("dcf", {}, None, "cpu")
    starts = [Box(40.0 + 90 * i, 24.0, 20.0, 18.0) for i in range(3)]
    images = [
        noise(1 + t / 20, *(box._replace(cx=box.cx + (i - 1) * t) for i, box in enumerate(starts)))
        for t in range(12)
    ]
    together = Targets([Session(tracker, name=f"t{i}") for i in range(3)], "cpu")
    alone = [ImageStream(Session(tracker, name=f"t{i}"), Decoder("cpu")) for i in range(3)]
    # The last one is selected late, in an image that the others have passed.
    for box, frames in zip(starts, (images[:1], images[:1], images[:5]), strict=True):
        if len(frames) == 5:
            for image in images[:5]:
                together.process(image)
        together.start_target(frames, box, False, "selected")
    for stream, box in zip(alone, starts, strict=True):
        stream.start_target(images[:1], box, False)
    for image in images[:5]:
        alone[0].process(image), alone[1].process(image)
    for image in images[1:4]:
        alone[2].process(image)
    for image in images[5:]:
        reports = together.process(image)
        assert reports is not None and [r.target_id for r in reports] == ["t2-1", "t0-1", "t1-1"]
        expected = [stream.process(image) for stream in alone]
        by_id = {r.target_id: r for r in reports}
        for report in expected:
            assert report is not None and report.state is State.TRACKING
            assert by_id[report.target_id].box == report.box and by_id[report.target_id].score == report.score
    boxes = [by_id[f"t{i}-1"].box or BOX for i in range(3)]
    assert all(abs(box.cx - starts[i].cx - 11 * (i - 1)) < 2 for i, box in enumerate(boxes))


def test_a_selection_takes_a_free_place_then_that_of_the_primary_target() -> None:
    targets = several(2)
    assert targets.start_target([received(1.0)], BOX, False, "a") == "target-0-1"
    assert targets.start_target([received(1.0)], OTHER, False, "b") == "target-1-1"
    assert [r.target_id for r in targets.reports] == ["target-1-1", "target-0-1"]
    # What is there already keeps its place, however full it is.
    assert targets.start_target([received(1.0)], BOX._replace(cx=BOX.cx + 1), False, "c") == "target-0-2"
    assert targets.primary.target_id == "target-0-2"
    assert targets.start_target([received(1.0)], THIRD, False, "d") == "target-0-3"
    assert {r.target_id for r in targets.reports} == {"target-0-3", "target-1-1"}


def test_a_refused_selection_leaves_all_targets() -> None:
    targets = several(2)
    targets.start_target([received(1.0)], BOX, False, "a")
    targets.start_target([received(1.0)], OTHER, False, "b")
    before = targets.reports
    with pytest.raises(ValueError, match="lies outside"):
        targets.start_target([received(1.0)], Box(-50.0, -50.0, 5.0, 5.0), False, "c")
    assert targets.reports == before


def test_targets_are_chosen_and_stopped_by_their_ids() -> None:
    targets = several(3)
    first, second = (targets.start_target([received(1.0)], box, False, "") for box in (BOX, OTHER))
    targets.choose(first)
    assert [r.target_id for r in targets.reports] == [first, second]
    for act in (targets.choose, targets.stop_one):
        for wrong in ("target-9", ""):
            with pytest.raises(ValueError, match=f"no target '{wrong}'; there are: {first}, {second}"):
                act(wrong)
    assert [r.target_id for r in targets.reports] == [first, second]
    targets.stop_one(first)
    # Nothing takes the primary target's part by itself: a gimbal must not turn to something else.
    assert targets.primary.state is State.IDLE and [r.target_id for r in targets.reports] == ["", second]
    reports = targets.process(received(1.1))
    assert reports is not None and [r.state for r in reports] == [State.IDLE, State.TRACKING]
    assert [r.state for r in targets.stop()] == [State.IDLE]
    with pytest.raises(ValueError, match="there are: none"):
        targets.stop_one(second)


def test_what_starts_by_itself_does_not_become_primary_beside_another() -> None:
    targets = several(3)
    first = targets.start_target([received(1.0)], BOX, False, "", by_itself=True)
    targets.start_target([received(1.0)], OTHER, False, "", by_itself=True)
    assert targets.primary.target_id == first
    assert targets.may_start() and targets.taken(1.0) == [BOX, OTHER]


def test_nothing_starts_by_itself_while_a_target_is_searched_for_or_no_place_is_free() -> None:
    targets = several(2)
    targets.start_target([received(1.0)], BOX, False, "")
    targets.process(received(1.05))
    assert targets.may_start()
    targets.sessions[0].lose("gone")
    assert not targets.may_start() and targets.taken(1.0) == []
    full = several(1)
    full.start_target([received(1.0)], BOX, False, "")
    assert not full.may_start()


def test_boxes_are_remembered_by_the_stamps_of_their_images() -> None:
    targets = several(1)
    targets.start_target([received(1.0)], BOX, False, "")
    for step in range(1, 4):
        frame = received(1 + step / 10)
        frame.message.data[1 * 3 : 1 * 3 + 1] = type(frame.message.data)("B", [4])  # 4 px to the right
        targets.process(frame)
    assert [targets.taken(1 + step / 10)[0].cx for step in range(4)] == [BOX.cx + 4 * s for s in range(4)]
    assert targets.taken(0.0)[0].cx == BOX.cx + 12, "without a stamp the newest"


def test_a_bad_image_is_refused_for_all_targets() -> None:
    targets = several(3)
    targets.start_target([received(1.0)], BOX, False, "")
    targets.start_target([received(1.0)], OTHER, False, "")
    targets.process(received(1.05))
    with pytest.raises(ImageError):
        targets.process(received(1.1, encoding="spam"))
    refused = targets.refused("bad")
    assert [(r.state, r.box, r.message) for r in refused] == [(State.ERROR, None, "bad")] * 2
    reports = targets.process(received(1.15))
    assert reports is not None and [r.state for r in reports] == [State.TRACKING] * 2


def test_a_silent_camera_loses_every_target() -> None:
    targets = several(3)
    targets.start_target([received(1.0)], BOX, False, "")
    targets.start_target([received(1.0)], OTHER, False, "")
    targets.process(received(1.05))
    assert targets.tick(0.5, None) == []
    assert [r.state for r in targets.tick(1.5, None)] == [State.COASTING] * 2
    assert [r.state for r in targets.tick(9.0, None)] == [State.LOST] * 2
