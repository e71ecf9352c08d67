# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Words on an experiment's command line that cannot be meant are refused before anything is run."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest


@pytest.mark.parametrize(
    ("experiment", "option", "value", "reason"),
    [
        ("confidence", "--sequences", ",", "',' names nothing"),
        ("confidence", "--trackers", "", "'' names nothing"),
        ("cross_validation", "--sequences", " , ", "' , ' names nothing"),
        ("cross_validation", "--folds", "0", "'0' is not a whole number from 1"),
        ("calibration", "--clips", "-1", "'-1' is not a whole number from 1"),
        ("session_cost", "--frames", "0", "'0' is not a whole number from 1"),
        ("convergence", "--sequences", "0", "'0' is not a whole number from 1"),
        ("ablation_cf", "--epochs", "0", "'0' is not a whole number from 1"),
        ("loss_ablation", "--lr", "-1", "'-1' is not a number above 0"),
        ("tadt_ablation", "--every", "0", "'0' is not a whole number from 1"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    experiment: str,
    option: str,
    value: str,
    reason: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    main = importlib.import_module(f"tracker_ros.experiments.{experiment}").main
    with pytest.raises(SystemExit) as ended:
        main([f"--root={tmp_path}", f"{option}={value}"])
    assert ended.value.code == 2 and f"argument {option}: {reason}" in capsys.readouterr().err
