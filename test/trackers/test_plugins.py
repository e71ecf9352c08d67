# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Trackers of outside packages: one that cannot be imported costs only its own."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tracker_ros.cli import main
from tracker_ros.trackers import SettingsError, base, create, load, registered

TRACKER = """
import dataclasses
from tracker_ros.trackers import Tracker, register

@dataclasses.dataclass(frozen=True)
class Settings:
    pass

@register("{name}", Settings)
class Mine(Tracker):
    pass
"""
PLUGINS = {
    "fine": TRACKER.format(name="fine"),
    # What a module registered before it failed is gone with it.
    "half": TRACKER.format(name="half") + "import a_package_that_is_not_there\n",
    # A module that it had imported is there for others.
    "above": "import below\nraise RuntimeError('driver too old\\nsecond line')\n",
    "below": TRACKER.format(name="below"),
    "ends": "raise SystemExit(3)\n",
    "again": TRACKER.format(name="dcf"),
    "wrong": "this is no Python\n",
}
REASONS = {
    "half": "ModuleNotFoundError: No module named 'a_package_that_is_not_there'",
    "above": "RuntimeError: driver too old",
    "ends": "SystemExit: 3",
    "again": "ValueError: tracker 'dcf' is registered twice",
    "wrong": "SyntaxError: ",
}


@pytest.fixture
def plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Install all the packages."""
    info = tmp_path / "outside-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: outside\nVersion: 1.0\n")
    points = [f"{name} = {name}" for name in PLUGINS]
    (info / "entry_points.txt").write_text("\n".join(["[tracker_ros.trackers]", *points]))
    for name, text in PLUGINS.items():
        (tmp_path / f"{name}.py").write_text(text)
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(base, "_REGISTRY", dict(base._REGISTRY))
    monkeypatch.setattr(base, "_LEFT_OUT", {})


def test_a_plugin_that_cannot_be_imported_costs_only_its_own_trackers(plugins: None) -> None:
    before = base._REGISTRY["dcf"]
    assert {"fine", "below"} <= set(registered()) and "half" not in registered()
    assert registered()["dcf"] is before
    load("dcf")
    with pytest.raises(SettingsError, match="unknown tracker 'half'; known: ") as caught:
        create("half")
    for name, reason in REASONS.items():
        assert f"; left out: {name} ({reason}" in str(caught.value)


def test_the_reason_is_told_once_and_in_lists_of_trackers(
    plugins: None, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(2):
        assert main(["export", "--tracker", "nonesuch", "--out", "x.ts"]) == 2
    told = [record.getMessage() for record in caplog.records if "left out" in record.getMessage()]
    assert len(told) == len(REASONS)
    assert f"left out: half ({REASONS['half']})" in capsys.readouterr().err


def test_no_tracker_of_the_package_is_left_out() -> None:
    assert not [name for name in base._LEFT_OUT if name.startswith("tracker_ros.")]
