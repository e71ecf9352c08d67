# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The command line: quick help, clear lines for what is missing, and tracking a recording."""

from __future__ import annotations

import csv
import io
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np
import pytest

from tracker_ros import cli
from tracker_ros.data.boxes import parse_box
from tracker_ros.data.sequence import DataError

PICTURE = np.random.default_rng(0).integers(0, 256, (120, 160, 3), np.uint8)


def test_help_lists_every_command_without_loading_what_they_need(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["--help"])
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    assert all(re.search(rf"\n    {name}\s", shown) for name in cli.COMMANDS)
    check = (
        "import sys, tracker_ros.cli; tracker_ros.cli.make_parser();"
        "print({'torch', 'cv2', 'rclpy'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


@pytest.mark.parametrize("name", sorted(cli.COMMANDS))
def test_every_command_describes_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main([name, "--help"])
    assert ended.value.code == 0 and f"tracker_ros {name}" in capsys.readouterr().out


SOURCE = "needs ROS 2: source one (source /opt/ros/DISTRO/setup.bash), or run `bash scripts/{}.sh`"


@pytest.mark.parametrize(
    ("command", "missing", "distribution", "words"),
    [
        (
            "eval",
            "pandas.core",
            "",
            "the Python package pandas: pip install '.[eval]' in the folder of its so",
        ),
        (
            "eval",
            "tracker_ros.evaluation.cli",
            "",
            "not part of this installation: tracker_ros.evaluation.cli is missing",
        ),
        ("demo", "rclpy", "", SOURCE.format("demo")),
        ("select", "builtin_interfaces.msg", "", SOURCE.format("setup")),
        ("latency", "std_srvs", "", SOURCE.format("setup")),
        ("demo", "rclpy", "jazzy", SOURCE.format("demo")),
        (
            "demo",
            "vision_msgs.msg",
            "jazzy",
            "needs the ROS 2 package vision_msgs: sudo apt install ros-jazzy-vis",
        ),
    ],
)
def test_missing_modules_are_explained(
    command: str,
    missing: str,
    distribution: str,
    words: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("ROS_DISTRO", distribution)

    def absent(name: str) -> None:
        raise ModuleNotFoundError(f"No module named '{missing}'", name=missing)

    monkeypatch.setattr(cli, "import_module", absent)
    assert cli.main([command]) == 2
    shown = capsys.readouterr().err
    assert f"'{command}' " in shown and words in shown and shown.count("\n") == 1


def test_what_nobody_foresaw_is_no_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Status 1 means, of `replay`, that the boxes got worse."""

    def fail(name: str) -> None:
        raise KeyError("a bug")

    monkeypatch.setattr(cli, "import_module", fail)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert cli.main(["replay"]) == 70
    shown = capsys.readouterr()
    assert "tracker_ros replay: this should not happen: KeyError: 'a bug' (traceback in" in shown.err
    assert not shown.out


def test_boxes_are_read_or_refused() -> None:
    assert parse_box("10,20,30,40.5") == (25.0, 40.25, 30.0, 40.5)
    with pytest.raises(DataError, match="is not x,y,w,h"):
        parse_box("10,20,30")


def test_a_folder_of_images_is_tracked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rng = np.random.default_rng(0)
    ground = rng.integers(60, 120, (120, 160, 3))
    target = rng.integers(0, 256, (5, 6, 3)).repeat(5, 0).repeat(5, 1)
    for i in range(8):
        frame = cv2.blur(ground.astype(np.uint8), (5, 5))
        frame[40 + i : 65 + i, 50 + 2 * i : 80 + 2 * i] = target
        cv2.imwrite(str(tmp_path / f"{i:03}.png"), frame)
    (tmp_path / "out").mkdir()
    film, table = tmp_path / "out" / "film.mp4", tmp_path / "out" / "boxes.csv"
    words = ["track", str(tmp_path), "--box", "50,40,30,25", "--csv", str(table), "--video", str(film)]
    assert cli.main(words) == 0
    rows = list(csv.DictReader(table.open()))
    assert [row["frame"] for row in rows] == [str(i) for i in range(8)] and rows[-1]["state"] == "TRACKING"
    assert abs(float(rows[-1]["x"]) - 64) < 2 and abs(float(rows[-1]["y"]) - 47) < 2
    assert int(cv2.VideoCapture(str(film)).get(cv2.CAP_PROP_FRAME_COUNT)) == 8
    (tmp_path / "003.png").write_bytes(b"damaged")
    assert cli.main(words) == 0
    rows = list(csv.DictReader(table.open()))
    assert [row["frame"] for row in rows if row["state"] == "ERROR"] == ["3"] and len(rows) == 8
    assert rows[-1]["state"] == "TRACKING" and abs(float(rows[-1]["x"]) - 64) < 2
    said = capsys.readouterr().err
    assert "1 of 8 frames in ERROR, the first: frame 3: image refused: " in said and "003.png" in said
    assert int(cv2.VideoCapture(str(film)).get(cv2.CAP_PROP_FRAME_COUNT)) == 8
    assert cli.main(["track", str(tmp_path / "none.mp4"), "--box", "1,2,3,4"]) == 2
    assert "none.mp4 does not exist" in capsys.readouterr().err


def test_an_earlier_table_stays_where_a_run_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cv2.imwrite(str(tmp_path / "1.png"), np.zeros((40, 40, 3), np.uint8))
    table = tmp_path / "boxes.csv"
    table.write_text("of an earlier run")
    words = ["track", str(tmp_path), "--csv", str(table), "--tracker", "dcf_tiny", "--box"]
    assert cli.main([*words, "90,90,9,9"]) == 2 and table.read_text() == "of an earlier run"
    assert "outside the 40 x 40 image" in capsys.readouterr().err
    assert cli.main([*words, "9,9,9,9"]) == 0 and len(list(csv.DictReader(table.open(newline="")))) == 1


@pytest.mark.parametrize("output", ["closed", "a pipe that nobody reads"])
@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("words", ["track {} --box 48,40,24,20 --tracker dcf_tiny", "train --list"])
def test_whoever_reads_the_output_may_go(words: str, unbuffered: str, output: str, tmp_path: Path) -> None:
    for number in range(4):
        cv2.imwrite(str(tmp_path / f"{number}.png"), PICTURE)
    command = [sys.executable, "-m", "tracker_ros.cli", *words.format(tmp_path).split()]
    if output == "closed":
        command, read, write = ["sh", "-c", '"$@" >&-', "sh", *command], None, None
    else:
        read, write = os.pipe()
        os.close(read)
    env = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
    done = subprocess.run(command, stdout=write, stderr=subprocess.PIPE, text=True, timeout=120, env=env)
    if write is not None:
        os.close(write)
    assert (done.returncode, done.stderr) == (0 if output == "closed" else 141, "")


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_output_that_finds_no_room_is_an_error(unbuffered: str) -> None:
    env = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
    with open("/dev/full", "w") as full:
        command = [sys.executable, "-m", "tracker_ros.cli", "weights", "list"]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=120, env=env)
    assert done.returncode == 2 and set(done.stderr.splitlines()) == {
        "tracker_ros weights: [Errno 28] No space left on device"
    }


def test_an_archive_is_not_called_by_another_form_s_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["export", "--tracker", "dcf", "--out", "x.onnx"]) == 2
    assert "x.onnx: the name of an archive ends in .ts" in capsys.readouterr().err


def _shown(monkeypatch: pytest.MonkeyPatch, *words: str) -> tuple[int, str]:
    """What a command prints on a terminal that knows ASCII alone, as with LANG=C."""
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii", errors="strict")
    with monkeypatch.context() as only:
        only.setattr(sys, "stdout", stream)
        only.setattr(sys, "stderr", stream)
        status = cli.main(words)
        stream.flush()
    return status, stream.buffer.getvalue().decode()


def test_names_that_are_no_ascii_or_no_text_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name may come from a machine with another encoding; OpenCV crashed on a video of such a name."""
    latin = os.fsdecode(b"gr\xe9")
    folder = tmp_path / latin
    folder.mkdir()
    for name in (f"0 {latin}.png", "1 é.png"):
        (folder / name).write_bytes(cv2.imencode(".png", PICTURE)[1].tobytes())
    (folder / f"2 {latin}.png").write_bytes(b"damaged")
    track = ("--box", "48,40,24,20", "--tracker", "dcf_tiny")
    status, said = _shown(monkeypatch, "track", str(folder), *track, "--video", str(tmp_path / "é.mp4"))
    assert status == 0 and r"gr\udce9.png: 7 bytes cannot be decoded" in said
    assert _shown(monkeypatch, "track", str(tmp_path / "é.mp4"), *track)[0] == 0
    shutil.copy(tmp_path / "é.mp4", tmp_path / f"{latin}.mp4")
    for words in (
        ("track", str(tmp_path / f"{latin}.mp4"), *track),
        ("track", str(folder), *track, "--video", str(tmp_path / f"{latin}.mp4")),
        ("track", str(folder), *track, "--weights", str(tmp_path / f"{latin}.safetensors")),
    ):
        status, said = _shown(monkeypatch, *words)
        assert status == 2 and re.search(r"gr\\udce9\S* ?.*(not UTF-8|does not exist)", said), said
        assert len(said.splitlines()) == 1 or "--video" in words


def test_links_that_lead_nowhere_or_in_circles(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    frames = tmp_path / "frames"
    frames.mkdir()
    for number in range(2):
        cv2.imwrite(str(frames / f"{number}.png"), PICTURE)
    for link, target in {"2.png": "2.png", "3.png": "gone.png", "self": ".", "up": ".."}.items():
        (frames / link).symlink_to(target)
    track = ["--box", "48,40,24,20", "--tracker", "dcf_tiny"]
    assert cli.main(["track", str(frames), *track]) == 0
    assert "2 of 4 frames in ERROR" in capsys.readouterr().err
    for words in (
        ["track", str(frames / "2.png"), *track],
        ["track", str(frames / "2.png" / "below"), *track],
        ["track", str(frames), *track, "--csv", str(frames / "2.png")],
        ["track", str(frames), *track, "--weights", str(frames / "2.png")],
        ["replay", str(frames / "2.png"), "--select", "1,2,3,4"],
    ):
        assert cli.main(words) == 2, words
        said = capsys.readouterr().err
        assert "2.png" in said and "should not happen" not in said, said


def test_track_takes_settings_and_refuses_wrong_ones(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for i in range(2):
        cv2.imwrite(str(tmp_path / f"{i}.png"), np.full((120, 160, 3), 90, np.uint8))
    words = [
        "track",
        str(tmp_path),
        "--box",
        "50,40,30,25",
        "--tracker",
        "dslt_mobile",
        "--weights",
        "random:0",
    ]
    assert cli.main([*words, "--set", "search_size=96", "--set", "loss=l2"]) == 0
    capsys.readouterr()
    assert cli.main([*words, "--set", "search_size=many"]) == 2
    assert "'search_size'" in capsys.readouterr().err
    assert cli.main([*words, "--set", "search_size"]) == 2
    assert "KEY=VALUE" in capsys.readouterr().err
