# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""`tracker_ros reproduce`: its catalogue, its intervals, and a table from pictures to page."""

from __future__ import annotations

import re
from pathlib import Path

import cv2
import numpy as np
import pytest
from cf_helpers import clip

from tracker_ros.cli import main
from tracker_ros.data.readers import read_folders
from tracker_ros.evaluation.specs import OPENCV_NAMES
from tracker_ros.reproduce.catalogue import CATALOGUE
from tracker_ros.reproduce.cli import shortened
from tracker_ros.reproduce.figures import distinct
from tracker_ros.reproduce.items import METRICS, Row
from tracker_ros.reproduce.rows import Measured, restricted, table
from tracker_ros.trackers import make_settings, preset_files, read_preset, tracker_class

ITEMS = [pytest.param(i, id=f"{p}-{i.key}") for p, items in CATALOGUE.items() for i in items]


@pytest.fixture
def sequences(tmp_path: Path) -> Path:
    """A folder with one sequence of four frames."""
    folder = tmp_path / "data" / "square"
    folder.mkdir(parents=True)
    frames, boxes = clip(4, motion=(6.0, 0.0))
    for index, frame in enumerate(frames):
        cv2.imwrite(str(folder / f"{index:04d}.png"), frame.permute(1, 2, 0).numpy()[..., ::-1])
    corners = boxes.numpy() - np.concatenate((boxes[:, 2:] / 2, np.zeros((4, 2))), axis=1)
    np.savetxt(folder / "groundtruth.txt", corners, delimiter=",")
    return folder.parent


@pytest.mark.parametrize("item", ITEMS)
def test_every_item_can_run_or_says_what_is_missing(item) -> None:
    assert item.rows or item.run or item.missing
    assert set(item.metrics) <= set(METRICS)
    labels = [row.label for row in item.rows]
    assert len(set(labels)) == len(labels)
    for row in item.rows:
        assert all(0 < value < 1 for value in row.paper.values())
        for name, settings in (
            (row.preset, row.settings),
            (row.light, {**row.settings, **row.light_settings}),
        ):
            # Presets of other branches may be named before their weights are here; these have settings.
            if name in preset_files() and name not in OPENCV_NAMES:
                preset = read_preset(name)
                kind = tracker_class(preset.tracker).Settings
                make_settings(kind, {**preset.settings, **settings}, name)


def test_every_paper_has_a_table_that_light_presets_make() -> None:
    for paper, items in CATALOGUE.items():
        assert any(row.light in preset_files() for item in items for row in item.rows), paper


def test_a_table_has_the_paper_s_value_beside_ours_and_says_why_a_row_is_empty() -> None:
    scores = {"AUC": np.array([0.5, 0.7])}
    ours = Measured(Row("A", {"AUC": 0.61}, "dcf"), "dcf", ["x", "y"], scores)
    empty = Measured(Row("B", {"AUC": 0.4}), "", [], {}, "no tracker")
    lines = table([ours, empty], ("AUC",)).splitlines()
    assert lines[2] == "| A | `dcf` | 61.0 | 60.0 | 50.0 to 70.0 |"
    assert lines[3] == "| B |  | 40.0 | not run: no tracker |  |"
    part = restricted(ours, ["y"])
    assert part.names == ["y"] and part.scores["AUC"].tolist() == [0.7] and not part.row.paper


def test_a_shortened_sequence_is_its_beginning(sequences: Path) -> None:
    [whole] = read_folders(sequences)
    short = shortened(whole, 2)
    assert len(short) == 2 and len(list(short.frames)) == 2
    np.testing.assert_array_equal(list(short.frames)[1], list(whole.frames)[1])
    np.testing.assert_array_equal(short.truth, whole.truth[:2])
    assert shortened(whole, 9) is whole


def test_a_response_with_a_second_peak_is_less_distinct() -> None:
    response = np.zeros((9, 9))
    response[4, 4] = 1.0
    response[0, 0] = 0.25
    assert distinct(response) == pytest.approx(4.0)
    response[4, 5] = 0.9  # beside the peak
    assert distinct(response) == pytest.approx(4.0)


def test_a_table_is_made_from_pictures_and_kept(sequences: Path, tmp_path: Path, capsys) -> None:
    words = [
        "reproduce",
        "dcfst",
        "table2",
        "--light",
        "--root",
        str(sequences),
        "--out",
        str(tmp_path / "out"),
    ]
    assert main(words) == 0
    page = (tmp_path / "out" / "dcfst" / "table2.md").read_text()
    [row] = [line for line in page.splitlines() if line.startswith("| DCFST ")]
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells[:3] == ["DCFST", "`dcfst_mobile`", "62.8"]
    [saved] = (tmp_path / "out").rglob("square.txt")
    boxes, truth = (
        np.loadtxt(saved, delimiter=","),
        np.loadtxt(sequences / "square/groundtruth.txt", delimiter=","),
    )
    low = np.maximum(boxes[:, :2], truth[:, :2])
    high = np.minimum(boxes[:, :2] + boxes[:, 2:], truth[:, :2] + truth[:, 2:])
    shared = (high - low).clip(0).prod(1)
    overlap = shared / (boxes[:, 2:].prod(1) + truth[:, 2:].prod(1) - shared)
    overlap[0] = 1.0
    area = np.mean([(overlap > threshold).mean() for threshold in np.linspace(0, 1, 21)])
    assert float(cells[3]) == pytest.approx(100 * area, abs=0.06)
    assert "1 sequences, 4 frames" in page and "NfS" in page and "light presets" in page
    before = saved.stat().st_mtime_ns
    assert main(words) == 0 and saved.stat().st_mtime_ns == before, "tracked again"


def test_figures_without_data_and_wrong_requests(tmp_path: Path, capsys) -> None:
    assert main(["reproduce", "adacfnet", "figure6", "--out", str(tmp_path)]) == 0
    page = (tmp_path / "adacfnet" / "figure6.md").read_text()
    # 2 / (1 + exp(-2)) = 1.762, and 1 on the fence.
    assert re.search(r"\| 2 \| 1 \| 1\.762 \| 1\.000 \| 0\.238 \|", page)
    assert (tmp_path / "adacfnet" / "figure6.png").stat().st_size > 1000
    assert main(["reproduce", "tadt", "table9", "--out", str(tmp_path)]) == 2
    assert "tadt has no 'table9'; there are table1, table4, table5" in capsys.readouterr().err
    assert main(["reproduce", "tadt", "table5", "--out", str(tmp_path)]) == 2
    assert "no data: give --root FOLDER" in capsys.readouterr().err
    assert main(["reproduce", "--list"]) == 0
    listed = capsys.readouterr().out
    assert all(paper in listed for paper in CATALOGUE) and "missing: " in listed
