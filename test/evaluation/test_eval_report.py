# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The report: what it holds, and that a browser shows it."""

from __future__ import annotations

import dataclasses
import re
import shutil
import subprocess
from pathlib import Path

import cv2
import numpy as np
import pytest
from eval_helpers import NoisyDriver, NumberedFrames, made_sequence

from tracker_ros.data.sequence import DataError, Sequence
from tracker_ros.evaluation import filmstrips, plots
from tracker_ros.evaluation.protocol_names import make_protocol
from tracker_ros.evaluation.report import write_report
from tracker_ros.evaluation.results import write_run

GROUPS = {"first": ["s0", "s1"], "second": ["s2"]}
FIGURES = {
    *(f"ope_{kind}_{group}" for kind in ("success", "precision", "normalised") for group in GROUPS),
    "ope_speed",
    "ope_attributes",
    *(f"vot2022_{name}" for name in ("eao_curve", "eao_rank", "speed", "attributes")),
}
PROTOCOLS = ("ope", "vot2022")


def make_results(folder: Path) -> list[Sequence]:
    attributes = (frozenset({"OCC", "SV"}), frozenset({"SV", "FM"}), frozenset({"OCC", "FM"}))
    sequences = [
        dataclasses.replace(made_sequence(f"s{i}", 140 + 5 * i, i), attributes=kinds)
        for i, kinds in enumerate(attributes)
    ]
    for name in PROTOCOLS:
        protocol = make_protocol(name, 1)
        for sequence in sequences:
            frames = list(sequence.frames)
            for seed, tracker in enumerate(("good", "better <b>")):
                driver = NoisyDriver(sequence.truth, seed)
                for plan in protocol.plans(sequence):
                    run = protocol.drive(driver, [frames[i] for i in plan.order], plan, sequence)
                    write_run(folder / name / tracker, plan.name, run)
    return sequences


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("matplotlib", reason="the extra 'eval' (matplotlib) is not installed")
    folder = tmp_path_factory.mktemp("report")
    sequences = make_results(folder / "results")
    return write_report(folder / "results", sequences, GROUPS, folder / "out")


def test_the_page_needs_nothing_else(report: Path) -> None:
    page = report.read_text()
    links = re.findall(r"""(?:src|href)=["']([^"'#]+)""", page)
    assert links and all(link.startswith("data:image/jpeg;base64,") for link in links)
    assert "<script" not in page and "@import" not in page
    assert "better &lt;b&gt;" in page and "better <b>" not in page, "names are text, never markup"


def test_the_page_has_tables_figures_and_strips_of_all_protocols(report: Path) -> None:
    page = report.read_text()
    assert re.findall(r"<h2>(.*?)</h2>", page) == [*PROTOCOLS, "How the numbers are made"]
    assert page.count("<svg ") == len(FIGURES)
    assert "is lost from frame" in page and "By attribute" in page and "AUC by sequence" in page


def test_figures_are_written_for_papers(report: Path) -> None:
    names = {path.stem for path in (report.parent / "plots").glob("*.pdf")}
    assert names == {path.stem for path in (report.parent / "plots").glob("*.png")}
    assert names == FIGURES
    assert cv2.imread(str(report.parent / "plots" / "ope_success_first.png")).std() > 5


def test_a_browser_shows_the_figures(report: Path, tmp_path: Path) -> None:
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if browser is None:
        pytest.skip("no Chromium is installed")
    picture = tmp_path / "page.png"
    command = [
        browser,
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--hide-scrollbars",
        f"--user-data-dir={tmp_path / 'profile'}",
        "--window-size=1240,1600",
        f"--screenshot={picture}",
        report.as_uri(),
    ]
    subprocess.run(command, check=True, capture_output=True, timeout=100)
    shown = cv2.imread(str(picture))[..., ::-1].astype(int)
    assert shown.shape[:2] == (1600, 1240)
    for tracker in range(2):
        color = np.array([int(plots.line_style(tracker)["color"][k : k + 2], 16) for k in (1, 3, 5)])
        drawn = (np.abs(shown - color).max(axis=-1) < 12).sum()
        assert drawn > 300, f"the curve of tracker {tracker} is not to be seen"


def test_an_empty_folder_is_explained(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="the extra 'eval' (matplotlib) is not installed")
    with pytest.raises(DataError, match="holds no results: expected PROTOCOL/TRACKER"):
        write_report(tmp_path, [made_sequence("a", 5, 0)], {}, tmp_path / "out")


def test_a_loss_begins_where_nothing_overlaps_for_a_while() -> None:
    truth = np.tile([10.0, 10, 20, 20], (30, 1))
    predicted = truth.copy()
    predicted[[4, 5, 6, 7]] += 100
    truth[12] = np.nan
    predicted[10:] += 100
    assert filmstrips.first_loss(predicted, truth) == 10
    assert filmstrips.first_loss(truth, truth) is None


def test_every_tracker_gets_its_longest_loss_before_anyone_a_second() -> None:
    sequences = [made_sequence(name, 40, 0) for name in "abc"]
    truth = sequences[0].truth

    def lost_from(frame: int) -> np.ndarray:
        boxes = truth.copy()
        boxes[frame:] = [500, 500, 5, 5]
        return boxes

    runs = {
        "best": {"a": lost_from(20), "b": truth, "c": truth},
        "worst": {"a": lost_from(2), "b": lost_from(3), "c": lost_from(4)},
    }
    failures = filmstrips.worst_failures(runs, sequences, 3)
    assert [(f.tracker, f.sequence, f.frame) for f in failures] == [
        ("best", "a", 20),
        ("worst", "b", 3),
        ("worst", "c", 4),
    ]


def test_a_strip_shows_the_target_and_the_boxes_where_they_are() -> None:
    truth = np.tile([38.0, 26, 20, 20], (60, 1))
    sequence = Sequence("a", NumberedFrames(60), truth)
    frames = filmstrips.strip_frames(30, 60)
    assert frames == [24, 27, 30, 33, 36, 39]
    strip = filmstrips.draw_strip(sequence, frames, {"t": truth + [6, 0, 0, 0]}, {"t": "#d55e00"})
    assert strip.shape == (filmstrips.HEIGHT, 6 * filmstrips.WIDTH + 5 * 4, 3)
    tile = strip[:, : filmstrips.WIDTH].astype(int)
    # 20 px of 120 shown: the box is drawn 190 / 6 px wide around the middle.
    scale = filmstrips.WIDTH / (filmstrips.CONTEXT * 20)
    left = round(filmstrips.WIDTH / 2 - 10 * scale)
    assert tile[filmstrips.HEIGHT // 2, left - 1 : left + 2].max(axis=-1).max() == 255, "the truth, white"
    right = round(filmstrips.WIDTH / 2 + 16 * scale)
    near = np.abs(tile[filmstrips.HEIGHT // 2, right - 2 : right + 3] - [0xD5, 0x5E, 0]).max(axis=-1)
    assert near.min() < 8, "the tracker's box, in its colour"
