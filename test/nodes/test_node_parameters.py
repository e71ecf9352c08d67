# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Parameters of a tracker node: what is wrong is named, what is right is kept."""

from __future__ import annotations

import importlib

import pytest

rclpy = pytest.importorskip("rclpy", reason="rclpy is not installed")

from node_helpers import (  # noqa: E402
    CONFIGURE,
    Client,
    Domain,
    NodeProcess,
)
from rclpy.context import Context  # noqa: E402
from rclpy.parameter import Parameter  # noqa: E402

from tracker_ros.nodes.tracker.parameters import Parameters  # noqa: E402
from tracker_ros.ros.parameters import ParameterError  # noqa: E402
from tracker_ros.session import SessionSettings  # noqa: E402
from tracker_ros.trackers import SettingsError  # noqa: E402

pytestmark = pytest.mark.ros
TRACKER = "tracker_ros.nodes.tracker.node"


def test_what_cannot_be_configured_says_why_and_can_be_tried_again() -> None:
    domain = Domain()
    node, client = NodeProcess(TRACKER, domain, {"weights": "/no/such/file.pth"}), Client(domain)
    try:
        assert client.lifecycle() == "unconfigured" and not client.transition(CONFIGURE)
        client.wait(lambda: "/no/such/file.pth" in node.output, "the reason")
        client.set_parameters(weights="", tracker="nonsense")
        assert not client.transition(CONFIGURE)
        client.wait(lambda: "unknown preset 'nonsense'; known:" in node.output, "the reason")
        client.set_parameters(tracker="dcf", device="abacus")
        assert not client.transition(CONFIGURE)
        client.wait(lambda: "device 'abacus' cannot be used" in node.output, "the reason")
        client.set_parameters(device="cpu")
        assert client.lifecycle() == "unconfigured" and client.transition(CONFIGURE)
        assert client.lifecycle() == "inactive" and "Traceback" not in node.output
    finally:
        client.close()
        assert node.stop() == 0
        domain.close()


def test_a_gimbal_node_without_a_possible_tracker_says_so_and_can_be_told_another() -> None:
    domain = Domain()
    gimbal = "tracker_ros.nodes.gimbal.node"
    node, client = NodeProcess(gimbal, domain, {"tracker_node": "my tracker"}), Client(domain, "gimbal")
    try:
        assert not client.transition(CONFIGURE)
        client.wait(lambda: "'tracker_node': 'my tracker' can be no name in ROS" in node.output, "the reason")
        client.set_parameters(tracker_node="tracker")
        assert client.transition(CONFIGURE) and "Traceback" not in node.output
    finally:
        client.close()
        assert node.stop() == 0
        domain.close()


@pytest.mark.parametrize(
    ("name", "tracker"),
    [
        ("click", "my tracker"),
        ("diagnostics", "front//tracker"),
        ("mavlink", "tracker/"),
        ("selector", "{camera}/tracker"),
    ],
)
def test_a_node_for_a_tracker_that_cannot_be_says_so(
    name: str, tracker: str, capsys: pytest.CaptureFixture[str]
) -> None:
    module = importlib.import_module(f"tracker_ros.nodes.{name}.node")
    assert module.main(["--ros-args", "-p", f"tracker_node:='{tracker}'"]) == 2
    (said,) = capsys.readouterr().err.splitlines()
    assert said.startswith(f"parameter 'tracker_node': '{tracker}' can be no name in ROS: ")


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("session.keep_score", 1.5, "session.keep_score.*out of range"),
        ("threads", 0, "threads.*out of range"),
        ("threads", "many", "threads.*expecting type"),
        ("session.nonsense", 1, "unknown parameter 'session.nonsense'; known: session.calibration_bias"),
        ("settings.nonsense", 1, "unknown parameter 'settings.nonsense'; known: settings."),
        ("image_transport", "pigeon", "must be one of raw, compressed, got 'pigeon'"),
        ("tracker", "nonsense", "unknown preset 'nonsense'"),
    ],
)
def test_wrong_parameters_are_named(name: str, value: object, words: str) -> None:
    context = Context()
    rclpy.init(context=context)
    node = rclpy.create_node("n", context=context, parameter_overrides=[Parameter(name, value=value)])
    try:
        with pytest.raises((ParameterError, SettingsError), match=words):
            Parameters(node).read()
    finally:
        node.destroy_node()
        rclpy.try_shutdown(context=context)


def test_settings_are_parameters_with_ranges_that_keep_what_is_set() -> None:
    context = Context()
    rclpy.init(context=context)
    given = [Parameter("tracker", value="dcf"), Parameter("settings.learning_rate", value=0.5)]
    node = rclpy.create_node("n", context=context, parameter_overrides=given)
    try:
        parameters = Parameters(node)
        assert parameters.read().settings["learning_rate"] == 0.5
        node.set_parameters([Parameter("settings.learning_rate", value=0.25)])
        assert parameters.read().settings["learning_rate"] == 0.25
        assert not node.set_parameters([Parameter("session.keep_score", value=7.0)])[0].successful
    finally:
        node.destroy_node()
        rclpy.try_shutdown(context=context)


def test_a_preset_brings_session_settings_that_the_parameters_show_and_overrule() -> None:
    context = Context()
    rclpy.init(context=context)
    given = [Parameter("session.keep_score", value=0.25)]  # the default, but asked for
    node = rclpy.create_node("n", context=context, parameter_overrides=given)
    try:
        parameters = Parameters(node)
        node.set_parameters([Parameter("session.coast_seconds", value=3.0)])
        first = parameters.session({"keep_score": 0.1, "coast_seconds": 9.0, "recover_score": 0.5})
        assert (first["keep_score"], first["coast_seconds"], first["recover_score"]) == (0.25, 3.0, 0.5)
        assert node.get_parameter("session.recover_score").value == 0.5
        # Another preset's values take the place of the first one's, and what it does not say is the default.
        second = parameters.session({"found_score": 0.7})
        assert second["found_score"] == 0.7 and second["coast_seconds"] == 3.0
        assert second["recover_score"] == SessionSettings().recover_score
    finally:
        node.destroy_node()
        rclpy.try_shutdown(context=context)


def test_a_program_with_a_wrong_parameter_ends_with_one_line() -> None:
    domain = Domain()
    node = NodeProcess("tracker_ros.nodes.diagnostics.node", domain, {"period": -1.0})
    assert node.ended() == 2
    assert "parameter 'period'" in node.output and "Traceback" not in node.output
    domain.close()
