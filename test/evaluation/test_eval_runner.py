# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Running, resuming, writing and reading results, and the commands around them."""

from __future__ import annotations

import argparse
import csv
import dataclasses
import math
import zipfile
from pathlib import Path

import numpy as np
import pytest
from eval_helpers import KCF, NumberedFrames, made_sequence, run, trajectory, write_squares

from tracker_ros.data.readers import read_folders
from tracker_ros.data.sequence import DataError, Sequence
from tracker_ros.evaluation.cli import add_parsers
from tracker_ros.evaluation.engines import ProcessEngine, SerialEngine
from tracker_ros.evaluation.protocol_names import make_protocol
from tracker_ros.evaluation.protocols import (
    SHIFTS,
    OnePass,
    Repeated,
    SpatialRobustness,
    TemporalRobustness,
    shifted_box,
)
from tracker_ros.evaluation.results import write_run
from tracker_ros.evaluation.runner import plan_tasks, run_tasks
from tracker_ros.evaluation.scores import make_groups, score_folder
from tracker_ros.evaluation.specs import TrackerSpec
from tracker_ros.trackers.base import SettingsError


def run_command(*words: str) -> int:
    parser = argparse.ArgumentParser()
    add_parsers(parser.add_subparsers(required=True))
    args = parser.parse_args(words)
    return int(args.run(args))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_squares(tmp_path / "data")


def test_only_what_is_missing_is_run(data: Path, tmp_path: Path) -> None:
    sequences, out, protocol = read_folders(data), tmp_path / "out", OnePass()
    assert run(KCF, sequences, protocol, out) == []
    first = (out / "ope" / "kcf" / "right.txt").read_text()
    assert plan_tasks([KCF], sequences, protocol, out) == []
    (out / "ope" / "kcf" / "right.txt").unlink()
    (left,) = plan_tasks([KCF], sequences, protocol, out)
    assert left.sequence.name == "right"
    run_tasks([left], SerialEngine(), lambda _: None)
    assert (out / "ope" / "kcf" / "right.txt").read_text() == first, "a run can be repeated"
    assert len(plan_tasks([KCF], sequences, protocol, out, fresh=True)) == 2
    assert not list((out / "ope" / "kcf").glob("*.txt"))


def test_results_made_with_other_settings_are_made_again(tmp_path: Path) -> None:
    sequences = [made_sequence("a", 12, 0)]
    write_run(tmp_path / "ope" / "dcf", "a", trajectory(12))
    with pytest.raises(DataError, match="holds results that this command did not write"):
        plan_tasks([TrackerSpec("dcf")], sequences, OnePass(), tmp_path)
    (tmp_path / "ope" / "dcf" / "manifest.json").write_text('{"made_with": {"settings": "others"}}')
    assert len(plan_tasks([TrackerSpec("dcf")], sequences, OnePass(), tmp_path)) == 1


def test_results_of_an_edited_preset_file_are_made_again(tmp_path: Path) -> None:
    preset, found = tmp_path / "mine.yaml", []
    for rate in ("0.02", "0.03", "0.02"):
        preset.write_text(f"tracker: dcf\nsettings: {{learning_rate: {rate}}}\n")
        found.append(TrackerSpec(str(preset)).digest())
    assert found[0] == found[2] != found[1]


def test_other_processes_give_the_same_results(data: Path, tmp_path: Path) -> None:
    sequences, done = read_folders(data), []
    for name, engine in (("one", SerialEngine()), ("two", ProcessEngine(1))):
        tasks = plan_tasks([KCF], sequences, OnePass(), tmp_path / name)
        assert run_tasks(tasks, engine, done.append) == []
    assert len(done) == 4
    for sequence in sequences:
        paths = [tmp_path / name / "ope" / "kcf" / f"{sequence.name}.txt" for name in ("one", "two")]
        assert paths[0].read_text() == paths[1].read_text()


def test_dask_gives_the_same_interface(tmp_path: Path) -> None:
    pytest.importorskip("dask.distributed", reason="dask is not installed")
    from dask.distributed import Client

    from tracker_ros.evaluation.engines import make_engine

    with Client(processes=False, n_workers=1, threads_per_worker=1, dashboard_address=None):
        assert sorted(make_engine("dask", 2).run(math.sqrt, [1.0, 4.0, 9.0])) == [1, 2, 3]


def test_a_failure_does_not_stop_the_others(data: Path, tmp_path: Path) -> None:
    (data / "down" / "img" / "0007.png").write_text("no image")
    failed = run(KCF, read_folders(data), OnePass(), tmp_path)
    assert [outcome.sequence for outcome in failed] == ["down"]
    assert "0007.png: 8 bytes cannot be decoded" in failed[0].error
    assert (tmp_path / "ope" / "kcf" / "right.txt").is_file()


def test_a_deterministic_tracker_runs_three_times_only(data: Path, tmp_path: Path) -> None:
    (sequence,) = [s for s in read_folders(data) if s.name == "right"]
    run(KCF, [sequence], Repeated(repetitions=6), tmp_path)
    written = sorted(p.name for p in (tmp_path / "got10k" / "kcf" / "right").glob("right_0*.txt"))
    assert written == [f"right_00{n}.txt" for n in (1, 2, 3)]
    assert score_folder(tmp_path / "got10k" / "kcf", [sequence], Repeated()).columns(["right"])["AO"] > 0.5


def slow_starts(truth: np.ndarray, segments: int = 20, shortest: int = 20) -> list[int]:
    """OTB's splitSeqTRE as its comments describe it, with frames counted from 1."""
    fit = [i for i, box in enumerate(truth, start=1) if np.isfinite(box).all() and (box > 0).all()]
    last = max(k for k, i in enumerate(fit, start=1) if len(truth) - i + 1 >= shortest)
    picks, at = [], 1.0
    while at <= last:
        picks.append(int(at))
        at = 1 + len(picks) * last / (segments - 1)
    return [fit[pick - 1] - 1 for pick in [*picks, last]]


@pytest.mark.parametrize("length", [60, 137, 400])
def test_temporal_robustness_starts_where_otb_starts(length: int) -> None:
    sequence = made_sequence("a", length, length)
    sequence.truth[:, :2] = np.abs(sequence.truth[:, :2]) + 1
    sequence.truth[5:9] = np.nan
    plans = TemporalRobustness().plans(sequence)
    assert [plan.order.start for plan in plans] == sorted(set(slow_starts(sequence.truth)))
    assert all(plan.order.stop == length and len(plan.order) >= 20 for plan in plans)
    assert len(plans) == 20


def test_spatial_robustness_moves_pulls_and_scales() -> None:
    """Every case of OTB's shiftInitBB, worked out by hand for x 30, y 20, w 24, h 15."""
    box, size = (30.0, 20.0, 24.0, 15.0), (200, 100)
    expected = {
        "left": (27, 20, 24, 15),
        "right": (33, 20, 24, 15),
        "up": (30, 18, 24, 15),
        "down": (30, 22, 24, 15),
        "topLeft": (28, 19, 26, 16),
        "topRight": (30, 19, 26, 16),
        "bottomLeft": (28, 20, 26, 17),
        "bottomRight": (30, 20, 26, 17),
        "scale_8": (32, 22, 19, 12),
        "scale_9": (31, 21, 22, 14),
        "scale_11": (29, 19, 26, 17),
        "scale_12": (28, 19, 29, 18),
    }
    assert {kind: shifted_box(box, kind, size) for kind in SHIFTS} == expected
    assert shifted_box((2.0, 2.0, 20.0, 20.0), "left", (21, 100)) == (1, 2, 20, 20)
    assert shifted_box((2.0, 2.0, 20.0, 20.0), "right", (21, 100)) == (4, 2, 18, 20), "cut at the image"
    sequence = Sequence("a", NumberedFrames(3), np.tile([30.0, 20, 24, 15], (3, 1)))
    assert [plan.name for plan in SpatialRobustness().plans(sequence)] == [f"a/{kind}" for kind in SHIFTS]


def test_protocol_names() -> None:
    assert make_protocol("vot2018").plans(made_sequence("a", 30, 0))[-1].repetition == 15
    assert len(make_protocol("vot2018", 2).plans(made_sequence("a", 30, 0))) == 2
    assert make_protocol("vot2022-realtime20").name == "vot2022-realtime20"
    assert make_protocol("ope-latency30").name == "ope-latency30"
    for wrong in ("vot1999", "opee", "ope-realtime0", "ope-slow30"):
        with pytest.raises(DataError, match="protocol"):
            make_protocol(wrong)


def test_real_time_runs_through_the_runner(data: Path, tmp_path: Path) -> None:
    for name in ("ope-realtime1000000", "ope-latency1000000"):
        protocol, sequences = make_protocol(name), read_folders(data)
        assert run(KCF, sequences, protocol, tmp_path) == []
        scores = score_folder(tmp_path / name / "kcf", sequences, protocol)
        skipped = np.isnan(scores.runs["right"][0][1].seconds[1:]).mean()
        assert skipped > 0.5, "no tracker keeps up with a million frames a second"


def test_groups_need_sequences() -> None:
    sequences = [made_sequence(name, 3, 0) for name in ("UAV_a", "OTB_b")]
    assert make_groups(sequences, {"air": ["UAV*"]}) == {"air": ["UAV_a"]}
    assert make_groups([made_sequence("a[1]", 3, 0)], {"one": ["a[1]"]}) == {"one": ["a[1]"]}
    with pytest.raises(DataError, match="group 'sea': no sequence is named like SEA"):
        make_groups(sequences, {"sea": ["SEA*"]})


def test_opencv_takes_no_settings() -> None:
    with pytest.raises(SettingsError, match="kcf takes no settings, got cell"):
        TrackerSpec("kcf", (("cell", 4),)).driver()
    with pytest.raises(SettingsError, match="nanotrack needs --nano FOLDER"):
        TrackerSpec("nanotrack").driver()


def test_eval_prints_and_writes_a_table(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    common = ["--root", str(data), "--out", str(tmp_path / "out"), "--jobs", "1"]
    table = tmp_path / "table.csv"
    assert (
        run_command(
            "eval",
            *common,
            "--trackers",
            "kcf,dcf",
            "--group",
            "all=*",
            "--group",
            "side=right",
            "--attributes",
            "--csv",
            str(table),
        )
        == 0
    )
    printed = capsys.readouterr().out
    assert "ope on 2 sequences" in printed and "by attribute" in printed and "FM" in printed
    rows = table.read_text().splitlines()
    assert rows[0].startswith("group,tracker,AUC,P@20") and len(rows) == 5
    # Someone else's files, scored without running anything.
    assert run_command("eval", *common, "--results", str(tmp_path / "out" / "ope" / "kcf")) == 0
    assert "kcf" in capsys.readouterr().out


def test_the_peers_on_a_real_sequence(
    shared_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """NanoTrack holds a skier that KCF loses in the first frames."""
    table = tmp_path / "table.csv"
    assert (
        run_command(
            "eval",
            "--root",
            str(shared_data / "sequences"),
            "--sequences",
            "OTB100_Skiing",
            "--jobs",
            "1",
            "--trackers",
            "kcf,nanotrack",
            "--nano",
            str(shared_data / "weights" / "nanotrack_v2"),
            "--out",
            str(tmp_path / "out"),
            "--csv",
            str(table),
        )
        == 0
    )
    rows = list(csv.DictReader(table.open()))
    assert [row["tracker"] for row in rows] == ["nanotrack", "kcf"], "the best first"
    assert float(rows[0]["AUC"]) > 0.5 > 0.2 > float(rows[1]["AUC"])
    assert all(float(row["FPS"]) > 1 for row in rows)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--trackers", "dfc"], "unknown preset 'dfc'"),
        (["--trackers", "kcf", "--sequences", "left"], "no sequence is named 'left'; there are: down, right"),
        (["--trackers", "kcf", "--protocol", "best"], "unknown protocol 'best'"),
        (["--trackers", "kcf", "--group", "air"], "expected KEY=VALUE, got 'air'"),
        (["--trackers", "kcf,mil", "--submission", "a.zip"], "--submission packs one tracker"),
        ([], "nothing to do: give --trackers, --results or both"),
        (
            ["--trackers", "nanotrack", "--nano", "/nowhere"],
            "head_sim.onnx, which are not in /nowhere",
        ),
    ],
)
def test_wrong_requests_are_explained(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], message: str
) -> None:
    assert run_command("eval", "--root", str(data), "--out", str(tmp_path / "out"), *words) == 2
    shown = capsys.readouterr()
    assert message in shown.err and not shown.out


def test_sequences_without_published_truth_run_and_are_not_scored(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    truth = data / "right" / "groundtruth.txt"
    truth.write_text(truth.read_text().splitlines()[0] + "\n")
    common = ["--root", str(data), "--sequences", "right", "--trackers", "kcf", "--out", str(tmp_path)]
    assert run_command("eval", *common, "--protocol", "got10k", "--repetitions", "1", "--jobs", "1") == 0
    assert "publishes no truth" in capsys.readouterr().out
    archive = tmp_path / "for_the_server.zip"
    assert run_command("eval", *common, "--protocol", "got10k", "--submission", str(archive)) == 0
    with zipfile.ZipFile(archive) as packed:
        runs = [f"right/right_00{number}.txt" for number in (1, 2, 3)]
        assert packed.namelist() == [*runs, "right/right_time.txt"]
    archive.unlink()
    assert run_command("eval", *common, "--submission", str(archive), "--jobs", "1") == 0
    with zipfile.ZipFile(archive) as packed:
        assert packed.namelist() == ["right.txt"]
    capsys.readouterr()
    assert run_command("eval", *common, "--protocol", "vot2018") == 2
    assert "vot2018 needs a box in every frame; right has only the first" in capsys.readouterr().err


def test_devices_are_dealt_among_sequences(tmp_path: Path) -> None:
    sequences = [made_sequence(name, 5, 0) for name in "abc"]
    spec = dataclasses.replace(TrackerSpec("dcf"), device="cpu,cpu:0")
    tasks = plan_tasks([spec], sequences, OnePass(), tmp_path)
    assert [task.spec.device for task in tasks] == ["cpu", "cpu:0", "cpu"]
