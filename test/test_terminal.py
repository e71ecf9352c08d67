# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Results on standard output, errors on standard error, and texts of a user as they are."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tracker_ros import cli
from tracker_ros.evaluation.tables import render
from tracker_ros.terminal import FILE_WIDTH, make_console


@pytest.mark.parametrize(
    "words",
    [
        "eval --root {} --trackers dcf",
        "report --root {}",
        "vot out --root {} --trackers dcf",
        "bench --trackers dcf --video {} --box 1,2,3,4",
        "track {} --box 1,2,3,4",
        "replay {} --select 1,2,3,4",
        "train --recipe {}.yaml",
        "export --check {}",
        "reproduce edcf table1 --root {}",
        "weights verify {}",
        "latency --only {}",
        "demo --video {} --box 1,2,3,4 --out out",
    ],
)
def test_errors_go_to_standard_error_and_are_no_markup(
    words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`[old]` in square brackets, and `:smile:`, are text where they come from a user."""
    if words.split()[0] in ("latency", "demo"):
        pytest.importorskip("rclpy", reason="rclpy is not installed")
    monkeypatch.chdir(tmp_path)
    assert cli.main(words.format("data[old]:smile:").split()) == 2
    shown = capsys.readouterr()
    assert shown.err.startswith(f"tracker_ros {words.split()[0]}: ") and "data[old]:smile:" in shown.err
    assert not shown.out


def test_tables_show_names_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    table = render(
        [{"group": "all", "tracker": "dcf[red]", "AUC": value} for value in (0.5, 0.25)], "in [old]"
    )
    make_console().print(table)
    shown = capsys.readouterr().out
    assert "in [old]" in shown and shown.count("dcf[red]") == 2 and "[bold]" not in shown


def test_every_console_shows_texts_as_they_are() -> None:
    package = Path(cli.__file__).parent
    own = [path.name for path in package.rglob("*.py") if re.search(r"\b(Text)?Console\(", path.read_text())]
    assert own == ["terminal.py"]


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_table_that_nobody_reads_is_no_answer(unbuffered: str) -> None:
    """Rich ends with status 1 there, which `replay` has for boxes that are not as expected."""
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "tracker_ros.cli", "weights", "list"]
    env = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
    done = subprocess.run(command, stdout=write, stderr=subprocess.PIPE, text=True, timeout=120, env=env)
    os.close(write)
    assert (done.returncode, done.stderr) == (141, "")


@pytest.mark.parametrize(("columns", "width"), [(None, FILE_WIDTH), ("80", 80)])
def test_what_goes_to_a_file_is_as_wide_as_a_table_needs(
    columns: str | None, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A report of eleven columns, written to a log, had three letters a column."""
    monkeypatch.delenv("COLUMNS", raising=False)
    if columns:
        monkeypatch.setenv("COLUMNS", columns)
    assert make_console().width == width
