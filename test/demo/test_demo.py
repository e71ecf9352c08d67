# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The demonstration: its table, its bag, its processes, and whole flights through real nodes."""

from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

pytest.importorskip("rclpy")

from diagnostic_msgs.msg import DiagnosticArray  # noqa: E402
from node_helpers import REPOSITORY, Domain  # noqa: E402
from rclpy.serialization import deserialize_message, serialize_message  # noqa: E402
from rosbags.typesys import Stores, get_typestore  # noqa: E402
from sensor_msgs.msg import CompressedImage  # noqa: E402
from std_msgs.msg import Header  # noqa: E402
from tracker_ros.msg import ResponseMap, TrackState  # noqa: E402
from vision_msgs.msg import Detection2D, Detection2DArray  # noqa: E402

from tracker_ros import cli  # noqa: E402
from tracker_ros.demo import bag  # noqa: E402
from tracker_ros.demo.flight import IMAGES  # noqa: E402
from tracker_ros.demo.picture import annotate, compose, heat  # noqa: E402
from tracker_ros.demo.plot import choose_stills  # noqa: E402
from tracker_ros.demo.scores import Change, Moment, summarize  # noqa: E402
from tracker_ros.geometry import Box  # noqa: E402
from tracker_ros.ros.messages import box_message, box_of  # noqa: E402

BOX = Box(100, 80, 40, 20)
STEP = 50_000_000


def moment(index: int, shift: float | None, state: str = "TRACKING", visible: float = 1.0) -> Moment:
    """A frame whose truth is BOX and whose result lies `shift` pixels to the right; None: no box."""
    box = None if shift is None else BOX._replace(cx=BOX.cx + shift)
    return Moment(index * STEP, BOX, visible, state, box, 0.8, 0.01 * (index + 1))


def test_summary_of_a_flight_that_is_known() -> None:
    flight = [
        moment(0, 0, "ACQUIRING"),
        moment(1, 0),
        moment(2, 20),  # half a width: IoU 1/3
        moment(3, 500, "COASTING", visible=0.1),  # hidden: not scored
        moment(4, None, "LOST"),  # no box: IoU 0
        Moment(5 * STEP, BOX, 1.0),  # dropped
        moment(6, 25),
    ]
    summary = summarize(flight)
    overlaps = [1, 1 / 3, 0, 15 / 65]
    assert summary.mean_iou == pytest.approx(np.mean(overlaps))
    # The first frame counts as found, as in OTB's one-pass evaluation.
    success = [np.mean(np.array([1, *overlaps]) > t) for t in np.linspace(0, 1, 21)]
    assert summary.auc == pytest.approx(np.mean(success))
    assert summary.precision == pytest.approx(3 / 5)
    assert (summary.scored, summary.shown, summary.tracked, summary.dropped) == (5, 7, 6, 1)
    assert summary.latency_p50 == pytest.approx(np.percentile([0.01, 0.02, 0.03, 0.04, 0.05, 0.07], 50))
    assert summary.changes == (
        Change(0.05, "TRACKING"),
        Change(pytest.approx(0.15), "COASTING"),
        Change(0.2, "LOST"),
        Change(pytest.approx(0.3), "TRACKING"),
    )


def test_summary_without_truth_has_latency_but_no_scores() -> None:
    summary = summarize([moment(k, 0)._replace(truth=None) for k in range(3)])
    assert np.isnan([summary.mean_iou, summary.auc, summary.precision]).all()
    assert summary.scored == 0 and summary.latency_p50 == pytest.approx(0.02)
    with pytest.raises(ValueError, match="no result"):
        summarize([Moment(0, BOX, 1.0)])


def test_stills_show_trouble() -> None:
    flight = [moment(k, 0, "COASTING" if 40 <= k < 44 else "TRACKING") for k in range(100)]
    chosen = choose_stills(flight)
    assert len(chosen) == 4 and chosen == sorted(chosen)
    assert 42 * STEP in chosen


def test_heat_is_hottest_where_the_response_is() -> None:
    """The centre of the peak's cell, in image pixels, is where the picture turns red."""
    response = ResponseMap(height=9, width=11, window=box_message(Box(60, 40, 55, 45)))
    values = np.zeros((9, 11), np.float32)
    values[6, 3] = 2.0
    response.data = values.ravel().tolist()
    picture = heat(np.zeros((100, 120, 3), np.uint8), response)
    hot = picture.astype(float).sum(axis=2)
    rows, columns = np.mgrid[0:100, 0:120] + 0.5
    found = (columns * hot).sum() / hot.sum(), (rows * hot).sum() / hot.sum()
    corner = 60 - 55 / 2, 40 - 45 / 2
    assert found == pytest.approx((corner[0] + 5 * 3.5, corner[1] + 5 * 6.5), abs=0.3)


def test_annotated_frame_shows_boxes_at_the_size_of_the_video() -> None:
    image = np.full((240, 320, 3), 90, np.uint8)
    picture = annotate(image, moment(0, 60))
    assert picture.shape == (480, 640, 3)
    assert picture[160, 160].min() > 230, "the truth's left edge, white"
    green = picture[160, 2 * (160 - 20)].astype(int)
    assert green[1] > 180 > green[0], "the result's left edge, in the colour of TRACKING"


@pytest.mark.parametrize("title", ["dcf", "dcf_tiny on the synthetic scene", "cacfnet_plus on UAV123_boat1"])
def test_a_title_keeps_the_margin_of_its_panel(title: str) -> None:
    picture = compose(np.zeros((480, 640, 3), np.uint8), None, [moment(0, 0)], [1.0], title)
    heading = picture[:30, 640:].astype(int)
    assert (heading[:, -10:] == heading[0, 0]).all() and (heading != heading[0, 0]).any()


@pytest.mark.parametrize(
    "kind", [TrackState, ResponseMap, Detection2D, Detection2DArray, CompressedImage, DiagnosticArray]
)
def test_bag_defines_types_as_their_generator_did(kind: Any, tmp_path: Path) -> None:
    """The hash of each definition (REP 2016) is the one that rosidl wrote beside the interface."""
    package = kind.__module__.split(".")[0]
    module = importlib.import_module(package)
    roots = {Path(folder) for path in module.__path__ for folder in Path(path).parents}
    files = [root / "share" / package / "msg" / f"{kind.__name__}.json" for root in roots]
    published = next((path for path in files if path.is_file()), None)
    if published is None:
        pytest.skip(f"{package} is installed without its type descriptions")
    types = get_typestore(Stores.LATEST)
    name = bag._define(kind, types)
    hashes = {h["type_name"]: h["hash_string"] for h in json.loads(published.read_text())["type_hashes"]}
    assert types.hash_rihs01(name) == hashes[name]


def test_bag_gives_back_what_was_written(tmp_path: Path) -> None:
    writer = bag.BagWriter(tmp_path / "bag")
    states = [TrackState(header=Header(frame_id="cam"), score=0.5, message=f"no {k}") for k in range(3)]
    for number, state in enumerate(states):
        writer.write("/tracker/state", TrackState, 1000 + number, serialize_message(state))
        writer.write("/other", Header, 1000 + number, serialize_message(Header()))
    writer.close()
    stored = list(bag.read_topic(tmp_path / "bag", "/tracker/state"))
    assert [message.at for message in stored] == [1000, 1001, 1002]
    assert [deserialize_message(message.data, TrackState) for message in stored] == states
    assert list(bag.read_topic(tmp_path / "bag", "/nothing")) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--box", "1,2,3,4"], "belong to a recording"),
        (["--video", "clip.mp4"], "needs to know the target"),
        (["--out", str(REPOSITORY)], "exists already"),
    ],
)
def test_wrong_requests_are_explained(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["demo", *arguments]) == 2
    assert message in capsys.readouterr().err


def wait_until(condition: Callable[[], Any], what: str, seconds: float = 60.0) -> Any:
    end = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < end, f"waited {seconds} s for {what}"
        time.sleep(0.05)
    return value


def is_running(pid: int) -> bool:
    """Whether a process exists and is not a zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def children(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def environment(domain: Domain) -> dict[str, str]:
    return {
        **os.environ,
        "ROS_DOMAIN_ID": str(domain.number),
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": str(REPOSITORY),
    }


@pytest.mark.ros
def test_nodes_do_not_outlive_a_program_that_was_killed(tmp_path: Path) -> None:
    script = """
import sys
from pathlib import Path
from tracker_ros.demo.processes import Processes
with Processes(Path(sys.argv[1])) as processes:
    processes.start("sim_camera", {"paused": True, "frame_id": "it's \\"here\\""})
    print("started", flush=True)
    sys.stdin.read()
"""
    domain = Domain()
    try:
        parent = subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], env=environment(domain),
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # fmt: skip
        assert parent.stdout is not None and parent.stdout.readline() == b"started\n"
        (child,) = wait_until(lambda: children(parent.pid), "the node's process")
        parent.kill()
        parent.communicate()
        wait_until(lambda: not is_running(child), "the node's end", 20.0)
    finally:
        domain.close()


@pytest.mark.ros
def test_ctrl_c_ends_every_process_and_finishes_the_bag(tmp_path: Path) -> None:
    out, domain = tmp_path / "flight", Domain()
    demo = subprocess.Popen([sys.executable, "-m", "tracker_ros.cli", "demo", "--out", str(out)],
                            env=environment(domain), stdout=subprocess.PIPE, text=True)  # fmt: skip
    try:
        log = out / "logs" / "tracker.log"
        wait_until(lambda: log.is_file() and "tracking target" in log.read_text(), "a selected target")
        nodes = children(demo.pid)
        assert len(nodes) == 3
        demo.send_signal(signal.SIGINT)
        printed, _ = demo.communicate(timeout=30)
        assert demo.returncode == 130 and "interrupted" in printed
        assert not any(is_running(pid) for pid in nodes)
        assert list(bag.read_topic(out / "bag", "/tracker/state"))
        assert "Traceback" not in printed + log.read_text()
    finally:
        demo.kill()
        domain.close()


@pytest.mark.ros
def test_real_footage_goes_through_the_nodes(shared_data: Path, tmp_path: Path) -> None:
    """Every processed frame of a recording gives a Detection2D with that image's header."""
    folder = shared_data / "sequences" / "UAV123_boat1"
    clip, truth, out = tmp_path / "clip", tmp_path / "truth.txt", tmp_path / "flight"
    clip.mkdir()
    video = cv2.VideoCapture(str(folder / "video.mp4"))
    for index in range(30):
        cv2.imwrite(str(clip / f"{index:04}.jpg"), video.read()[1])
    truth.write_text("\n".join((folder / "groundtruth.txt").read_text().splitlines()[:30]))
    domain = Domain()
    try:
        done = subprocess.run(
            [sys.executable, "-m", "tracker_ros.cli", "demo", "--video", str(clip), "--truth", str(truth),
             "--rate", "10", "--out", str(out)], env=environment(domain), capture_output=True, text=True,
            timeout=110)  # fmt: skip
    finally:
        domain.close()
    assert done.returncode == 0, done.stdout + done.stderr
    assert "mean IoU with the truth" in done.stdout and "frames dropped" in done.stdout
    topic = lambda name, kind: [  # noqa: E731
        deserialize_message(message.data, kind) for message in bag.read_topic(out / "bag", name)
    ]
    images = {str(image.header) for image in topic(IMAGES, CompressedImage)}
    truths = {str(t.header): box_of(t.bbox) for t in topic("/sim_camera/truth", Detection2D)}
    states, targets = topic("/tracker/state", TrackState), topic("/tracker/target", Detection2D)
    tracked = [state.header for state in states if state.bbox.size_x > 0]
    # The bag may end between the two messages about the last frame.
    assert [target.header for target in targets] == tracked[: len(targets)]
    assert len(tracked) - len(targets) <= 1 and len(targets) > 10
    assert {header.frame_id for header in tracked} == {"camera_optical_frame"}
    assert {str(header) for header in tracked} <= set(truths)
    assert len(images & set(truths)) > 0.8 * len(truths)
    errors = [
        np.hypot(
            t.bbox.center.position.x - truths[str(t.header)].cx,
            t.bbox.center.position.y - truths[str(t.header)].cy,
        )
        for t in targets
    ]
    assert np.median(errors) < 20
    played = cv2.VideoCapture(str(out / "demo.mp4"))
    assert played.get(cv2.CAP_PROP_FRAME_COUNT) > 10 and played.read()[1].shape[0] == 480
    assert cv2.imread(str(out / "demo.png")).shape[1] > 1000
