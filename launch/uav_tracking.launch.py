"""Starts the tracker, its diagnostics and, if asked, the simulated camera.

    ros2 launch tracker_ros uav_tracking.launch.py image:=/camera/image_raw namespace:=uav1
    ros2 launch tracker_ros uav_tracking.launch.py simulate:=true tracker:=dcf

`ros2 launch tracker_ros uav_tracking.launch.py --show-args` lists the arguments.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from launch import LaunchContext, LaunchDescription
from launch.actions import DeclareLaunchArgument, OpaqueFunction, SetEnvironmentVariable
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import LifecycleNode, Node

from tracker_ros.resources import config_file
from tracker_ros.ros.compat import node_environment

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
    """What can be said on the command line; empty means: as the parameter file says."""
    def argument(name: str, default: str, text: str, choices: list[str] | None = None) -> Any:
        return DeclareLaunchArgument(name, default_value=default, description=text, choices=choices)

    return [
        argument("tracker", "", "name of a preset, such as dcf; empty: the parameter file's"),
        argument("preset", "", "path of a preset of your own (a YAML file); wins over tracker"),
        argument("namespace", "", "namespace of the nodes"),
        argument("image", "camera/image_raw", "topic of the camera's images"),
        argument("device", "", "torch device, such as cpu or cuda:0; empty: the parameter file's"),
        argument("use_sim_time", "false", "take the time from /clock", SWITCH),
        argument("autostart", "true", "configure and activate the tracker at once", SWITCH),
        argument("params_file", str(params_file), "parameters of the nodes"),
        argument("simulate", "false", "start the simulated camera on the image topic", SWITCH),
        argument("log_level", "info", "of the nodes", LEVELS),
    ]


def _start(context: LaunchContext) -> list[Node]:
    """The nodes, now that the arguments have values."""
    def value(name: str) -> str:
        return LaunchConfiguration(name).perform(context)

    image = value("image")
    camera_info = "/".join([*image.split("/")[:-1], "camera_info"])  # beside the image
    common: dict[str, Any] = {
        "package": PACKAGE,
        "namespace": value("namespace"),
        "output": "screen",
        "ros_arguments": ["--log-level", value("log_level")],
        "remappings": [("image", image), ("camera_info", camera_info)],
    }
    time: dict[str, Any] = {"use_sim_time": value("use_sim_time") == "true"}
    device = {"device": value("device")} if value("device") else {}
    preset = value("preset") or value("tracker")
    tracker = {"autostart": value("autostart") == "true", **({"tracker": preset} if preset else {})}
    params_file = value("params_file")
    nodes = [
        LifecycleNode(executable="tracker_node", name="tracker",
                      parameters=[params_file, {**time, **device, **tracker}], **common),
        Node(executable="diagnostics_node", name="tracker_diagnostics",
             parameters=[params_file, {**time, **device}], **common),
    ]  # fmt: skip
    if value("simulate") == "true":
        nodes.append(Node(executable="sim_camera_node", name="sim_camera",
                          parameters=[params_file, time], **common))  # fmt: skip
    return nodes
