# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The experiments of TADT and DSLT run by one command, and read their curves right."""

from __future__ import annotations

import numpy as np
import pytest
from pretrained_helpers import drawn

from tracker_ros.experiments import convergence, tadt_ablation

cv2 = pytest.importorskip("cv2")


@pytest.fixture
def sequences(tmp_path):
    folder = tmp_path / "sequences" / "drawn"
    folder.mkdir(parents=True)
    lines = []
    for number in range(3):
        frame, box = drawn(120 + 3 * number, 100)
        cv2.imwrite(str(folder / f"{number:04d}.png"), frame.permute(1, 2, 0).numpy()[:, :, ::-1])
        x, y = float(box[0] - box[2] / 2), float(box[1] - box[3] / 2)
        lines.append(f"{x},{y},{float(box[2])},{float(box[3])}\n")
    (folder / "groundtruth.txt").write_text("".join(lines))
    return folder.parent


def test_ablation_prints_the_mean_of_every_variant(sequences, capsys):
    status = tadt_ablation.main(
        [
            "--root",
            str(sequences),
            "--preset",
            "tadt_mobile",
            "--weights",
            "random:0",
            "--variants",
            "target-aware",
            "no selection",
        ]
    )
    lines = capsys.readouterr().out.splitlines()
    assert status == 0 and "over 1 sequences" in lines[0]
    assert [line[:18].strip() for line in lines[1:]] == ["target-aware", "no selection"]
    assert all(0 <= float(line[18:].split()[0]) <= 1 for line in lines[1:])


def test_convergence_prints_every_loss_and_draws(sequences, tmp_path, capsys):
    status = convergence.main(
        [
            "--root",
            str(sequences),
            "--preset",
            "dslt_mobile",
            "--weights",
            "random:0",
            "--sequences",
            "1",
            "--steps",
            "4",
            "--out",
            str(tmp_path / "out"),
        ]
    )
    printed = capsys.readouterr().out
    assert status == 0 and all(loss in printed for loss in convergence.KINDS)
    assert (tmp_path / "out" / "convergence.png").stat().st_size > 1000


def test_a_curve_has_converged_when_it_stays_below():
    curve = np.array([1.0, 0.1, 0.5, 0.15, 0.1])
    assert convergence.first_below(curve, 0.2) == 3
    assert convergence.first_below(curve, 0.05) == float("inf")
    assert convergence.first_below(curve, 2.0) == 0
