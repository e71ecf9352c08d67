# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Requests that would give other figures than they seem to ask for are refused before the first run."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import pytest
from eval_helpers import write_squares

from tracker_ros.cli import main
from tracker_ros.config_files import yaml_file
from tracker_ros.evaluation.cli import folder_labels
from tracker_ros.evaluation.specs import TrackerSpec, distinct
from tracker_ros.trackers.base import SettingsError


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_squares(tmp_path / "data")


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A preset of one's own with the name of one of the package."""
    (tmp_path / "own").mkdir()
    return Path(shutil.copy(yaml_file("trackers", "preset", "dcf"), tmp_path / "own" / "dcf.yaml"))


def test_two_trackers_of_one_label_are_refused(own: Path) -> None:
    both = [TrackerSpec("dcf"), TrackerSpec(str(own))]
    with pytest.raises(SettingsError, match=f"dcf and {own} would both be called 'dcf'"):
        distinct(both)
    assert distinct([both[1], TrackerSpec("kcf"), both[1]]) == [both[1], TrackerSpec("kcf")]


@pytest.mark.parametrize(
    "words", [("eval", "--root", "DATA", "--out", "OUT"), ("vot", "OUT"), ("bench", "--frames", "20")]
)
def test_no_command_merges_trackers_of_one_label(
    words: tuple[str, ...], data: Path, own: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    places = {"DATA": str(data), "OUT": str(tmp_path / "out")}
    assert main([*(places.get(word, word) for word in words), "--trackers", f"dcf,{own}"]) == 2
    assert f"dcf and {own} would both be called 'dcf'" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_session_has_a_label_of_its_own(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(yaml_file("trackers", "preset", "dcf"), tmp_path / "dcf+session.yaml")
    words = ["eval", "--root", str(data), "--session", "--out", str(tmp_path / "out")]
    assert main([*words, "--trackers", f"dcf,{tmp_path / 'dcf+session.yaml'}"]) == 2
    assert "would both be called 'dcf+session'" in capsys.readouterr().err


def test_a_tracker_that_is_named_twice_is_run_once(data: Path, tmp_path: Path) -> None:
    table, archive = tmp_path / "table.csv", tmp_path / "a.zip"
    words = ["eval", "--root", str(data), "--trackers", "kcf,kcf", "--out", str(tmp_path / "out")]
    assert main([*words, "--csv", str(table), "--submission", str(archive), "--jobs", "1"]) == 0
    assert [row["tracker"] for row in csv.DictReader(table.open())] == ["kcf"] and archive.is_file()


def test_folders_of_results_are_told_apart() -> None:
    one, two, other = Path("a/ope/dcf"), Path("b/ope/dcf"), Path("a/ope/kcf")
    assert folder_labels([one, two, other, one]) == {one: "a/ope/dcf", two: "b/ope/dcf", other: "ope/kcf"}
