# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Parts of the selector and click nodes, in this process."""

from __future__ import annotations

import io
import json
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

pytest.importorskip("rclpy", reason="rclpy is not installed")
pytest.importorskip("aiohttp", reason="aiohttp is not installed")

import cv2  # noqa: E402
import numpy as np  # noqa: E402
import rclpy  # noqa: E402
from node_helpers import Domain, scene  # noqa: E402
from sensor_msgs.msg import CompressedImage, Image  # noqa: E402
from tracker_ros.msg import ResponseMap, TrackState  # noqa: E402

from tracker_ros import cli  # noqa: E402
from tracker_ros.geometry import Box  # noqa: E402
from tracker_ros.nodes.click.node import Refused, box_around  # noqa: E402
from tracker_ros.nodes.selector import node as selector  # noqa: E402
from tracker_ros.nodes.selector.pictures import image_picture, response_picture, state_values  # noqa: E402
from tracker_ros.ros.images import ImageError, fill_compressed, fill_image  # noqa: E402
from tracker_ros.ros.messages import box_message  # noqa: E402
from tracker_ros.ros.parameters import ParameterError  # noqa: E402

pytestmark = pytest.mark.ros


def test_boxes_around_clicks() -> None:
    assert box_around(10, 20, 640, 480, "pixels", 50) == Box(10, 20, 50, 50)
    assert box_around(0.5, 0.25, 640, 480, "normalised", 0.1) == Box(320, 120, 48, 48)
    assert box_around(640, 480, 640, 480, "pixels", 1) == Box(640, 480, 1, 1)
    for x, y in ((-0.1, 0), (640.1, 0), (0, 481), (float("nan"), 0), (0, float("inf"))):
        with pytest.raises(Refused, match="outside the 640 x 480 image"):
            box_around(x, y, 640, 480, "pixels", 50)
    with pytest.raises(Refused, match="646.4, 0"):
        box_around(1.01, 0, 640, 480, "normalised", 50)


def test_large_images_are_shown_smaller_and_keep_their_size_in_the_header() -> None:
    pixels = scene(Box(600, 300, 80, 60), 1280, 640)
    for message in (fill_image(Image(), pixels, "rgb8"), fill_compressed(CompressedImage(), pixels)):
        picture = image_picture(message, 320, 90)
        assert (picture.width, picture.height) == (1280, 640)
        shown = cv2.cvtColor(cv2.imdecode(np.frombuffer(picture.data, np.uint8), 1), cv2.COLOR_BGR2RGB)
        assert shown.shape == (160, 320, 3)
        expected = pixels.reshape(160, 4, 320, 4, 3).mean((1, 3))
        assert np.abs(shown - expected).mean() < 10  # JPEG blurs the colours of so fine a pattern
    with pytest.raises(ImageError, match="empty"):
        image_picture(Image(encoding="rgb8"), 320, 90)


def test_a_response_map_is_opaque_at_its_peak_and_clear_at_its_lowest() -> None:
    values = np.zeros((5, 7), np.float32)
    values[3, 2], values[0, 6] = 2, -1
    data = response_picture(ResponseMap(height=5, width=7, data=values.ravel().tolist())).data
    alpha = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)[..., 3]
    assert np.unravel_index(alpha.argmax(), alpha.shape) == (3, 2) and alpha.max() > 200
    assert alpha[0, 6] == 0 and alpha.shape == (5, 7)
    for height, width, cells in ((0, 0, []), (2, 2, [1.0])):
        with pytest.raises(ValueError):
            response_picture(ResponseMap(height=height, width=width, data=cells))


def test_states_become_json_that_every_browser_reads() -> None:
    state = TrackState(state=TrackState.COASTING, score=float("nan"), bbox=box_message(Box(20, 30, 10, 8)))
    state.latency_ms, state.age_ms = 12.5, 40.25
    values = state_values(state)
    assert (values["latency_ms"], values["age_ms"]) == (12.5, 40.25)
    assert (values["state"], values["score"], values["box"]) == ("COASTING", None, [15, 26, 10, 8])
    assert state_values(TrackState(state=9))["box"] is None
    json.dump(values, io.StringIO(), allow_nan=False)


def test_the_command_starts_the_node_with_what_it_was_told(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[list[str]] = []
    monkeypatch.setattr(selector, "main", lambda words: started.append(words) or 0)
    assert cli.main(["select", "--image", "/cam/image", "--namespace", "uav1", "--port", "0"]) == 0
    (words,) = started
    assert words[:5] == ["--ros-args", "-r", "image:=/cam/image", "-r", "__ns:=/uav1"]
    assert 'host:="127.0.0.1"' in words and "port:=0" in words


@contextmanager
def made(**values: Any) -> Iterator[selector.SelectorNode]:
    """A selector node in this process."""
    domain = Domain()
    words = [word for name, value in values.items() for word in ("-p", f"{name}:={json.dumps(value)}")]
    rclpy.init(args=["--ros-args", *words], domain_id=domain.number)
    try:
        node = selector.SelectorNode()
        yield node
        node.close()
        node.destroy_node()
    finally:
        rclpy.shutdown()
        domain.close()


def test_only_loopback_is_bound_without_a_warning(capsys: pytest.CaptureFixture[str]) -> None:
    with made(port=0):
        pass
    out, err = capsys.readouterr()
    assert re.fullmatch(r"Select a target at  http://127\.0\.0\.1:\d+/\?token=[\w-]{32}\n", out) and not err
    with made(port=0, host="0.0.0.0"):
        pass
    assert "warning: the page is open to every machine that reaches 0.0.0.0" in capsys.readouterr().err


def test_an_address_that_cannot_be_bound_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(ParameterError, match="'host' and 'port'.*address already in use"):
            with made(port=taken.getsockname()[1]):
                pass
    with pytest.raises(ParameterError, match="'host' is empty; 0.0.0.0 means all addresses"):
        with made(host=""):
            pass
