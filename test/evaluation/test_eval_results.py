# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Result files: ours, and those of other toolkits."""

from __future__ import annotations

import struct
from pathlib import Path

import cv2
import numpy as np
import pytest
from eval_helpers import trajectory

from tracker_ros.data.benchmarks import read_sequences
from tracker_ros.data.sequence import DataError
from tracker_ros.evaluation.protocols import Repeated
from tracker_ros.evaluation.results import Trajectory, read_result, write_run
from tracker_ros.evaluation.scores import score_folder
from tracker_ros.files import write_whole


def same(a: Trajectory, b: Trajectory) -> bool:
    return bool(
        np.allclose(a.boxes, b.boxes, atol=1e-4)
        and np.allclose(a.seconds, b.seconds, rtol=1e-4)
        and np.allclose(a.scores, b.scores, rtol=1e-4)
    )


def test_results_survive_writing_and_reading(tmp_path: Path) -> None:
    run = trajectory(7)
    write_run(tmp_path, "car1", run)
    read = read_result(tmp_path, "car1", 7)
    assert read is not None and same(run, read)
    assert (tmp_path / "car1.txt").read_text().splitlines()[0].count(",") == 3


def test_got10k_repetitions_share_a_file_of_times(tmp_path: Path) -> None:
    runs = [trajectory(5, seed) for seed in range(3)]
    for number, run in enumerate(runs, start=1):
        write_run(tmp_path, f"a/a_{number:03d}", run)
    assert (tmp_path / "a" / "a_time.txt").read_text().splitlines()[0].count(",") == 2
    for number, run in enumerate(runs, start=1):
        read = read_result(tmp_path, f"a/a_{number:03d}", 5)
        assert read is not None and same(run, read)


@pytest.mark.parametrize(
    ("path", "separator", "times"),
    [
        ("bike1.txt", ",", "bike1_time.txt"),  # OTB's and pysot's
        ("uav_bike1.txt", "\t", "uav_bike1_time.txt"),  # pytracking's
        ("bike1.txt", ",", "times/bike1_time.txt"),  # got10k's for OTB and its like
        ("bike1/bike1_001.txt", ",", "bike1/bike1_time.txt"),  # got10k's for GOT-10k
    ],
)
def test_other_toolkits_results_are_read(tmp_path: Path, path: str, separator: str, times: str) -> None:
    run = trajectory(4)
    for name, rows in (
        (path, [separator.join(f"{v:.4f}" for v in box) for box in run.boxes]),
        (times, [f"{t:.8f}" for t in run.seconds]),
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("\n".join(rows) + "\n")
    read = read_result(tmp_path, "bike1", 4)
    assert read is not None
    np.testing.assert_allclose(read.boxes, run.boxes, atol=1e-4)
    np.testing.assert_allclose(read.seconds, run.seconds, rtol=1e-5)


def test_the_got10k_package_reads_our_results(tmp_path: Path) -> None:
    """Its own report over our files says what we say."""
    experiments = pytest.importorskip("got10k.experiments", reason="got10k is not installed")
    rng, names = np.random.default_rng(0), ["GOT-10k_Val_000001", "GOT-10k_Val_000002"]
    val = tmp_path / "data" / "val"
    for name in names:
        (val / name).mkdir(parents=True)
        for index in range(1, 9):
            cv2.imwrite(str(val / name / f"{index:08d}.jpg"), np.zeros((72, 96, 3), np.uint8))
        truth = np.concatenate([rng.uniform(1, 40, (8, 2)), rng.uniform(10, 60, (8, 2))], axis=1).round(4)
        np.savetxt(val / name / "groundtruth.txt", truth, fmt="%.4f", delimiter=",")
        (val / name / "meta_info.ini").write_text("[METAINFO]\nresolution: (96, 72)\n")
        for label in ("cover", "absence", "cut_by_image"):
            np.savetxt(val / name / f"{label}.label", rng.integers(0, 3, 8), fmt="%d")
        for repetition in (1, 2):
            noisy = Trajectory(truth + rng.normal(0, 5, truth.shape), np.full(8, 0.01), np.ones(8))
            write_run(tmp_path / "results" / "GOT-10k" / "ours", f"{name}/{name}_{repetition:03d}", noisy)
    (val / "list.txt").write_text("\n".join(names))
    folders = {"result_dir": str(tmp_path / "results"), "report_dir": str(tmp_path / "reports")}
    report = experiments.ExperimentGOT10k(str(tmp_path / "data"), "val", **folders).report(["ours"])
    expected = report["ours"]["overall"]
    sequences = read_sequences(val, "got10k")
    ours = score_folder(tmp_path / "results" / "GOT-10k" / "ours", sequences, Repeated()).columns(names)
    assert (ours["AO"], ours["SR.5"]) == pytest.approx((expected["ao"], expected["sr"]), abs=1e-6)


def test_vot_toolkits_binary_results_are_read(tmp_path: Path) -> None:
    """Bytes as vot-toolkit 0.7.3 wrote them: a start, a box, a failure and an unknown frame."""
    box = struct.pack("<Bffff", 1, 10.5, 20, 30, 40)
    specials = [struct.pack("<BI", 0, code) for code in (1, 2, 0)]
    data = struct.pack("<hI", 1, 4) + specials[0] + box + specials[1] + specials[2]
    (tmp_path / "a_001.bin").write_bytes(data)
    (tmp_path / "a_001_time.value").write_text("0.5\n0.25\n0.25\n0\n")
    read = read_result(tmp_path, "a_001", 4)
    assert read is not None and read.codes is not None
    assert read.codes.tolist() == [1, -1, 2, 0] and read.boxes[1].tolist() == [10.5, 20, 30, 40]
    assert read.seconds.tolist() == [0.5, 0.25, 0.25, 0]
    (tmp_path / "a_001.bin").write_bytes(data[:-2])
    with pytest.raises(DataError, match="is cut off"):
        read_result(tmp_path, "a_001", 4)
    (tmp_path / "a_001.bin").write_bytes(struct.pack("<hIB", 1, 1, 3))
    with pytest.raises(DataError, match="holds regions other than boxes, in frame 0"):
        read_result(tmp_path, "a_001", 1)


def test_short_results_are_refused_and_long_ones_cut(tmp_path: Path) -> None:
    write_run(tmp_path, "a", trajectory(5))
    cut = read_result(tmp_path, "a", 4)
    assert cut is not None and len(cut.boxes) == 4
    with pytest.raises(DataError, match="holds 5 boxes for 6 frames"):
        read_result(tmp_path, "a", 6)
    assert read_result(tmp_path, "b", 6) is None


def test_an_interrupted_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_whole(tmp_path / "a.txt", "old")
    monkeypatch.setattr("os.replace", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        write_whole(tmp_path / "a.txt", "new")
    assert (tmp_path / "a.txt").read_text() == "old" and len(list(tmp_path.iterdir())) == 1
