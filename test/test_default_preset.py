# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""One preset is the default of every node, command and launch file, and one place names it."""

from __future__ import annotations

import argparse
import ast
import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest
import yaml

from tracker_ros.cli import COMMANDS, make_parser
from tracker_ros.config_files import DEFAULT_PRESET, config_file
from tracker_ros.trackers import Tracker, load, preset_files, read_preset

ROOT = Path(__file__).resolve().parents[1]


def options(name: str) -> Iterator[argparse.Action]:
    """Every option of a command that chooses a tracker."""
    (commands,) = (a for a in make_parser(name)._actions if isinstance(a, argparse._SubParsersAction))
    yield from (
        action for action in commands.choices[name]._actions if action.dest in ("tracker", "trackers")
    )


def test_the_default_preset_ships_with_its_weights() -> None:
    assert isinstance(load(DEFAULT_PRESET), Tracker)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_a_command_that_names_no_tracker_runs_the_default(name: str) -> None:
    for option in options(name):
        # Empty: the command wants a name, or leaves the choice to the node that it starts.
        assert not option.default or option.default.split(",")[0] == DEFAULT_PRESET, option.option_strings


def test_nodes_and_replay_run_the_default() -> None:
    parameters = pytest.importorskip("tracker_ros.nodes.tracker.parameters")
    rclpy = pytest.importorskip("rclpy")
    context = rclpy.Context()
    rclpy.init(context=context)
    node = rclpy.create_node("default_preset", context=context)
    try:
        assert parameters.Parameters(node).read().tracker == DEFAULT_PRESET
    finally:
        node.destroy_node()
        rclpy.try_shutdown(context=context)
    case = pytest.importorskip("tracker_ros.replay.case").Case
    assert {field.name: field.default for field in fields(case)}["tracker"] == DEFAULT_PRESET
    given = yaml.safe_load(config_file("uav_tracking.yaml").read_text())
    assert "tracker" not in given["/**/tracker"]["ros__parameters"]


def test_no_shipped_parameters_take_the_place_of_what_a_preset_was_measured_with() -> None:
    """A parameter that is given wins over the preset's session, so that another tracker would fly."""
    given = yaml.safe_load(config_file("uav_tracking.yaml").read_text())["/**/tracker"]["ros__parameters"]
    assert not {"session", "settings"} & {key.split(".")[0] for key in given}
    assert any(read_preset(name).session for name in preset_files())


def test_one_place_in_the_code_names_it() -> None:
    files = [*(ROOT / "tracker_ros").rglob("*.py"), *(ROOT / "launch").glob("*.py")]
    naming = [
        path.relative_to(ROOT).as_posix()
        for path in files
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        and DEFAULT_PRESET in re.split(r"[^\w]+", node.value)
    ]  # fmt: skip
    assert naming == ["tracker_ros/config_files.py"]


def test_the_readme_says_which_preset_is_the_default() -> None:
    text = (ROOT / "README.md").read_text()
    assert re.findall(r"`(\w+)` \(default\)", text) == [DEFAULT_PRESET]
