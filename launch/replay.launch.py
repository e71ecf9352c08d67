# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Plays a recorded bag to the tracker and its diagnostics, which take the time from the bag.

    ros2 launch tracker_ros replay.launch.py bag:=FLIGHT image:=/camera/image_raw
    ros2 launch tracker_ros replay.launch.py bag:=FLIGHT rate:=0.5 loop:=true paused:=true

Every argument of uav_tracking.launch.py is passed on. Choose the target as in flight (docs/select.md).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from launch import LaunchContext, LaunchDescription
from launch.actions import (
    DeclareLaunchArgument,
    EmitEvent,
    ExecuteProcess,
    IncludeLaunchDescription,
    OpaqueFunction,
    RegisterEventHandler,
)
from launch.event_handlers import OnProcessExit
from launch.events import Shutdown
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration

from tracker_ros.replay.player import play_command

NODES = Path(__file__).parent / "uav_tracking.launch.py"
SWITCH = ["true", "false"]


def generate_launch_description() -> LaunchDescription:
    nodes = IncludeLaunchDescription(
        PythonLaunchDescriptionSource(str(NODES)), launch_arguments={"use_sim_time": "true"}.items()
    )
    return LaunchDescription([
        DeclareLaunchArgument("bag", description="folder of the bag"),
        DeclareLaunchArgument("rate", default_value="1.0", description="times faster than recorded"),
        DeclareLaunchArgument("loop", default_value="false", choices=SWITCH,
                              description="start over at the end"),
        DeclareLaunchArgument("paused", default_value="false", choices=SWITCH,
                              description="wait until the player is told to resume"),
        nodes,
        OpaqueFunction(function=_play),
    ])  # fmt: skip


def _play(context: LaunchContext) -> list[Any]:
    """The player; where it ends, everything does."""

    def value(name: str) -> str:
        return LaunchConfiguration(name).perform(context)

    command = play_command(value("bag"), value("rate"), value("loop") == "true", value("paused") == "true")
    player = ExecuteProcess(cmd=command, output="screen", name="player")
    ended = OnProcessExit(target_action=player, on_exit=[EmitEvent(event=Shutdown(reason="the bag ended"))])
    return [RegisterEventHandler(ended), player]
