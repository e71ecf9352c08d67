# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Results belong to the data that they were made of, and not to a name."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from eval_helpers import KCF, NumberedFrames, made_sequence, run, write_squares

from tracker_ros.cli import main
from tracker_ros.data.absences import blacked_out
from tracker_ros.data.readers import read_folders
from tracker_ros.data.sequence import VideoFrames
from tracker_ros.evaluation.identity import sequence_digest
from tracker_ros.evaluation.protocol_names import make_protocol
from tracker_ros.evaluation.protocols import OnePass
from tracker_ros.evaluation.runner import plan_tasks
from tracker_ros.reproduce.cli import shortened


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_squares(tmp_path / "data")


def other_data(data: Path, folder: Path) -> Path:
    """The same names and boxes; the images of `right` are darker."""
    shutil.copytree(data, folder)
    for path in (folder / "right" / "img").iterdir():
        cv2.imwrite(str(path), cv2.imread(str(path)) // 2)
    return folder


@pytest.mark.parametrize("name", ["ope", "tre", "got10k", "vot2018", "vot2020"])
def test_other_data_of_the_same_names_is_run_again(name: str, data: Path, tmp_path: Path) -> None:
    protocol, out = make_protocol(name, 1), tmp_path / "out"
    sequences, others = read_folders(data), read_folders(other_data(data, tmp_path / "other"))
    assert run(KCF, sequences, protocol, out) == []
    kept = sorted(path for path in out.rglob("*") if "right" not in str(path.relative_to(out)))
    (task,) = plan_tasks([KCF], others, protocol, out)
    assert task.sequence.name == "right" and task.plans == tuple(protocol.plans(others[1]))
    left = sorted(path for path in out.rglob("*") if path.is_file() and path.name != "manifest.json")
    assert left and all("right" not in str(path.relative_to(out)) for path in left), "nothing of the other"
    assert sorted(path for path in out.rglob("*") if "right" not in str(path.relative_to(out))) == kept
    assert run(KCF, others, protocol, out) == [] and plan_tasks([KCF], others, protocol, out) == []


def test_a_name_that_begins_alike_keeps_its_results(tmp_path: Path) -> None:
    short, long = made_sequence("a", 12, 0), made_sequence("a_1", 12, 1)
    assert run(KCF, [short, long], OnePass(), tmp_path) == []
    (task,) = plan_tasks([KCF], [made_sequence("a", 12, 5), long], OnePass(), tmp_path)
    assert task.sequence.name == "a"
    assert sorted(path.name for path in tmp_path.rglob("*.txt")) == [
        "a_1.txt",
        "a_1_score.txt",
        "a_1_time.txt",
    ]


def test_a_part_or_a_moved_data_set_keeps_the_results(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert run(KCF, read_folders(data), OnePass(), out) == []
    moved = data.rename(tmp_path / "moved")
    assert plan_tasks([KCF], read_folders(moved)[:1], OnePass(), out) == []
    assert plan_tasks([KCF], read_folders(moved), OnePass(), out) == []


def test_a_sequence_that_is_cut_shorter_is_another_one(data: Path, tmp_path: Path) -> None:
    """As `reproduce --frames` does it."""
    (sequence, *_) = read_folders(data)
    assert run(KCF, [sequence], OnePass(), tmp_path) == []
    assert run(KCF, [shortened(sequence, 10)], OnePass(), tmp_path) == []
    assert len((tmp_path / "ope" / "kcf" / "down.txt").read_text().splitlines()) == 10
    assert len(plan_tasks([KCF], [sequence], OnePass(), tmp_path)) == 1


def test_results_without_a_digest_are_made_again(tmp_path: Path) -> None:
    assert run(KCF, [made_sequence("a", 12, 0)], OnePass(), tmp_path) == []
    path = tmp_path / "ope" / "kcf" / "manifest.json"
    manifest = json.loads(path.read_text())
    path.write_text(json.dumps({**manifest, "sequences": ["a"]}))
    assert len(plan_tasks([KCF], [made_sequence("a", 12, 0)], OnePass(), tmp_path)) == 1


@pytest.mark.parametrize("command", ["eval", "report"])
def test_results_of_other_data_are_not_scored(
    command: str, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if command == "report":
        pytest.importorskip("matplotlib", reason="the extra 'eval' (matplotlib) is not installed")
    out = tmp_path / "out"
    assert run(KCF, read_folders(data), OnePass(), out) == []
    other = other_data(data, tmp_path / "other")
    results = {"eval": out / "ope" / "kcf", "report": out}[command]
    words = [command, "--results", str(results), "--out", str(tmp_path / "page")]
    assert main([*words, "--root", str(other)]) == 2
    assert "holds results of another sequence named 'right', with other frames" in capsys.readouterr().err
    assert main([*words, "--root", str(data)]) == 0


def test_everything_that_decides_a_run_is_in_the_digest(tmp_path: Path) -> None:
    sequence = made_sequence("a", 30, 0)
    moved = sequence.truth.copy()
    moved[7, 0] += 1
    alike = dataclasses.replace(made_sequence("b", 30, 0))
    assert sequence_digest(alike) == sequence_digest(sequence), "the name is not part of it"
    videos = []
    for shade in (10, 90):
        path = tmp_path / f"{shade}.avi"
        writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 30, (64, 48))
        for _ in range(30):
            writer.write(np.full((48, 64, 3), shade, np.uint8))
        writer.release()
        videos.append(VideoFrames(path))
    others = [
        sequence,
        made_sequence("a", 31, 0),
        dataclasses.replace(sequence, truth=moved),
        dataclasses.replace(sequence, anchors=((0, True),)),
        dataclasses.replace(sequence, corners=np.zeros((30, 4, 2))),
        dataclasses.replace(sequence, frames=[np.zeros((4, 4, 3), np.uint8)] * 30),
        dataclasses.replace(sequence, frames=[np.ones((4, 4, 3), np.uint8)] * 30),
        dataclasses.replace(sequence, frames=shortened(made_sequence("a", 99, 0), 30).frames),
        blacked_out(sequence, 3),
        *(dataclasses.replace(sequence, frames=video) for video in videos),
    ]
    assert isinstance(sequence.frames, NumberedFrames)
    assert len({sequence_digest(other) for other in others}) == len(others)
