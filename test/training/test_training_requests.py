# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Requests of `tracker_ros train` that are refused before the first step."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest
from training_helpers import small

from tracker_ros.cli import main
from tracker_ros.files import WriteError
from tracker_ros.training.recipes import RecipeError
from tracker_ros.training.requests import check_outputs, devices
from tracker_ros.training.trainer import _lightning


@pytest.fixture(autouse=True)
def nothing_is_trained(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise AssertionError("nothing is built for such a request")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tracker_ros.training.cli.build", refuse)
    monkeypatch.setattr("tracker_ros.training.exporting.build", refuse)


def refusal(words: str, capsys: pytest.CaptureFixture[str]) -> str:
    """The one line that a refused request is answered with."""
    try:
        status = main(["train", *words.split()])
    except SystemExit as ended:  # argparse's
        status = ended.code
    said = capsys.readouterr()
    assert (status, said.out) == (2, ""), said
    return said.err.splitlines()[-1]


@pytest.mark.parametrize(
    ("words", "mode", "named"),
    [
        ("--list --recipe siamfc --epochs 2", "--list", "--recipe, --epochs"),
        ("--adapt . --out o --dry-run --smoke", "--adapt", "--dry-run, --smoke"),
        ("--adapt . --out o --export w.safetensors --half", "--adapt", "--export, --half"),
        (
            "--smoke --recipe siamfc --export w.safetensors --epochs 5 --resume c --out o --half --data a=b",
            "--smoke",
            "--data, --out, --resume, --export, --half, --epochs",
        ),
        ("--smoke --recipe siamfc --accelerator cpu --workers 2", "--smoke", "--accelerator, --workers"),
        (
            "--recipe siamfc --from a.ckpt --export w.safetensors --out o --dry-run",
            "--from",
            "--dry-run, --out",
        ),
        ("--recipe siamfc --dry-run --out o --time-limit 5m", "--dry-run", "--out, --time-limit"),
        ("--recipe siamfc --out o --half", "a training without --export", "--half"),
    ],
)
def test_options_without_effect_are_named(
    words: str, mode: str, named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    expected = f"tracker_ros train: {mode} takes no notice of {named}: leave that out"
    assert refusal(words, capsys) == expected


@pytest.mark.parametrize("text", ["0", "-2", "many", "0.5", "00", ",", ""])
def test_devices_that_are_none(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match=f"'{text}' names no device: give how many, a list such as 0,2"):
        devices(text)
    assert f"'{text or 'x'}' names no device" in refusal(f"--recipe siamfc --devices={text or 'x'}", capsys)


@pytest.mark.parametrize("text", ["1", "16", "-1", "auto", "0,2", "3,"])
def test_devices_that_lightning_takes(text: str) -> None:
    assert devices(text) == text


@pytest.mark.parametrize(
    ("machine", "words"),
    [
        ({"devices": 0, "accelerator": "cpu"}, "cannot train with devices 0, accelerator cpu, precision 32"),
        ({"devices": "0,1", "accelerator": "cpu"}, "should be an int > 0"),
        ({"accelerator": "abacus"}, "cannot train with accelerator abacus, precision 32-true: .*invalid"),
    ],
)
def test_a_machine_that_is_not_there_is_refused_in_a_line(machine: dict, words: str, tmp_path: Path) -> None:
    """Lightning has errors of its own for some of them, which no command knows."""
    with pytest.raises(RecipeError, match=words) as refused:
        _lightning(small(), tmp_path, None, **machine)
    assert len(str(refused.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("--out o --export folder.safetensors", "cannot write folder.safetensors: it is a folder, no file"),
        ("--out o --export wexp", "wexp: the name of a file of weights ends in .safetensors"),
        ("--out o --export w.ckpt", "w.ckpt: the name of a file of weights ends in .safetensors"),
        ("--out o --export file/w.safetensors", "cannot write file/w.safetensors: file is no folder"),
        ("--out o --export carded.safetensors", "cannot write carded.md: it is a folder, no file"),
        ("--out o --export README.safetensors", "README.md is there and is no model card"),
        ("--out file", "--out file is there and is no folder"),
        ("--out file/o", "cannot write file/o/last.ckpt: file is no folder"),
        (
            "--from file.safetensors --export ./file.safetensors",
            "cannot write file.safetensors: this command reads it",
        ),
        (
            "--from file.safetensors --export link.safetensors",
            "cannot write link.safetensors: this command reads it, as file.safetensors",
        ),
        ("--from card.md --export card.safetensors", "cannot write card.md: this command reads it"),
        (
            "--out o --resume file.safetensors --export file.safetensors",
            "cannot write file.safetensors: this command reads it",
        ),
    ],
)
def test_outputs_that_cannot_be_are_refused_at_once(
    words: str, reason: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("folder.safetensors", "carded.md"):
        (tmp_path / name).mkdir()
    for name in ("file", "file.safetensors", "card.md", "README.md"):
        (tmp_path / name).write_text("mine")
    (tmp_path / "link.safetensors").symlink_to("file.safetensors")
    before = sorted(tmp_path.rglob("*"))
    assert reason in refusal(f"--recipe siamfc {words}", capsys)
    assert sorted(tmp_path.rglob("*")) == before and (tmp_path / "README.md").read_text() == "mine"


def test_outputs_that_can_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "old.safetensors").write_text("weights")
    (tmp_path / "old.md").write_text("- file: SHA-256 0123")
    for export in (None, "new/deep/w.safetensors", "old.safetensors", "o/w.safetensors"):
        given = {"out": Path("o"), "export": export and Path(export), "source": None, "resume": Path("o/c")}
        check_outputs(argparse.Namespace(**given))
    monkeypatch.setattr("os.access", lambda *_: False)  # root may write everywhere
    with pytest.raises(WriteError, match=r"cannot write o/last.ckpt: you may not write to \."):
        check_outputs(argparse.Namespace(**given))
