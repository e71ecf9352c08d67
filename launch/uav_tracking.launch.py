# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Starts the tracker and its diagnostics, for one camera or several; the simulated camera if asked.

    ros2 launch tracker_ros uav_tracking.launch.py image:=/camera/image_raw namespace:=uav1
    ros2 launch tracker_ros uav_tracking.launch.py simulate:=true tracker:=dcf
    ros2 launch tracker_ros uav_tracking.launch.py cameras:=two_cameras.yaml

`ros2 launch tracker_ros uav_tracking.launch.py --show-args` lists the arguments.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from launch import LaunchContext, LaunchDescription
from launch.actions import DeclareLaunchArgument, OpaqueFunction, SetEnvironmentVariable
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import LifecycleNode, Node

from tracker_ros.config_files import DEFAULT_PRESET, config_file
from tracker_ros.ros.compat import node_environment
from tracker_ros.ros.launch_plan import DEPTH, IMAGE, LaunchOptions, NodeDescription, choose_cameras, nodes_of

PACKAGE = "tracker_ros"
SWITCH = ["true", "false"]
LEVELS = ["debug", "info", "warn", "error", "fatal"]


def generate_launch_description() -> LaunchDescription:
    return LaunchDescription([
        *_arguments(config_file("uav_tracking.yaml")),
        *(SetEnvironmentVariable(name, value) for name, value in node_environment().items()),
        OpaqueFunction(function=_start),
    ])  # fmt: skip


def _arguments(params_file: Path) -> list[DeclareLaunchArgument]:
    """Return the arguments of the command line; empty means: as the parameter file says."""

    def argument(name: str, default: str, text: str, choices: list[str] | None = None) -> Any:
        return DeclareLaunchArgument(name, default_value=default, description=text, choices=choices)

    return [
        argument(
            "tracker",
            "",
            f"preset, such as dcf, or the path of one; empty: the parameter file's, or else {DEFAULT_PRESET}",
        ),
        argument("preset", "", "path of a preset of your own (a YAML file); wins over tracker"),
        argument("namespace", "", "namespace of the nodes"),
        argument("image", IMAGE, "topic of the camera's images; camera_info is taken from beside it"),
        argument("depth", DEPTH, "topic of depth images that belong to them, for location.depth"),
        argument(
            "cameras",
            "",
            "YAML file that lists several cameras, as config/two_cameras.yaml does; image, depth: not used",
        ),
        argument("device", "", "torch device, such as cpu or cuda:0; empty: the parameter file's"),
        argument("use_sim_time", "false", "take the time from /clock", SWITCH),
        argument("autostart", "true", "configure and activate the tracker at once", SWITCH),
        argument("params_file", str(params_file), "parameters of the nodes"),
        argument("simulate", "false", "start the simulated camera on the image topic", SWITCH),
        argument("mavlink", "", "start the MAVLink node on this end point, such as udpout:127.0.0.1:14550"),
        argument("gimbal", "false", "point a gimbal at the target (config/gimbal.yaml)", SWITCH),
        argument(
            "respawn", "true", "start a node again that ended, as after kill -9 (not simulated ones)", SWITCH
        ),
        argument("log_level", "info", "of the nodes", LEVELS),
    ]


def _start(context: LaunchContext) -> list[Node]:
    """Return the nodes, now that the arguments have values."""

    def value(name: str) -> str:
        return LaunchConfiguration(name).perform(context)

    def is_on(name: str) -> bool:
        return value(name) == "true"

    def make(node: NodeDescription) -> Node:
        kind = LifecycleNode if node.is_lifecycle else Node
        files = [str(config_file(node.defaults))] if node.defaults else []
        return kind(
            package=PACKAGE, executable=node.executable, name=node.name, namespace=node.namespace,
            parameters=[*files, value("params_file"), node.parameters], remappings=node.remappings,
            output="screen", ros_arguments=["--log-level", value("log_level")],
            # A simulated camera ends by itself, after its recording.
            respawn=is_on("respawn") and not node.executable.startswith("sim_"), respawn_delay=1.0,
        )  # fmt: skip

    options = LaunchOptions(
        is_on("use_sim_time"),
        is_on("autostart"),
        value("device"),
        value("preset") or value("tracker"),
        is_on("simulate"),
        value("mavlink"),
        is_on("gimbal"),
    )
    cameras = choose_cameras(value("cameras"), value("namespace"), value("image"), value("depth"))
    return [make(node) for number, camera in enumerate(cameras) for node in nodes_of(camera, options, number)]
