# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Requests of `tracker_ros train` that are refused before the first step."""

from __future__ import annotations

from pathlib import Path

import pytest

from tracker_ros.cli import main


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
