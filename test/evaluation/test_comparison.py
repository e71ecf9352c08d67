# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Differences to another tracker and their intervals, as the table and the report show them."""

from __future__ import annotations

import csv
import math
import re
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from eval_helpers import made_sequence

from tracker_ros.cli import main
from tracker_ros.data.sequence import Sequence
from tracker_ros.evaluation.cli import folder_labels
from tracker_ros.evaluation.comparison import compare, require_compared
from tracker_ros.evaluation.metrics import Curves, ope_curves
from tracker_ros.evaluation.scores import CurveScores, GotScores
from tracker_ros.evaluation.tables import format_value, is_best, summary_rows
from tracker_ros.trackers.base import SettingsError

LENGTH = 21


def curves_of(share: int, sequence: Sequence) -> Curves:
    """Curves of a tracker that is right in the first `share` of 21 frames and elsewhere in the others."""
    boxes = sequence.truth.copy()
    boxes[share:, :2] += 1e4
    return ope_curves(boxes, sequence.truth)


def scores_of(**shares: list[int]) -> list[CurveScores]:
    """Scores of trackers on sequences s0, s1, ... that are right in so many frames of each."""
    made = [made_sequence(f"s{i}", LENGTH, i) for i in range(9)]
    return [
        CurveScores(name, {}, {s.name: curves_of(share, s) for s, share in zip(made, given, strict=False)})
        for name, given in shares.items()
    ]


def exact_interval(values: list[float]) -> tuple[float, float]:
    """The bootstrap's 5 % and 95 % of a mean, of every possible sample."""
    means = [sum(sample) / len(values) for sample in product(values, repeat=len(values))]
    return float(np.quantile(means, 0.05)), float(np.quantile(means, 0.95))


def test_the_difference_is_of_the_means_and_its_interval_the_bootstrap_s() -> None:
    mine, theirs = [21, 18, 15, 3, 9], [15, 18, 10, 4, 1]
    scores = scores_of(mine=mine, theirs=theirs)
    groups = {"all": [f"s{i}" for i in range(5)], "two": ["s0", "s3"], "one": ["s2"]}
    rows = compare(summary_rows(scores, groups), scores, groups, "theirs")
    by = {(row["group"], row["tracker"]): row for row in rows}
    # A frame that is right is a success at 20 of the 21 thresholds.
    gains = [(a - b) / LENGTH * 20 / 21 for a, b in zip(mine, theirs, strict=True)]
    row = by["all", "mine"]
    assert (
        row["diff"] == pytest.approx(np.mean(gains)) == pytest.approx(row["AUC"] - by["all", "theirs"]["AUC"])
    )
    # 2,000 samples: about a standard error of the bounds.
    assert [row["low"], row["high"]] == pytest.approx(exact_interval(gains), abs=0.012)
    assert by["two", "mine"]["diff"] == pytest.approx((gains[0] + gains[3]) / 2)
    assert [by["two", "mine"][c] for c in ("low", "high")] == pytest.approx([gains[3], gains[0]])
    # Of one sequence nothing is known of others.
    assert by["one", "mine"]["diff"] == pytest.approx(gains[2])
    assert math.isnan(by["one", "mine"]["low"]) and math.isnan(by["one", "mine"]["high"])
    assert [by["all", "theirs"][c] for c in ("diff", "low", "high")] == [0, 0, 0]


def test_differences_that_cancel_are_zero() -> None:
    """Their sum leaves -1.4e-17 here, whose sign says nothing."""
    scores = scores_of(mine=[3, 19, 8, 17], theirs=[8, 3, 17, 19])
    groups = {"all": [f"s{i}" for i in range(4)]}
    rows = {row["tracker"]: row for row in compare(summary_rows(scores, groups), scores, groups, "theirs")}
    assert rows["mine"]["diff"] == 0 and format_value("diff", rows["mine"]["diff"]) == "+.000"


def test_a_folder_of_results_is_named_as_it_is_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "ope" / "mine").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "ope" / "mine")
    assert folder_labels([Path(".")]) == {Path("."): "ope/mine"}


def test_only_sequences_of_both_are_compared() -> None:
    scores = scores_of(mine=[21, 10, 0], theirs=[10, 10])
    groups = {"all": ["s0", "s1", "s2"], "last": ["s2"]}
    rows = compare(summary_rows(scores, groups), scores, groups, "theirs")
    assert rows[0]["diff"] == pytest.approx(11 / 2 / LENGTH * 20 / 21)
    assert math.isnan(rows[-1]["diff"])


def test_other_scores_stay_as_they_are() -> None:
    scores = scores_of(mine=[21], theirs=[3])
    groups = {"all": ["s0"]}
    rows = summary_rows(scores, groups)
    assert compare(rows, scores, groups, None) is rows and compare(rows, scores, groups, "nobody") is rows
    got = [GotScores("mine", {}, {"s0": np.ones(3)})]
    rows = summary_rows(got, groups)
    assert compare(rows, got, groups, "mine") is rows
    with pytest.raises(
        SettingsError, match="--compare-to mine has no results of ope, tre or sre here; none of"
    ):
        require_compared("mine", {"got10k": got})
    require_compared("mine", {"got10k": got, "ope": scores})
    require_compared(None, {"got10k": got})


@pytest.mark.parametrize(
    ("value", "text"), [(0.0113, "+.011"), (-0.25, "-.250"), (0.0, "+.000"), (math.nan, "-")]
)
def test_differences_are_printed_with_their_sign(value: float, text: str) -> None:
    assert format_value("diff", value) == text


def test_no_difference_is_the_best() -> None:
    rows = [{"group": "all", "diff": 0.1, "AUC": 0.5}, {"group": "all", "diff": 0.0, "AUC": 0.4}]
    assert not is_best("diff", rows[0], rows) and is_best("AUC", rows[0], rows)


def test_the_commands_print_write_and_draw_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, table = tmp_path / "results", tmp_path / "table.csv"
    words = ["--scenes", "2", "--out", str(out), "--jobs", "1"]
    more = ["--trackers", "kcf,mil", "--compare-to", "mil", "--csv", str(table)]
    assert main(["eval", *words, *more]) == 0
    assert re.search(r"FPS +┃ +diff +┃", capsys.readouterr().out)
    rows = {row["tracker"]: row for row in csv.DictReader(table.open())}
    assert float(rows["kcf"]["diff"]) == pytest.approx(float(rows["kcf"]["AUC"]) - float(rows["mil"]["AUC"]))
    pytest.importorskip("matplotlib", reason="the extra 'eval' (matplotlib) is not installed")
    report = ["report", "--scenes", "2", "--results", str(out), "--out", str(tmp_path / "page")]
    assert main([*report, "--compare-to", "nobody"]) == 2
    assert "kcf, mil has" in capsys.readouterr().err and not (tmp_path / "page").exists()
    assert main([*report, "--compare-to", "mil"]) == 0
    assert "<th>diff</th>" in (tmp_path / "page" / "report.html").read_text()
