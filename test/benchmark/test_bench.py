# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The bench: figures of a short run, memory that stays flat, and what is said about the machine."""

from __future__ import annotations

import io
import itertools
import json
import os
import signal
import stat
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import torch
from rich.console import Console

from tracker_ros.benchmark import bench, timing
from tracker_ros.benchmark.machine import board, power_mode
from tracker_ros.cli import main
from tracker_ros.evaluation.specs import TrackerSpec

BOX = (60, 40, 30, 24)


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixteen images in which a textured patch moves to the right by a pixel each, and its boxes."""
    folder = tmp_path_factory.mktemp("film")
    rng = np.random.default_rng(0)
    ground = cv2.resize(rng.integers(60, 120, (15, 20, 3)).astype(np.uint8), (160, 120))
    patch = cv2.resize(rng.integers(150, 255, (4, 5, 3)).astype(np.uint8), BOX[2:])
    (folder / "images").mkdir()
    x, y, w, h = BOX
    for index in range(16):
        image = ground.copy()
        image[y : y + h, x + index : x + index + w] = patch
        cv2.imwrite(str(folder / "images" / f"{index:03d}.png"), image)
    (folder / "truth.txt").write_text("".join(f"{x + i},{y},{w},{h}\n" for i in range(16)))
    return folder


def test_memory_stays_flat_over_a_run_that_is_longer_than_its_film(film):
    spec = TrackerSpec("dcf", (("search_size", 48), ("scale_count", 3)))
    threads = torch.get_num_threads()
    try:
        found = timing.measure(spec, timing.Clip(1000, film / "images", film / "truth.txt"), 1)
    finally:
        torch.set_num_threads(threads)
    assert found.form == "eager" and found.iou > 0.7
    assert found.growth_mib < 4.0
    assert 0 < found.network < found.localize + found.update and 0 < found.share < 100


class Clockwork(torch.nn.Module):
    """A tracker that moves the clock itself: its network takes 3 s, every second of its updates 2."""

    def __init__(self, clock: list[float]) -> None:
        super().__init__()
        self.clock = clock
        self.network = torch.nn.Identity()
        self.network.register_forward_hook(lambda *_: self.spend(3.0))

    def spend(self, seconds: float) -> None:
        self.clock[0] += seconds

    def initialize(self, frame, box):
        return {"box": box, "age": torch.tensor(0)}

    def localize(self, frame, state):
        self.spend(1.0)
        return SimpleNamespace(score=self.network(torch.tensor(1.0)))

    def update(self, frame, state, estimate):
        self.spend(2.0 * (int(state["age"]) % 2))
        return {**state, "age": state["age"] + 1}


def test_stages_are_means_and_the_share_is_of_whole_frames(monkeypatch):
    clock = [0.0]
    monkeypatch.setattr(timing.time, "perf_counter", lambda: clock[0])
    monkeypatch.setattr(timing, "load", lambda *_: Clockwork(clock))
    driver = SimpleNamespace(start=lambda *_: None, track=lambda _: clock.__setitem__(0, clock[0] + 4.0))
    frames = [np.zeros((8, 8, 3), np.uint8)] * 25
    found = timing.stages(TrackerSpec("dcf", ()), driver, frames, (1.0, 1.0, 4.0, 4.0))
    assert found == {"localize": 4000.0, "update": 1000.0, "network": 3000.0, "share": 75.0}


def test_figures_are_filed_with_the_machine_that_they_are_from(film, tmp_path):
    path = tmp_path / "figures.json"
    assert (
        main(
            [
                "bench",
                "--trackers",
                "kcf",
                "--video",
                str(film / "images"),
                "--truth",
                str(film / "truth.txt"),
                "--json",
                str(path),
            ]
        )
        == 0
    )
    filed = json.loads(path.read_text())
    assert filed["machine"]["device"] == board() and filed["machine"]["cores"] == os.cpu_count()
    assert [result["form"] for result in filed["results"]] == ["OpenCV"] and filed["results"][0]["fps"] > 0


@pytest.mark.parametrize(
    ("output", "said"),
    [
        (".", "--json: cannot write FILM: it is a folder, no file"),
        ("truth.txt", "--json FILM/truth.txt would replace a file that is read"),
        ("images/003.png", "--json FILM/images/003.png would replace a file that is read"),
        ("truth.txt/a.json", "--json FILM/truth.txt: FILM/truth.txt is no folder"),
    ],
)
def test_a_place_for_the_figures_is_checked_first(output, said, film, monkeypatch, capsys):
    monkeypatch.setattr(bench, "measured", lambda *_: pytest.fail("it was measured"))
    words = ["--video", str(film / "images"), "--truth", str(film / "truth.txt")]
    assert main(["bench", "--trackers", "kcf", *words, "--json", str(film / output)]) == 2
    assert said.replace("FILM", str(film)) in capsys.readouterr().err


def killed(*_: object) -> None:
    """In place of `measure`, in the process that the bench starts: the system needs its memory."""
    signal.raise_signal(signal.SIGKILL)


def test_a_process_that_is_killed_is_told(monkeypatch, capsys):
    monkeypatch.setattr(bench, "measure", killed)
    assert main(["bench", "--trackers", "kcf"]) == 1
    said = "the process that measured kcf was killed, probably because memory ran out: free some, or leave"
    assert said in capsys.readouterr().err


def test_the_table_is_whole_on_a_narrow_terminal():
    slow = timing.Result(
        "a_tracker_with_a_long_name",
        "scripted",
        1234.0,
        1039.4,
        1091.5,
        9400.0,
        1300.0,
        12.3,
        0.81,
        695.2,
        701.3,
        650.1,
        62.5,
    )
    console = Console(width=80, record=True, file=io.StringIO())
    console.print(bench.render([slow], 1))
    text = console.export_text()
    assert "…" not in text and max(map(len, text.splitlines())) <= 80
    for figure in ("1234", "1039.4", "1091.5", "9400", "1300", "12.3", "0.81", "695.2", "701.3", "650.1"):
        assert figure in text


def test_a_film_is_shown_to_its_end_and_back_without_repeating_a_frame():
    assert list(itertools.islice(timing.back_and_forth(4), 10)) == [0, 1, 2, 3, 2, 1, 0, 1, 2, 3]


def test_the_power_mode_is_what_nvpmodel_says(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert power_mode() == ""
    program = tmp_path / "nvpmodel"
    program.write_text("#!/bin/sh\necho 'NV Power Mode: MAXN'\necho 0\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    assert power_mode() == "NV Power Mode: MAXN 0"
