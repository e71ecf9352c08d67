# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""What `tracker_ros track` writes: never over what it reads, nor into what the next run would read."""

from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np
import pytest
from video_helpers import write_video

from tracker_ros import cli
from tracker_ros.files import WriteError, require_separate

TRACK = ["--box", "20,10,20,20", "--tracker", "dcf_tiny"]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in: `src.mp4`, the same by another name, and `frames` with two images."""
    write_video(tmp_path / "src.mp4", range(0, 100, 20))
    os.link(tmp_path / "src.mp4", tmp_path / "linked.mp4")
    (tmp_path / "frames").mkdir()
    for number in range(2):
        cv2.imwrite(str(tmp_path / "frames" / f"{number}.png"), np.full((48, 64, 3), 90, np.uint8))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("src.mp4 --csv src.mp4", "cannot write src.mp4: this command reads it, as src.mp4; give another"),
        ("src.mp4 --video {here}/src.mp4", "cannot write {here}/src.mp4: this command reads it, as src.mp4"),
        ("src.mp4 --video linked.mp4", "cannot write linked.mp4: this command reads it, as src.mp4"),
        ("frames --csv frames/1.png", "cannot write frames/1.png: this command reads it, as frames/1.png"),
        ("src.mp4 --weights w.pth --csv w.pth", "cannot write w.pth: this command reads it, as w.pth"),
        ("src.mp4 --video {here}/o.mp4 --csv o.mp4", "cannot write both o.mp4 and {here}/o.mp4: they are"),
        ("frames --video {here}/frames/x.mp4", "frames/x.mp4: its folder is the source; write it"),
    ],
)
def test_what_a_run_reads_is_not_replaced(
    words: str, said: str, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (place / "w.pth").write_bytes(b"of a training that took days")
    before = contents(place)
    assert cli.main(["track", *words.format(here=place).split(), *TRACK]) == 2
    shown = capsys.readouterr().err
    assert said.format(here=place) in shown and shown.count("\n") == 1
    assert contents(place) == before


def test_an_input_that_is_only_a_name_forbids_nothing(tmp_path: Path) -> None:
    require_separate([tmp_path / "dcf", tmp_path / "b"], [tmp_path / "dcf", tmp_path / "none"])
    (tmp_path / "dcf").write_text("")
    (tmp_path / "link").symlink_to("dcf")
    with pytest.raises(WriteError, match=r"link: this command reads it, as .*/dcf; give another name$"):
        require_separate([tmp_path / "link"], [tmp_path / "dcf"])
