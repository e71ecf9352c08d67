# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Footage, and the simulated camera as a process of its own: images, calibration, truth, clocks, its end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

pytest.importorskip("rclpy")

from node_helpers import Client, Domain, NodeProcess, time_message  # noqa: E402
from rosgraph_msgs.msg import Clock  # noqa: E402
from sensor_msgs.msg import CameraInfo, CompressedImage, Image  # noqa: E402
from std_srvs.srv import SetBool  # noqa: E402
from vision_msgs.msg import Detection2D  # noqa: E402

from tracker_ros.data.footage import film, open_recording, play  # noqa: E402
from tracker_ros.data.sequence import DataError  # noqa: E402
from tracker_ros.data.synthetic import AerialScene  # noqa: E402
from tracker_ros.nodes.sim_camera import node as sim_camera  # noqa: E402
from tracker_ros.ros import qos  # noqa: E402
from tracker_ros.ros.images import to_rgb  # noqa: E402
from tracker_ros.ros.messages import box_of  # noqa: E402

MODULE = "tracker_ros.nodes.sim_camera.node"
Start = Callable[..., tuple[NodeProcess, Client]]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts a camera with parameters and a client in a domain of their own."""
    domain = Domain()
    opened: list[Any] = []

    def begin(**parameters: Any) -> tuple[NodeProcess, Client]:
        client = Client(domain)
        opened.append(client.close)
        process = NodeProcess(MODULE, domain, parameters)
        opened.append(process.stop)
        return process, client

    yield begin
    for close in reversed(opened):
        close()
    domain.close()


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """A folder of six PNG images, each of one colour, and a truth file that lacks a box in the third."""
    rows = []
    for index in range(6):
        image = np.full((48, 64, 3), (10 * index, 50, 200 - 10 * index), np.uint8)  # BGR
        cv2.imwrite(str(tmp_path / f"{index:04}.png"), image)
        rows.append("nan,nan,nan,nan" if index == 2 else f"{index},2,10,8")
    (tmp_path / "truth.txt").write_text("\n".join(rows))
    return tmp_path


def test_film_is_the_scene_at_the_rate() -> None:
    scene = AerialScene(1, 96, 64)
    third = next(islice(film(scene, 20.0), 2, None))
    view = scene.render(2 / 20)
    np.testing.assert_array_equal(third.image, view.image)
    assert (third.name, third.box, third.visible) == view.target


def test_a_recording_plays_with_its_truth_and_loops(recording: Path) -> None:
    frames, truth = open_recording(recording, recording / "truth.txt")
    shots = list(play(frames, truth))
    assert [shot.image[0, 0].tolist() for shot in shots] == [[200 - 10 * i, 50, 10 * i] for i in range(6)]
    assert shots[2].box is None and shots[2].visible == 0
    assert shots[4].box is not None and shots[4].box.to_xywh() == (4, 2, 10, 8)
    looped = list(islice(play(frames, truth, loop=True), 14))
    assert [shot.box for shot in looped] == [*(s.box for s in shots)] * 2 + [shots[0].box, shots[1].box]
    assert [shot.box for shot in play(frames, truth[:1])][1:] == [None] * 5


@pytest.mark.parametrize("name", ["missing.mp4", "notes.txt", "empty"])
def test_what_cannot_be_played_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "notes.txt").touch()
    with pytest.raises(DataError, match=name):
        open_recording(tmp_path / name)


@pytest.mark.parametrize(
    ("parameter", "message"),
    [
        ("encoding:=hsv8", "parameter 'encoding' must be one of bgr8, rgb8, mono8, jpeg, got 'hsv8'"),
        ("source:=/nowhere/clip.mp4", "/nowhere/clip.mp4 is neither a video"),
        ("width:=10", "width"),
        ("rate:=0.0", "rate"),
    ],
)
def test_bad_parameters_end_the_program_with_a_reason(
    parameter: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sim_camera.main(["--ros-args", "-p", parameter]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.ros
def test_synthetic_camera_publishes_image_calibration_and_truth_of_one_stamp(start: Start) -> None:
    process, client = start(width=320, height=240, rate=25.0, seed=5, horizontal_fov=90.0, frame_id="nadir")
    images: list[Image] = []
    infos: list[CameraInfo] = []
    truths: list[Detection2D] = []
    client.listen(Image, "image", images, qos.camera())
    client.listen(CameraInfo, "camera_info", infos, qos.camera())
    client.listen(Detection2D, "sim_camera/truth", truths)
    client.wait(lambda: len(images) > 12 and len(truths) > 12 and infos, "images, truth and calibration")
    stamps = [message.header.stamp.sec + message.header.stamp.nanosec * 1e-9 for message in images]
    assert (np.diff(stamps) > 0).all() and np.median(np.diff(stamps)) == pytest.approx(1 / 25, rel=0.2)
    assert {image.header.frame_id for image in images} == {"nadir"}
    info = infos[0]
    assert (info.width, info.height, info.header.frame_id) == (320, 240, "nadir")
    assert info.k[[0, 2, 5]] == pytest.approx([160, 159.5, 119.5])
    # Which frame of the scene a truth belongs to is known by its box; its image must be that frame.
    image = images[0]
    truth = next(t for t in truths if t.header == image.header)
    shots = islice(film(AerialScene(5, 320, 240), 25.0), 3000)
    shown = next(shot for shot in shots if shot.box == box_of(truth.bbox))
    np.testing.assert_array_equal(to_rgb(image), shown.image)
    assert truth.id == "car_0" and 0 <= truth.results[0].hypothesis.score <= 1
    assert process.stop() == 0


@pytest.mark.ros
def test_recording_waits_for_play_and_ends_the_program_by_itself(start: Start, recording: Path) -> None:
    process, client = start(
        source=recording,
        truth=recording / "truth.txt",
        rate=20.0,
        paused=True,
        encoding="rgb8",
        image_reliability="reliable",
    )
    images: list[Image] = []
    truths: list[Detection2D] = []
    client.listen(Image, "image", images, 10)
    client.listen(Detection2D, "sim_camera/truth", truths, 10)
    client.wait(lambda: len(images) > 3 and len(truths) > 3, "the first frame, repeated")
    assert client.call(SetBool, "sim_camera/play", SetBool.Request(data=True)).success
    client.wait(lambda: process.returned() is not None, "the end of the recording")
    client.wait(lambda: to_rgb(images[-1])[0, 0, 2] == 50, "the last frame")
    assert process.stop() == 0
    assert f"end of {recording} after 6 frames" in process.output
    colours = [int(to_rgb(image)[0, 0, 2]) for image in images]
    assert sorted(set(colours)) == [0, 10, 20, 30, 40, 50] and colours == sorted(colours)
    assert colours.count(0) > 3 and all(colours.count(10 * i) == 1 for i in range(1, 6))
    absent = next(t for t in truths if t.header == images[-4].header)
    assert absent.bbox.size_x == 0 and absent.results[0].hypothesis.score == 0


@pytest.mark.ros
def test_jpeg_of_a_looping_video_follows_simulated_time(start: Start, tmp_path: Path) -> None:
    video = cv2.VideoWriter(str(tmp_path / "clip.mp4"), cv2.VideoWriter.fourcc(*"mp4v"), 10, (64, 48))
    for level in (40, 120, 200):
        video.write(np.full((48, 64, 3), level, np.uint8))
    video.release()
    process, client = start(
        source=tmp_path / "clip.mp4",
        loop=True,
        rate=10.0,
        encoding="jpeg",
        image_reliability="reliable",
        use_sim_time=True,
    )
    images: list[CompressedImage] = []
    client.listen(CompressedImage, "image/compressed", images, 10)
    client.meet("sim_camera")  # and none of its images is lost
    clock = client.node.create_publisher(Clock, "/clock", 10)
    client.wait(
        lambda: client.node.count_publishers("image/compressed") and clock.get_subscription_count(),
        "the camera",
    )
    now = 500.0
    while len(images) < 7:
        now, before = now + 0.15, len(images)
        assert now < 520, f"{len(images)} frames in 20 s of simulated time"
        clock.publish(Clock(clock=time_message(now)))
        # The first ticks may pass before the camera follows the clock.
        for _ in range(20):
            client.executor.spin_once(timeout_sec=0.02)
            if len(images) > before:
                break
    stamps = [image.header.stamp.sec + image.header.stamp.nanosec * 1e-9 for image in images]
    assert all(500 < stamp <= now + 1e-6 for stamp in stamps)
    levels = [int(np.round(to_rgb(image).mean() / 80 - 0.5)) for image in images]
    assert levels[:6] == [0, 1, 2, 0, 1, 2]
    assert process.stop() == 0
