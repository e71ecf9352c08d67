"""`tracker_ros bench`: what its figures mean, and how it answers to wrong requests."""

from __future__ import annotations

import itertools
import json
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from test_session import Oracle
from torch import Tensor, nn

from tracker_ros.bench import WARM_UP, Clip, back_and_forth, measure, timed_children
from tracker_ros.cli import main
from tracker_ros.data.sequence import DataError
from tracker_ros.evaluation.specs import TrackerSpec

COUNT = 16


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A textured square of 24 pixels that moves by one pixel an image, and its boxes."""
    folder = tmp_path_factory.mktemp("recording")
    rng = np.random.default_rng(0)
    ground = cv2.resize(rng.integers(0, 255, (18, 24, 3), dtype=np.uint8), (160, 120))
    target = rng.integers(0, 255, (24, 24, 3), dtype=np.uint8)
    for index in range(COUNT):
        frame = ground.copy()
        frame[40:64, 30 + index:54 + index] = target
        cv2.imwrite(str(folder / f"{index:03}.png"), frame)
    (folder / "truth.txt").write_text("\n".join(f"{30 + index},40,24,24" for index in range(COUNT)))
    return folder


def test_a_clip_runs_forwards_and_backwards() -> None:
    assert list(itertools.islice(back_and_forth(4), 9)) == [0, 1, 2, 3, 2, 1, 0, 1, 2]
    frames, box, truth = Clip(14).load()
    assert len(frames) == 14 == len(truth) and np.allclose(box, truth[0])


def test_figures_of_a_tracker_agree_with_each_other(recording: Path) -> None:
    clip = Clip(30, recording, recording / "truth.txt")
    made = measure(TrackerSpec("dcf"), clip, 1)
    assert (made.tracker, made.form) == ("dcf", "eager")
    assert made.iou > 0.6 and 0 < made.p50 <= made.p99
    # A mean lies between the fastest frame and the slowest; its inverse is the rate.
    assert made.fps > 1e3 / (30 * made.p99) and made.first > 0
    assert 0 < made.network < made.localize + made.update
    assert made.share == pytest.approx(100 * made.network / made.p50)
    assert made.memory_mib > 10 and made.growth_mib < made.memory_mib


def test_time_in_sub_modules_is_that_of_their_calls() -> None:
    class Slow(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            time.sleep(0.01)
            return x

    tracker, seconds = Oracle(), [0.0]
    tracker.slow = Slow()
    with timed_children(tracker, seconds):
        for _ in range(3):
            tracker.slow(torch.zeros(1))
    measured = seconds[0]
    assert 0.03 <= measured
    tracker.slow(torch.zeros(1))
    assert seconds[0] == measured, "still counting"


def test_the_command_prints_and_writes_figures(recording: Path, tmp_path: Path,
                                               capsys: pytest.CaptureFixture[str]) -> None:
    words = ["bench", "--trackers", "kcf", "--video", str(recording), "--truth", str(recording / "truth.txt"),
             "--frames", "20", "--json", str(tmp_path / "figures.json")]
    assert main(words) == 0
    assert "kcf OpenCV" in capsys.readouterr().out
    written = json.loads((tmp_path / "figures.json").read_text())
    (result,) = written["results"]
    assert result["tracker"] == "kcf" and result["network"] is None and result["iou"] > 0.5
    assert written["machine"]["threads"] == 1 and written["machine"]["torch"] == torch.__version__


@pytest.mark.parametrize(("clip", "words"), [
    (Clip(5), f"more than {WARM_UP} frames, got 5"), (Clip(20, Path("unannotated")), "give --box X,Y,W,H"),
])
def test_clips_that_cannot_be_used_say_why(clip: Clip, words: str, recording: Path, tmp_path: Path,
                                           monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "unannotated").symlink_to(recording)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match=words):
        clip.load()
