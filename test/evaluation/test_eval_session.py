# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Trackers inside the session as `tracker_ros eval` runs and scores them."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from eval_helpers import NumberedFrames, made_sequence

from tracker_ros.data import absences as absence_data
from tracker_ros.data.absences import blacked_out, rendered
from tracker_ros.data.sequence import DataError, Sequence
from tracker_ros.evaluation.absence import absence_rows, absences, together
from tracker_ros.evaluation.cli import add_parsers
from tracker_ros.evaluation.metrics import is_box, ope_curves
from tracker_ros.evaluation.protocols import OnePass, follow
from tracker_ros.evaluation.results import read_manifest, write_run
from tracker_ros.evaluation.scores import score_folder
from tracker_ros.evaluation.session_driver import SessionDriver
from tracker_ros.evaluation.specs import TrackerSpec
from tracker_ros.trackers import load
from tracker_ros.trackers.base import SettingsError

NAN = [np.nan] * 4
BOX = [10.0, 10.0, 20.0, 20.0]
AWAY = [60.0, 40.0, 20.0, 20.0]


def run_command(*words: object) -> int:
    parser = argparse.ArgumentParser()
    add_parsers(parser.add_subparsers(required=True))
    args = parser.parse_args([str(word) for word in words])
    return int(args.run(args))


def test_absences_by_hand() -> None:
    truth = [BOX, BOX, NAN, NAN, NAN, BOX, BOX, NAN, BOX, NAN]
    boxes = [BOX, NAN, BOX, BOX, NAN, AWAY, BOX, NAN, AWAY, NAN]
    scores = [1.0, 0.0, 0.9, 0.0, 0.0, 0.9, 0.9, 0.0, np.nan, 0.0]
    counted = absences(boxes, scores, truth)
    assert (counted.absent, counted.boxed, counted.claimed) == (5, 2, 1)
    assert (counted.visible, counted.silent) == (4, 1)
    assert counted.returns == (1, None)  # a frame late; never before it went away again
    twice = together([counted, counted])
    assert twice.absent == 10 and twice.returns == (1, None, 1, None)


def test_a_missing_prediction_misses_everywhere() -> None:
    truth = np.array([BOX] * 4)
    curves = ope_curves([BOX, NAN, BOX, BOX], truth)
    assert curves.osr == curves.dpr == 3 / 4


def test_the_last_seconds_of_a_black_target_have_no_box(flight: Sequence, tmp_path: Path) -> None:
    """Lost after `coast_seconds`: the session's boxes end then, and its claims at once."""
    short = blacked_out(flight, 25)
    driver = SessionDriver(load("dcf"), {"coast_seconds": 0.5}, 30.0)
    run = follow(driver, short.frames, tuple(short.truth[0]))
    first, end = 20, 45
    assert is_box(run.boxes[:first]).all() and (run.scores[:first] > 0).all()
    assert (run.scores[first:end] == 0).all()
    # 0.5 s are 15 frames, and those after them have no box.
    assert is_box(run.boxes[first : first + 14]).all() and not is_box(run.boxes[first + 17 : end]).any()
    write_run(tmp_path / "ope" / "dcf", short.name, run)
    score = score_folder(tmp_path / "ope" / "dcf", [short], OnePass())
    (row,) = absence_rows([score], [short])
    assert row["claimed"] == "0 %" and row["absent"] == str(int((~is_box(short.truth)).sum()))
    assert row["back"] == "1 of 1"


def test_black_frames_keep_their_own_results() -> None:
    sequence = made_sequence("a", 30, 0)
    black = blacked_out(sequence, 5)
    assert black.name == "a_black5" and len(black) == 30
    assert np.flatnonzero(~is_box(black.truth)).tolist() == [10, 11, 12, 13, 14]
    assert is_box(sequence.truth).all(), "the original is left as it was"
    # Frame 0 of this sequence is black by nature: its number is all that it shows.
    assert [k for k, frame in enumerate(black.frames) if not frame.any()] == [0, 10, 11, 12, 13, 14]
    with pytest.raises(DataError, match="too few for 20 black ones"):
        blacked_out(sequence, 20)
    first_only = Sequence("b", NumberedFrames(30), sequence.truth[:1])
    assert len(blacked_out(first_only, 5).truth) == 1


def test_a_rendered_flight_hides_its_target_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(absence_data, "SCENE_START", 7.4)
    monkeypatch.setattr(absence_data, "SCENE_FRAMES", 24)
    given = is_box(rendered(0).truth)
    assert given[0] and given[-1] and not given.all()


@pytest.fixture(scope="module")
def flight() -> Iterator[Sequence]:
    """60 small frames in which nothing hides the target."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(absence_data, "SCENE_FRAMES", 60)
        patch.setattr(absence_data, "SCENE_SIZE", (160, 120))
        sequence = rendered(0)
        assert is_box(sequence.truth).all() and next(iter(sequence.frames)).shape == (120, 160, 3)
        yield sequence


def test_the_session_s_settings_are_part_of_what_results_were_made_with() -> None:
    plain = TrackerSpec("dcf")
    made = {
        str(sorted(spec.digest().items()))
        for spec in (
            plain,
            dataclasses.replace(plain, session=()),
            dataclasses.replace(plain, session=(("coast_seconds", 2.0),)),
            dataclasses.replace(plain, session=(), fps=15.0),
        )
    }
    assert len(made) == 4
    # What is the default anyway makes no other results.
    same = dataclasses.replace(plain, session=(("coast_seconds", 1.0),))
    assert same.digest() == dataclasses.replace(plain, session=()).digest()
    assert same.label == "dcf+session" and isinstance(same.driver(), SessionDriver)
    with pytest.raises(SettingsError, match="unknown setting 'none'"):
        dataclasses.replace(plain, session=(("none", 1),)).driver()


def test_the_command_runs_both_and_tells_about_absences(
    flight: Sequence, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = (
        "eval",
        "--scenes",
        1,
        "--blackout",
        20,
        "--trackers",
        "dcf",
        "--session",
        "--jobs",
        1,
        "--out",
        tmp_path,
        "--session-set",
        "confirm_frames=1",
    )
    assert run_command(*words) == 0
    shown = capsys.readouterr().out
    assert "dcf+session" in shown and "while the target is away" in shown
    assert sorted(path.name for path in (tmp_path / "ope").iterdir()) == ["dcf", "dcf+session"]
    made = [read_manifest(tmp_path / "ope" / name)["made_with"] for name in ("dcf", "dcf+session")]
    assert made[0]["settings"] != made[1]["settings"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--trackers", "dcf"), "no data: give --root FOLDER, --scenes N or both"),
        (
            ("--scenes", 1, "--trackers", "dcf", "--session", "--session-set", "none=1"),
            "unknown setting 'none'",
        ),
    ],
)
def test_wrong_requests(words: tuple[object, ...], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command("eval", *words) == 2
    assert message in capsys.readouterr().err
