# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""What nodes say and show without a node: messages, diagnostics and pictures."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from session_helpers import BOX

pytest.importorskip("rclpy", reason="rclpy is not installed")

from std_msgs.msg import Header  # noqa: E402
from stream_helpers import received, stream  # noqa: E402
from tracker_ros.msg import NamedValues, ResponseMap, TrackState  # noqa: E402

from tracker_ros.ros import health  # noqa: E402
from tracker_ros.ros.annotations import image_annotations  # noqa: E402
from tracker_ros.ros.memory import Memory, device_memory  # noqa: E402
from tracker_ros.ros.messages import box_message, box_of  # noqa: E402
from tracker_ros.ros.overlay import draw_response, draw_state  # noqa: E402
from tracker_ros.ros.reports import detection, detections, response_map  # noqa: E402
from tracker_ros.session import State  # noqa: E402
from tracker_ros.session.states import UNVERIFIED  # noqa: E402
from tracker_ros.trackers.base import Estimate  # noqa: E402

# -- messages ----------------------------------------------------------------------------------------


def test_report_to_messages() -> None:
    report = stream().process(received(10.0))
    assert report is not None and report.estimate is not None
    header = Header(frame_id="camera")
    message = detection(header, report)
    assert message is not None and box_of(message.bbox) == report.box and message.id == "target-1"
    assert message.header == header and message.results[0].hypothesis.score == pytest.approx(0.9)
    assert message.results[0].hypothesis.class_id == "target"
    other = detection(header, report._replace(reacquired=UNVERIFIED))
    assert other is not None and other.results[0].hypothesis.class_id == "unverified"
    assert detections(header, [report]).detections == [message]
    gone = report._replace(box=None)
    assert detection(header, gone) is None and detections(header, [gone]).detections == []
    aux = {"weights_conv5": torch.tensor([0.25, 0.5]), "weights": torch.zeros(2, 2), "label": torch.zeros(2)}
    box, response = BOX.to_tensor(), torch.arange(6.0).reshape(2, 3)
    filled = response_map(header, "t", Estimate(box, torch.tensor(1.0), response, box, aux))
    assert (filled.height, filled.width, list(filled.data)) == (2, 3, [0, 1, 2, 3, 4, 5])
    assert box_of(filled.window) == BOX
    assert [(w.name, list(w.values)) for w in filled.weights] == [("weights_conv5", [0.25, 0.5])]


# -- health ------------------------------------------------------------------------------------------


def values(status: health.DiagnosticStatus) -> dict[str, str]:
    return {pair.key: pair.value for pair in status.values}


def filled_health(count: int = 51, latency: float = 20.0) -> health.Health:
    """10 processed frames a second, as many dropped, until time 5."""
    made = health.Health(health.Limits(silence_seconds=1.0, latency_ms=100.0))
    for i in range(count):
        made.add(
            TrackState(
                state=TrackState.TRACKING,
                latency_ms=latency + i % 2,
                frames_processed=i,
                frames_dropped=i,
                score=0.5,
                message="fine",
            ),
            0.1 * i,
        )
    return made


def test_health_of_images() -> None:
    empty = health.Health(health.Limits(1.0, 100.0))
    status = empty.images(0.0, "/cam", 0, "active")
    assert status.level == health.ERROR and status.message == "no image yet on /cam, which nobody publishes"
    assert "no image yet on /cam" in empty.images(0.0, "/cam", 1, "active").message
    silent = empty.images(0.0, "/cam", 0, "active", "; images are on /front/image_raw")
    assert silent.message == "no image yet on /cam, which nobody publishes; images are on /front/image_raw"
    status = filled_health().images(5.0, "/cam", 1, "active")
    assert status.level == health.OK and values(status)["rate_hz"] == "20.0"
    status = filled_health().images(6.5, "/cam", 1, "active")
    assert status.level == health.ERROR and status.message == "no image on /cam for 1.5 s"
    assert filled_health().images(5.0, "/cam", 1, "inactive").level == health.WARN


@pytest.mark.parametrize(
    ("state", "level"),
    [
        (TrackState.IDLE, health.OK),
        (TrackState.ACQUIRING, health.OK),
        (TrackState.TRACKING, health.OK),
        (TrackState.COASTING, health.WARN),
        (TrackState.LOST, health.WARN),
        (TrackState.ERROR, health.ERROR),
    ],
)
def test_health_of_tracking(state: int, level: bytes) -> None:
    made = filled_health()
    made.add(TrackState(state=state, message="why"), 6.0)
    status = made.tracking("active")
    assert status.level == level and status.message == f"{State(state).name}: why"
    assert made.tracking("").level == health.ERROR and made.tracking("inactive").level == health.WARN


def test_health_of_timing() -> None:
    status = filled_health().timing(5.0)
    got = values(status)
    assert status.level == health.OK and got["rate_hz"] == "10.0" and got["dropped_percent"] == "50"
    assert float(got["latency_ms_p50"]) == 20.0 and float(got["latency_ms_p99"]) == 21.0
    status = filled_health(latency=150.0).timing(5.0)
    assert status.level == health.WARN and "exceeds 100 ms" in status.message
    assert filled_health().timing(99.0).message == "no frames"


def test_health_of_connections_and_memory() -> None:
    assert health.connections([]).level == health.OK
    assert health.connections(["a cannot receive from b"]).message == "a cannot receive from b"
    assert health.memory(Memory("GPU 0", 95, 100)).level == health.WARN
    assert health.memory(None).level == health.OK
    measured = device_memory("cpu")
    assert measured is None or 0 < measured.used < measured.total


# -- pictures ----------------------------------------------------------------------------------------


def test_box_is_drawn_where_the_target_is() -> None:
    image = np.zeros((240, 320, 3), np.uint8)
    state = TrackState(state=TrackState.TRACKING, bbox=box_message(BOX._replace(cx=200.0, cy=150.0)))
    picture = draw_state(image, state)
    green = np.argwhere((picture[100:] == (0, 220, 60)).all(-1)) + (100, 0)
    assert green.min(0).tolist() == [146, 195] and green.max(0).tolist() == [154, 205]
    assert not image.any()
    lost = draw_state(image, TrackState(state=TrackState.LOST))
    assert lost[:60].any() and not lost[60:].any()


def test_heat_map_and_bars() -> None:
    response = ResponseMap(height=2, width=4, data=[0, 0, 0, 0, 0, 0, 1, 0])
    picture = draw_response(response)
    assert picture.shape == (128, 256, 3)
    hot, cold = picture[96, 160].astype(int), picture[32, 32].astype(int)
    assert hot[0] > hot[2] and cold[0] < 80
    response.weights = [NamedValues(name="conv5", values=[1.0, 0.5])]
    picture = draw_response(response)
    assert picture.shape == (128 + 48, 256, 3)
    bars = (picture[128:] == (70, 150, 255)).all(-1)[20:]  # below the text
    assert bars[:, 20].all() and bars[:, 200].sum() < bars[:, 20].sum()


def test_constant_response_is_drawn() -> None:
    assert draw_response(ResponseMap(height=3, width=3, data=[2.0] * 9)).shape == (258, 258, 3)


def test_annotations_mark_the_corners() -> None:
    def recorder(**fields: object) -> SimpleNamespace:
        return SimpleNamespace(**fields)

    points = type("PointsAnnotation", (SimpleNamespace,), {"LINE_LOOP": 2})
    types = SimpleNamespace(
        ImageAnnotations=lambda: SimpleNamespace(points=[], texts=[]),
        PointsAnnotation=points,
        TextAnnotation=recorder,
        Point2=recorder,
        Color=recorder,
    )
    state = TrackState(state=TrackState.TRACKING, score=0.5, bbox=box_message(BOX))
    message = image_annotations(types, state)
    corners = [(p.x, p.y) for p in message.points[0].points]
    assert corners == [(27, 20), (37, 20), (37, 28), (27, 28)] and message.texts[0].text == "TRACKING 0.50"
    assert image_annotations(types, TrackState()).points == []
