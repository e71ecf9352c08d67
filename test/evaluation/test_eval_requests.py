# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Requests that would give other figures than they seem to ask for are refused before the first run."""

from __future__ import annotations

import argparse
import csv
import re
import shlex
import shutil
from pathlib import Path

import pytest
from eval_helpers import write_squares

from tracker_ros.cli import main
from tracker_ros.config_files import yaml_file
from tracker_ros.data.sequence import DataError
from tracker_ros.evaluation import options
from tracker_ros.evaluation.cli import add_parsers, folder_labels
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


def test_all_stands_for_what_is_ready_among_other_trackers(
    own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(options, "ready_trackers", lambda args: ["kcf", "dcf_tiny"])
    parser = argparse.ArgumentParser()
    options.add_trackers_option(parser, required=True)
    options.add_tracker_options(parser)
    args = parser.parse_args(["--trackers", f"{own}, all, kcf"])
    assert [spec.label for spec in options.chosen_specs(args)] == ["dcf", "kcf", "dcf_tiny"]


def test_a_tracker_that_is_named_twice_is_run_once(data: Path, tmp_path: Path) -> None:
    table, archive = tmp_path / "table.csv", tmp_path / "a.zip"
    words = ["eval", "--root", str(data), "--trackers", "kcf,kcf", "--out", str(tmp_path / "out")]
    assert main([*words, "--csv", str(table), "--submission", str(archive), "--jobs", "1"]) == 0
    assert [row["tracker"] for row in csv.DictReader(table.open())] == ["kcf"] and archive.is_file()


def test_folders_of_results_are_told_apart() -> None:
    one, two, other = Path("a/ope/dcf"), Path("b/ope/dcf"), Path("a/ope/kcf")
    assert folder_labels([one, two, other, one]) == {one: "a/ope/dcf", two: "b/ope/dcf", other: "ope/kcf"}


def without_truth(data: Path, *names: str) -> None:
    """Leave the first box only."""
    for name in names:
        path = data / name / "groundtruth.txt"
        path.write_text(path.read_text().splitlines()[0] + "\n")


@pytest.mark.parametrize("command", ["eval", "report"])
def test_a_group_that_cannot_be_scored_is_refused(
    command: str, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    without_truth(data, "right")
    words = {"eval": ["--trackers", "kcf"], "report": ["--results", str(tmp_path)]}[command]
    words += ["--root", str(data), "--out", str(tmp_path / "out")]
    assert main([command, *words, "--group", "all=*", "--group", "side=ri*,up"]) == 2
    said = "group 'side=ri*,up': no truth is published to score right with"
    assert said in capsys.readouterr().err and not (tmp_path / "out").exists()


@pytest.mark.parametrize("command", ["eval", "report"])
def test_a_group_without_a_result_is_named(
    command: str, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if command == "report":
        pytest.importorskip("matplotlib", reason="the extra 'eval' (matplotlib) is not installed")
    out, table, page = tmp_path / "out", tmp_path / "table.csv", tmp_path / "page"
    common = ["--root", str(data), "--out", str(out), "--jobs", "1"]
    assert main(["eval", *common, "--trackers", "kcf", "--sequences", "down"]) == 0
    words = {
        "eval": ["eval", *common, "--results", str(out / "ope" / "kcf"), "--csv", str(table), "--attributes"],
        "report": ["report", "--root", str(data), "--results", str(out), "--out", str(page)],
    }[command]
    said = "group 'side' has no row: there is no result for right"
    capsys.readouterr()
    assert main([*words, "--group", "side=right"]) == 2
    assert said in capsys.readouterr().err and not table.exists() and not page.exists()
    assert main([*words, "--group", "side=right", "--group", "both=*"]) == 0
    if command == "eval":
        assert said in capsys.readouterr().out
        assert [row["group"] for row in csv.DictReader(table.open())] == ["both"]
    else:
        assert said.replace("'", "&#x27;") in (page / "report.html").read_text()


@pytest.mark.parametrize("option", ["--csv", "--attributes", "--results", "--group", "--compare-to"])
def test_options_about_scores_need_truth(
    option: str, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    without_truth(data, "down", "right")
    value = {"--csv": [str(tmp_path / "t.csv")], "--attributes": [], "--results": [str(data)]}
    value["--compare-to"] = ["kcf"]
    words = ["eval", "--root", str(data), "--trackers", "kcf", "--out", str(tmp_path / "out")]
    assert main([*words, option, *value.get(option, ["all=*"])]) == 2
    shown = capsys.readouterr()
    assert f"{option} is without effect: the data set publishes no truth to score with" in shown.err
    assert not shown.out and not (tmp_path / "out").exists()


def test_a_table_by_attribute_needs_attributes(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in data.rglob("attributes.txt"):
        path.unlink()
    words = ["eval", "--root", str(data), "--trackers", "kcf", "--out", str(tmp_path / "out"), "--attributes"]
    assert main(words) == 2
    assert "--attributes is without effect: none of the chosen sequences has" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("patterns", "listed", "chosen"),
    [
        (None, None, ["down", "right", "scene_0"]),
        ("*", "right", ["right"]),
        ("right,scene_0", "right\ndown", ["right"]),
        (None, "scene_0", ["scene_0"]),
        ("down", "right", "no sequence is both in the list LIST and in --sequences 'down'"),
        (" ,", None, "--sequences ' ,' names no sequence: leave it out for all of them"),
        ("", None, "--sequences '' names no sequence"),
        (None, "\n", "the list LIST names no sequence"),
    ],
)
def test_sequences_and_a_list_both_narrow(
    patterns: str | None, listed: str | None, chosen: list[str] | str, data: Path, tmp_path: Path
) -> None:
    words, file = ["--root", str(data), "--scenes", "1"], tmp_path / "list.txt"
    if listed is not None:
        file.write_text(listed)
        words += ["--list", str(file)]
    parser = argparse.ArgumentParser()
    options.add_data_options(parser)
    args = parser.parse_args([*words, *([] if patterns is None else ["--sequences", patterns])])
    if isinstance(chosen, list):
        assert [s.name for s in options.read_data(args)] == chosen
    else:
        with pytest.raises(DataError, match=re.escape(chosen.replace("LIST", str(file)))):
            options.read_data(args)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--trackers kcf --set cell_size=4", "--set is without effect: it is for presets, and there is none"),
        ("--trackers kcf --weights random:0", "--weights is without effect"),
        ("--trackers kcf,mil --device cpu:0", "--device is without effect"),
        ("--trackers kcf --scripted", "--scripted is without effect"),
        (
            "--trackers kcf --nano .",
            "--nano is without effect: none of the trackers is nanotrack or",
        ),
        ("--trackers kcf --session", "--session is without effect: none of the trackers is a preset"),
        (
            "--trackers dcf --session-set gone=1",
            "--session-set is without effect: no tracker runs in a session",
        ),
        ("--trackers dcf --fps 30", "--fps is without effect: no tracker runs in a session: give --session"),
        ("--trackers kcf --protocol absence --fps 30", "--fps is without effect"),
        (
            "--trackers dcf --repetitions 2",
            "--repetitions is without effect: ope runs once; got10k and vot2015",
        ),
        ("--trackers dcf --protocol vot2020-realtime30 --repetitions 2", "vot2020-realtime30 runs once"),
        ("--trackers dcf --choosing", "--choosing is without effect: no flights are asked for by --absences"),
        ("--trackers dcf --protocol absence --blackout 3", "--blackout is without effect beside absences"),
        ("--trackers dcf --absences 1 --blackout 3", "--blackout is without effect beside absences"),
        ("--results . --fresh", "--fresh is without effect: nothing is run without --trackers"),
        ("--trackers kcf,dcf --compare-to mil", "--compare-to mil is none of the trackers: kcf, dcf"),
        (
            "--trackers kcf --compare-to kcf --protocol got10k",
            "--compare-to is without effect: ope, tre and sre give means over sequences, got10k none",
        ),
        ("--trackers kcf --compare-to kcf --protocol vot2022", "vot2022 none"),
        ("--trackers dcf --compare-to dcf+session --protocol absence", "absence none"),
    ],
)
def test_options_without_effect_are_refused(
    words: str, said: str, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    common = ["eval", "--root", str(data), "--out", str(tmp_path / "out")]
    assert main([*common, *words.split()]) == 2
    shown = capsys.readouterr()
    assert said in shown.err and not shown.out and not (tmp_path / "out").exists()


def test_a_workspace_refuses_options_without_effect(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["vot", str(tmp_path / "w"), "--trackers", "kcf", "--scripted"]) == 2
    assert "--scripted is without effect" in capsys.readouterr().err and not (tmp_path / "w").exists()


def test_what_a_workspace_is_evaluated_with_can_be_pasted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["vot", str(tmp_path / "my ws"), "--trackers", "dcf,kcf"]) == 0
    said = capsys.readouterr().out.strip().removeprefix("now run: ")
    assert shlex.split(said) == ["vot", "evaluate", "--workspace", str(tmp_path / "my ws"), "dcf", "kcf"]


def test_speed_is_measured_compiled_and_as_it_is_anyhow(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "--trackers", "dcf", "--scripted"]) == 2
    assert "--scripted is without effect: bench measures" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        "--trackers kcf,dcf --set cell_size=4 --device cpu:0 --session --fps 20 --session-set keep_mean=0.5",
        "--trackers dcf --protocol absence --fps 20 --choosing",
        "--trackers dcf --absences 1 --choosing",
        "--trackers kcf --protocol vot2018-realtime30 --repetitions 2",
        "--results . --session",
    ],
)
def test_options_with_an_effect_are_taken(
    words: str, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class ReadError(Exception):
        """The data would be read now: what is given has been taken."""

    def stop(*_: object) -> None:
        raise ReadError

    monkeypatch.setattr(options, "matching", stop)
    parser = argparse.ArgumentParser()
    add_parsers(parser.add_subparsers())
    args = parser.parse_args(["eval", "--root", str(data), "--sequences", "*", *words.split()])
    with pytest.raises(ReadError):
        args.run(args)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--csv DATA", "--csv: cannot write DATA: it is a folder, no file; give another name"),
        ("--csv /dev/null", "--csv: cannot write /dev/null: it is a device"),
        (
            "--csv DATA/down/groundtruth.txt",
            "groundtruth.txt would replace a file that is read",
        ),
        ("--csv DATA/down/img/0003.png", "0003.png would replace a file that is read: give another name"),
        ("--csv LIST", "--csv LIST would replace a file that is read"),
        ("--csv LIST/table.csv", "--csv LIST: LIST is no folder; give another place"),
        ("--submission LIST", "--submission LIST would replace a file that is read"),
        ("--csv a.csv --submission ./a.csv", "--csv and --submission name the same file"),
        ("--submission a.zip --protocol tre", "no server takes results of tre; got10k and ope have one"),
        ("--submission a.zip --protocol ope-realtime30", "no server takes results of ope-realtime30"),
    ],
)
def test_outputs_are_checked_before_the_first_run(
    words: str, said: str, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = tmp_path / "names.txt"
    names.write_text("down\n")
    before = {path: path.read_bytes() for path in [names, *data.rglob("*")] if path.is_file()}
    common = ["eval", "--root", str(data), "--list", str(names), "--out", str(tmp_path / "out")]
    given = words.replace("DATA", str(data)).replace("LIST", str(names)).split()
    assert main([*common, "--trackers", "kcf", *given]) == 2
    shown = capsys.readouterr()
    assert said.replace("DATA", str(data)).replace("LIST", str(names)) in shown.err and not shown.out
    assert not (tmp_path / "out").exists()
    assert {path: path.read_bytes() for path in before} == before


def test_a_table_replaces_no_result_but_itself(
    data: Path, own: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["eval", "--root", str(data), "--trackers", "kcf", "--out", str(tmp_path / "out"), "--jobs", "1"]
    assert main([*words, "--csv", str(data / "new" / "table.csv")]) == 0
    assert main([*words, "--csv", str(data / "new" / "table.csv")]) == 0, "its own earlier table"
    boxes = tmp_path / "out" / "ope" / "kcf" / "down.txt"
    before = boxes.read_text()
    assert main([*words, "--csv", str(boxes)]) == 2
    assert main([*words, "--trackers", str(own), "--csv", str(own)]) == 2
    assert capsys.readouterr().err.count("would replace a file that is read") == 2
    assert boxes.read_text() == before and own.read_text().startswith("#")


def test_a_report_needs_a_folder(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("matplotlib", reason="the extra 'eval' (matplotlib) is not installed")
    (tmp_path / "page").write_text("mine")
    words = ["report", "--root", str(data), "--results", str(tmp_path), "--out", str(tmp_path / "page")]
    assert main(words) == 2
    assert f"{tmp_path / 'page'} is no folder; give another place" in capsys.readouterr().err


def test_compiling_that_is_switched_off_is_said(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Else trackers would run as they are, and their speed be that of compiled ones."""
    monkeypatch.setenv("PYTORCH_JIT", "0")
    words = ["eval", "--root", str(data), "--trackers", "dcf", "--scripted", "--out", str(tmp_path / "out")]
    assert main(words) == 2
    assert "--scripted needs TorchScript, which PYTORCH_JIT=0 switches off" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
