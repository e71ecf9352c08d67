# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""A run that crashed counts as the failure that it is, in every protocol."""

from __future__ import annotations

import signal
from pathlib import Path

import numpy as np
import pytest
from eval_helpers import KCF, run, write_squares

from tracker_ros.cli import main
from tracker_ros.data.readers import read_folders
from tracker_ros.evaluation import cli, runner
from tracker_ros.evaluation.engines import ProcessEngine
from tracker_ros.evaluation.protocol_names import make_protocol
from tracker_ros.evaluation.protocols import OnePass
from tracker_ros.evaluation.results import CRASHED, Trajectory, write_run
from tracker_ros.evaluation.runs import failed_runs
from tracker_ros.evaluation.scores import score_folder, score_folders
from tracker_ros.evaluation.specs import TrackerSpec
from tracker_ros.evaluation.tables import LOWER, unfinished_lines
from tracker_ros.session import State


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_squares(tmp_path / "data")


class Crashing:
    """OpenCV's trackers raise on some boxes."""

    label = "crashing"

    def start(self, frame: np.ndarray, box: object) -> None:
        raise ValueError("roi.width <= m.cols")


def test_a_run_that_crashed_counts_as_a_failure(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sequences = read_folders(data)
    assert run(KCF, sequences, OnePass(), tmp_path) == []
    folders = {tmp_path / "ope" / name: name for name in ("kcf", "mil")}
    assert run(TrackerSpec("mil"), sequences[:1], OnePass(), tmp_path) == []
    only = score_folder(tmp_path / "ope" / "mil", sequences, OnePass())
    assert only.columns(["down", "right"])["AUC"] > 0.5 and only.unfinished == []
    monkeypatch.setattr(runner, "_driver", lambda spec: Crashing())
    (failed,) = run(TrackerSpec("mil"), sequences, OnePass(), tmp_path)
    assert "roi.width <= m.cols" in failed.error
    whole, half = score_folders(folders, sequences, OnePass())
    assert list(whole.parts) == list(half.parts) == ["down", "right"] and half.unfinished == ["right"]
    assert half.columns(["right"])["AUC"] < 0.1
    assert half.columns(["down", "right"])["AUC"] < 0.7 * only.columns(["down"])["AUC"]
    assert unfinished_lines([whole, half]) == [
        "mil: no result on 1 of 2 sequences, which count as failures: right"
    ]
    # Alone, too: that no other tracker finished the sequence is no reason to leave it out.
    (alone,) = score_folders({tmp_path / "ope" / "mil": "mil"}, sequences, OnePass())
    assert alone.unfinished == ["right"]
    monkeypatch.undo()
    assert run(TrackerSpec("mil"), sequences, OnePass(), tmp_path) == []
    assert score_folders(folders, sequences, OnePass())[1].unfinished == []
    assert not list(tmp_path.rglob("*.crashed"))


@pytest.mark.parametrize("name", ["ope", "got10k", "vot2018", "vot2020", "tre", "absence"])
def test_a_failure_is_the_worst_result_in_every_protocol(name: str, data: Path, tmp_path: Path) -> None:
    protocol, (good, bad) = make_protocol(name), read_folders(data)
    for plan, empty in failed_runs(good, protocol):
        boxes = good.truth[plan.order]
        codes = None if empty.codes is None else np.array([1, *[-1] * (len(boxes) - 1)], np.int8)
        says = None if empty.says is None else np.tile((int(State.TRACKING), 1), (len(boxes), 1))
        found = Trajectory(boxes, np.full(len(boxes), 0.01), np.ones(len(boxes)), codes, says)
        write_run(tmp_path / "a", plan.name, found)
    scores = score_folder(tmp_path / "a", [good, bad], protocol, expected=["down", "right"])
    assert scores.unfinished == ["right"]
    # The sequences are too short for the EAO of VOT.
    columns = {"vot2018": "R", "vot2020": "R", "absence": "AURC"}
    column = columns.get(name) or next(iter(scores.columns(["down"])))
    both, alone = scores.columns(["down", "right"])[column], scores.columns(["down"])[column]
    assert both < alone or (column in LOWER and both > alone), column


def test_what_crashed_is_told_on_standard_error(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cli, "run_tasks", lambda *_: [runner.Outcome("kcf", "right", "Trace\nroi[0] <= m")])
    words = ["eval", "--root", str(data), "--trackers", "kcf", "--out", str(tmp_path / "out[1]")]
    assert main(words) == 2, "nothing can be scored"
    shown = capsys.readouterr()
    assert shown.err.splitlines()[:2] == [
        "tracker_ros eval: kcf failed on right: roi[0] <= m",
        f"tracker_ros eval: tracebacks are in *{CRASHED} below {tmp_path / 'out[1]' / 'ope'}",
    ]
    assert "failed on" not in shown.out


class KilledEngine(ProcessEngine):
    """Whatever it is given, its processes are killed, as Linux does it when memory runs out."""

    def run(self, function: object, tasks: object) -> object:
        return super().run(signal.raise_signal, [signal.SIGKILL])


@pytest.mark.parametrize("finished", [0, 1])
def test_a_process_that_is_killed_is_told(
    finished: int,
    data: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(KCF, read_folders(data)[:finished], OnePass(), tmp_path) == []
    monkeypatch.setattr(cli, "make_engine", lambda name, jobs: KilledEngine(2))
    words = ["eval", "--root", str(data), "--trackers", "kcf", "--out", str(tmp_path)]
    assert main(words) == 1
    shown = capsys.readouterr().err
    assert "one of 2 processes was killed, probably because memory ran out: use fewer --jobs" in shown
    assert "What is finished is kept" in shown and "should not happen" not in shown
    assert (tmp_path / "ope" / "kcf" / "down.txt").is_file() == bool(finished)
