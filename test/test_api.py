# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The front door for Python: five lines that track a video, and what they cost."""

from __future__ import annotations

import itertools
import subprocess
import sys
import warnings
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from torch import Tensor

import tracker_ros
from tracker_ros import Box, Session, State, load, to_tensor, track
from tracker_ros.data.footage import Shot, film
from tracker_ros.data.synthetic import AerialScene
from tracker_ros.trackers import Tracker
from tracker_ros.trackers.base import Estimate

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
FRAMES = 25


@pytest.fixture(scope="module")
def shots() -> list[Shot]:
    return list(itertools.islice(film(AerialScene(seed=3), 30.0), FRAMES))


@pytest.fixture(scope="module")
def video(shots: list[Shot], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("flight") / "flight.mp4"
    height, width = shots[0].image.shape[:2]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"mp4v"), 30.0, (width, height))
    for shot in shots:
        writer.write(shot.image[:, :, ::-1])
    writer.release()
    return path


def overlap(box: Box, truth: Box) -> float:
    sides = [
        min(box[i] + box[i + 2] / 2, truth[i] + truth[i + 2] / 2)
        - max(box[i] - box[i + 2] / 2, truth[i] - truth[i + 2] / 2)
        for i in (0, 1)
    ]
    common = max(sides[0], 0.0) * max(sides[1], 0.0)
    return common / (box.w * box.h + truth.w * truth.h - common)


def test_five_lines_track_a_video(video: Path, shots: list[Shot]) -> None:
    assert shots[0].box is not None
    found = list(track(video, box=shots[0].box.to_xywh(), tracker="dcf"))
    assert [result.index for result in found] == list(range(FRAMES))
    assert found[-1].state is State.TRACKING and 0.5 < found[-1].score <= 1
    assert found[-1].box is not None and shots[-1].box is not None
    assert overlap(found[-1].box, shots[-1].box) > 0.6


def test_frames_of_ones_own_may_be_bgr(shots: list[Shot]) -> None:
    box = shots[0].box
    rgb = [shot.image for shot in shots[:4]]
    bgr = [np.ascontiguousarray(image[:, :, ::-1]) for image in rgb]
    as_rgb = list(track(rgb, box, "dcf"))
    as_bgr = list(track(bgr, box, "dcf", channels="bgr"))
    assert [result.box for result in as_rgb] == [result.box for result in as_bgr]


def test_a_loaded_tracker_and_settings_of_the_session_are_taken(shots: list[Shot]) -> None:
    images = [shot.image for shot in shots[:3]]
    results = list(track(images, shots[0].box, load("dcf"), session={"confirm_frames": 100}))
    assert {result.state for result in results} == {State.ACQUIRING}


@pytest.mark.parametrize(
    "options,words",
    [
        ({"fps": 0.0}, "fps must be above 0, got 0"),
        ({"fps": float("nan")}, "fps must be above 0, got nan"),
        ({"tracker": "nothing"}, "unknown preset 'nothing'"),
        ({"box": (0.0, 0.0, 0.5, 0.5)}, "box is 0.5 x 0.5 px"),
        ({"settings": {"scales": 3}}, "the setting 'scales' is called 'scale_count' now"),
        ({"channels": "gbr"}, "channels must be 'rgb' or 'bgr', got 'gbr'"),
        ({"fps": "30"}, "fps must be a number such as 30.0, got '30'"),
        ({"box": (1, 2, 3)}, r"box must be a Box or four numbers x, y, w, h, got \(1, 2, 3\)"),
        ({"box": "1,2,3,4"}, "box must be a Box or four numbers x, y, w, h, got '1,2,3,4'"),
        ({"box": None}, "box must be a Box or four numbers"),
        ({"box": Box("a", 1, 2, 3)}, "box must be a Box or four numbers"),
        ({"box": "1234"}, "box must be a Box or four numbers x, y, w, h, got '1234'"),
        ({"box": {1, 2, 30, 40}}, "box must be a Box or four numbers"),
        ({"box": (0, 0, 10**400, 5)}, "box must be a Box or four numbers"),
        ({"settings": [1]}, r"settings must map settings to their values, got \[1\]"),
        ({"session": "x"}, "session must map settings to their values, got 'x'"),
        ({"device": ["cpu"]}, r"device must be a name such as 'cpu' or 'cuda:0', got \['cpu'\]"),
        ({"tracker": None}, "tracker must be one that `load` gives, got NoneType"),
        ({"tracker": b"dcf"}, "tracker must be one that `load` gives, got bytes"),
        ({"tracker": torch.nn.Linear(1, 1)}, "tracker must be one that `load` gives, got Linear"),
        ({"tracker": Tracker}, "tracker must be one that `load` gives, got the class Tracker"),
        ({"tracker": load("dcf"), "device": "cuda:7"}, "device 'cuda:7' cannot be used"),
        (
            {"tracker": load("dcf"), "settings": {"nosuch": 5}},
            "settings are of a tracker that is named; give",
        ),
        ({"source": "folder", "channels": "bogus"}, "channels must be 'rgb' or 'bgr', got 'bogus'"),
        ({"source": None}, "source must be a path or images, got NoneType"),
        ({"source": 0}, "source must be a path or images, got int"),
        ({"source": b"flight.mp4"}, "source must be a path or images, got bytes"),
        ({"source": cv2.VideoCapture()}, "source must be a path or images, got VideoCapture"),
        ({"tracker": Path("nothing.yaml")}, "there is no preset file nothing.yaml"),
        ({"tracker": "dcf_tiny", "device": "meta"}, "device 'meta' cannot be used"),
    ],
)
def test_what_cannot_be_done_is_said(shots: list[Shot], options: dict[str, object], words: str) -> None:
    given = {"source": [shots[0].image], "box": shots[0].box, "tracker": "dcf", **options}
    with pytest.raises(ValueError, match=words):
        list(track(**given))


@pytest.mark.parametrize(
    "options,words",
    [
        ({"preset": None}, "preset must be a name or the path of a file, got None"),
        ({"preset": b"dcf"}, "preset must be a name or the path of a file, got b'dcf'"),
        ({"weights": 3}, "weights must be a name or the path of a file, got 3"),
        ({"overrides": "x"}, "overrides must map settings to their values, got 'x'"),
    ],
)
def test_what_cannot_be_loaded_is_said(options: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        load(**options)


def test_a_session_is_around_a_tracker() -> None:
    for wrong, words in ((None, "NoneType"), ("dcf", "str"), (type(load("dcf")), "the class ")):
        with pytest.raises(ValueError, match=f"^tracker must be one that `load` gives, got {words}"):
            Session(wrong)
    with pytest.raises(ValueError, match="^settings must map names to values, got 'x'$"):
        Session(load("dcf"), "x")
    assert Session(torch.jit.script(load("dcf"))).state is State.IDLE


def test_frames_that_cannot_be_read_have_the_size_of_the_others(shots: list[Shot], tmp_path: Path) -> None:
    assert shots[0].box is not None
    for index, shot in enumerate(shots[:3]):
        cv2.imwrite(str(tmp_path / f"{index}.png"), shot.image[:, :, ::-1])
    for broken in (0, 2):
        (tmp_path / f"{broken}.png").write_bytes(b"")
    results = list(track(tmp_path, shots[1].box, "dcf_tiny"))
    assert [result.index for result in results] == [0, 1, 2]
    assert [result.state.name for result in results] == ["ERROR", "ACQUIRING", "ERROR"]
    assert {result.frame.shape for result in results} == {shots[0].image.shape} and not results[0].frame.any()


def test_nothing_to_track_in_is_no_success(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="none of 0 frames can be used: there is none"):
        list(track([], (1, 2, 30, 40), "dcf_tiny"))
    for name in ("1.png", "2.png"):
        (tmp_path / name).write_bytes(b"")
    with pytest.raises(ValueError, match=r"none of 2 frames can be used: .*1.png: image is empty"):
        list(track(tmp_path, (1, 2, 30, 40), "dcf_tiny"))
    with pytest.raises(ValueError, match=r"none.mp4 does not exist"):
        list(track(tmp_path / "none.mp4", (1, 2, 30, 40), "dcf_tiny"))


def test_a_preset_and_weights_may_be_paths(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("tracker: dcf\nsettings: {features: gradient}\n")
    assert load(tmp_path / "mine.yaml").session_settings == {}
    with pytest.raises(ValueError, match="does not exist|unknown weights"):
        load("dcf_tiny", weights=tmp_path / "none.safetensors")


def test_an_image_becomes_a_frame() -> None:
    image = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    frame = to_tensor(image)
    assert frame.shape == (3, 2, 4) and frame.dtype == torch.uint8
    assert frame[2, 1, 3] == image[1, 3, 2] and to_tensor(image, "bgr")[0, 1, 3] == image[1, 3, 2]
    image[0, 0, 0] = 200
    assert frame[0, 0, 0] == 200, "RGB on the CPU is not copied"
    assert to_tensor(image[:, ::-1])[0, 0, 3] == 200, "a view with negative strides is taken"
    only_read = np.frombuffer(image.tobytes(), np.uint8).reshape(image.shape)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # PyTorch's, about what is undefined when such a frame is written to
        assert torch.equal(to_tensor(only_read), frame)
    for wrong in (image[0], image.astype(np.float32), image[:, :, :2], [[1]]):
        with pytest.raises(ValueError, match="uint8 \\[H, W, 3\\], got"):
            to_tensor(wrong)


def test_importing_the_package_loads_neither_torch_nor_ros() -> None:
    code = """
import sys, time
start = time.process_time()
import tracker_ros
spent = time.process_time() - start
print(spent, sorted({'torch', 'rclpy', 'cv2', 'numpy'} & set(sys.modules)), 'track' in dir(tracker_ros))
"""
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    seconds, loaded = done.stdout.split(" ", 1)
    assert float(seconds) < 0.1 and loaded.strip() == "[] True"


def test_names_that_do_not_exist_are_refused() -> None:
    with pytest.raises(AttributeError, match="no attribute 'trakc'"):
        tracker_ros.trakc  # noqa: B018
    assert all(getattr(tracker_ros, name) is not None for name in tracker_ros.__all__)
    assert tracker_ros.Session is Session


@pytest.mark.parametrize(
    "example,words", [("python_track.py", f"{FRAMES - 1} TRACKING"), ("session.py", f"of {FRAMES} frames")]
)
def test_the_examples_run(example: str, words: str, video: Path, shots: list[Shot]) -> None:
    assert shots[0].box is not None
    box = ",".join(f"{value:.2f}" for value in shots[0].box.to_xywh())
    command = [sys.executable, str(EXAMPLES / example), str(video), box]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    assert words in done.stdout.splitlines()[-1]


def test_a_frame_is_computed_on_one_thread_and_the_caller_s_number_stays(shots: list[Shot]) -> None:
    class Counting(Tracker):
        """Notes the number of threads in each call."""

        seen: list[int] = []

        def initialize(self, frame: Tensor, box: Tensor) -> dict[str, Tensor]:
            self.seen.append(torch.get_num_threads())
            return {"box": box}

        def localize(self, frame: Tensor, state: dict[str, Tensor]) -> Estimate:
            self.seen.append(torch.get_num_threads())
            return Estimate(state["box"], torch.tensor(1.0), torch.eye(5), state["box"], {})

        def update(self, frame: Tensor, state: dict[str, Tensor], estimate: Estimate) -> dict[str, Tensor]:
            return state

    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        results = track([shot.image for shot in shots[:4]], shots[0].box, Counting())
        outside = [torch.get_num_threads() for _ in results]
    finally:
        torch.set_num_threads(before)
    assert outside == [3] * 4 and set(Counting.seen) == {1}
