# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Commands whose disk is really full: one line, status 2, and no half of a file."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from disk_helpers import on_a_small_disk

from tracker_ros import cli
from tracker_ros.data.sequence import DataError, opened_video, read_image
from tracker_ros.data.text import read_text


@pytest.fixture
def frames(tmp_path: Path) -> Path:
    """Noise, of which a film is large."""
    folder = tmp_path / "frames"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for index in range(12):
        cv2.imwrite(str(folder / f"{index}.png"), rng.integers(0, 255, (240, 320, 3), np.uint8))
    return folder


@pytest.mark.parametrize(
    "words",
    [
        "track frames --box 100,100,40,30 --tracker dcf --video out/film.mp4 --csv boxes.csv",
        "export --tracker dcf --out out/dcf.ts",
    ],
)
def test_a_full_disk_leaves_one_line_and_no_file(frames: Path, words: str) -> None:
    done = on_a_small_disk(frames.parent, "32k", sys.executable, "-m", "tracker_ros.cli", *words.split())
    named = next(word for word in words.split() if word.startswith("out/"))
    assert done.returncode == 2, done.stdout + done.stderr
    assert named in done.stderr and "Traceback" not in done.stderr, done.stderr
    assert list((frames.parent / "kept").iterdir()) == []


def test_an_error_that_nobody_foresaw_is_one_line_without_room_for_its_traceback(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def full(*args: object, **named: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tempfile.NamedTemporaryFile", full)
    said = cli.unexpected(KeyError("a bug"))
    assert (
        said == "this should not happen: KeyError: 'a bug' (no traceback was kept: No space left on device)"
    )


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "video.mp4"
    os.mkfifo(path)
    with pytest.raises(DataError, match="is a pipe, no file"), opened_video(path):
        pass
    for read in (read_image, read_text):
        with pytest.raises(DataError, match="is a pipe, no file"):
            read(path)
