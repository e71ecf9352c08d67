# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The launch file under the real launch system, where there is one: it is not on PyPI."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import subprocess
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from node_helpers import TIMEOUT, Client, Domain

from tracker_ros.config_files import DEFAULT_PRESET

pytest.importorskip("launch_ros", reason="the launch packages of ROS 2 are not installed")

START = 3 * TIMEOUT
"""Seconds that three programs may take to start together."""
FILE = Path(__file__).resolve().parents[2] / "launch" / "uav_tracking.launch.py"
ARGUMENTS = {"tracker", "preset", "namespace", "image", "depth", "cameras", "device", "use_sim_time",
             "autostart", "params_file", "simulate", "mavlink", "gimbal", "log_level", "respawn"}  # fmt: skip


def _module() -> ModuleType:
    spec = importlib.util.spec_from_file_location("uav_tracking", FILE)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _nodes(**arguments: str) -> list[Any]:
    """The nodes that the launch file would start with these arguments."""
    from launch import LaunchContext
    from launch.actions import DeclareLaunchArgument

    module = _module()
    context = LaunchContext()
    context.launch_configurations.update(arguments)
    for entity in module.generate_launch_description().entities:
        if isinstance(entity, DeclareLaunchArgument):
            entity.execute(context)
    return module._start(context)


def _given(node: Any) -> dict[str, Any]:
    """The parameters that come after the parameter file."""
    from launch import LaunchContext
    from launch_ros.utilities import evaluate_parameters

    return dict(evaluate_parameters(LaunchContext(), node._Node__parameters)[-1])


def test_every_argument_is_explained() -> None:
    declared = _module().generate_launch_description().get_launch_arguments()
    assert {argument.name for argument in declared} == ARGUMENTS
    assert all(argument.description for argument in declared)


def test_arguments_that_are_not_given_leave_the_parameter_file_alone() -> None:
    tracker, diagnostics = _nodes()
    assert _given(tracker) == {"use_sim_time": False, "autostart": True}
    assert _given(diagnostics) == {"use_sim_time": False}


def test_arguments_reach_the_nodes() -> None:
    tracker, diagnostics, camera = _nodes(
        tracker="cfnet", device="cpu", use_sim_time="true", autostart="false", simulate="true"
    )
    assert _given(tracker) == {"use_sim_time": True, "autostart": False, "device": "cpu", "tracker": "cfnet"}
    assert _given(diagnostics) == {"use_sim_time": True, "device": "cpu"}
    assert _given(camera) == {"use_sim_time": True}
    remapped = {name[0].text: topic[0].text for name, topic in _nodes(depth="/d")[0]._Node__remappings}
    assert remapped == {"image": "image", "camera_info": "camera_info", "depth": "/d"}
    assert _given(_nodes(tracker="cfnet", preset="/mine.yaml")[0])["tracker"] == "/mine.yaml"


def test_a_list_of_cameras_starts_nodes_in_a_namespace_each() -> None:
    nodes = _nodes(cameras="two_cameras.yaml", namespace="uav", simulate="true", mavlink="udpin:127.0.0.1:9")
    assert len(nodes) == 8
    down = nodes[4:]
    assert _given(down[0]) == {"use_sim_time": False, "autostart": True, "tracker": "dcf",
                               "session.coast_seconds": 0.5}  # fmt: skip
    assert _given(down[2]) == {"use_sim_time": False, "seed": 1}
    assert _given(down[3])["component_id"] == 101
    assert [node._Node__node_namespace for node in nodes] == ["uav/front"] * 4 + ["uav/down"] * 4


@pytest.mark.timeout(2 * START)
def test_ros2_launch_tracks_what_the_simulated_camera_shows(domain: Domain, tmp_path: Path) -> None:
    prefixes = [Path(prefix) for prefix in os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep)]
    installed = any((prefix / "lib" / "tracker_ros" / "tracker_node").is_file() for prefix in prefixes)
    if shutil.which("ros2") is None or not installed:
        pytest.skip("needs the ros2 command, and tracker_ros built with colcon and sourced")
    log, parameters = tmp_path / "output.txt", tmp_path / "parameters.yaml"
    parameters.write_text("/**/tracker: {ros__parameters: {location.depth: true}}")
    arguments = ["simulate:=true", "namespace:=uav", "depth:=/cam/depth", f"params_file:={parameters}"]
    with log.open("w") as output:
        process = subprocess.Popen(
            ["ros2", "launch", "tracker_ros", FILE.name, *arguments],
            env={**os.environ, "ROS_DOMAIN_ID": str(domain.number), "ROS_LOG_DIR": str(tmp_path)},
            stdout=output, stderr=subprocess.STDOUT)  # fmt: skip
    client = Client(domain, "uav/tracker")
    try:
        client.wait(lambda: client.states, f"a state ({log})", START)
        assert client.lifecycle() == "active"
        assert client.states[-1].tracker == DEFAULT_PRESET
        assert client.states[-1].header.frame_id == "camera_optical_frame"
        [reader] = client.node.get_subscriptions_info_by_topic("/cam/depth")
        assert (reader.node_namespace, reader.node_name) == ("/uav", "tracker")
    finally:
        client.close()
        process.send_signal(signal.SIGINT)
        status = process.wait(30)
    assert status == 0, log.read_text()
