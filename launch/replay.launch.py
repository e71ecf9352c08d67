# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Plays a recorded bag to the tracker and its diagnostics, which take the time from the bag.

    ros2 launch tracker_ros replay.launch.py bag:=FLIGHT image:=/camera/image_raw
    ros2 launch tracker_ros replay.launch.py bag:=FLIGHT rate:=0.5 loop:=true paused:=true

Every argument of uav_tracking.launch.py is passed on. Choose the target as in flight (docs/select.md).
"""

from __future__ import annotations

import sys
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
from launch.events.process import ProcessExited
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration

from tracker_ros.replay.player import play_command
from tracker_ros.ros.launch_plan import DEPTH, IMAGE, Camera, choose_cameras

NODES = Path(__file__).parent / "uav_tracking.launch.py"
SWITCH = ["true", "false"]
AWAIT_ACTIVE = "tracker_ros.ros.await_active"


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
        # First: where an argument is wrong nothing may be left running, which would answer the next launch.
        OpaqueFunction(function=_check),
        nodes,
        OpaqueFunction(function=_play),
    ])  # fmt: skip


def _cameras(context: LaunchContext) -> list[Camera]:
    """Return the cameras of the nodes' launch file, whose arguments may not have their defaults yet."""
    given = [
        LaunchConfiguration(name, default=default).perform(context)
        for name, default in (("cameras", ""), ("namespace", ""), ("image", IMAGE), ("depth", DEPTH))
    ]
    return choose_cameras(*given)


def _command(context: LaunchContext) -> list[str]:
    """Return the player's command line; nothing is played while a tracker loads its model."""

    def value(name: str) -> str:
        return LaunchConfiguration(name).perform(context)

    cameras = _cameras(context)
    player = play_command(
        value("bag"), cameras, value("rate"), value("loop") == "true", value("paused") == "true"
    )
    trackers = [camera.full("tracker") for camera in cameras]
    return [sys.executable, "-m", AWAIT_ACTIVE, *trackers, "--", *player]


def _check(context: LaunchContext) -> list[Any]:
    """Raise ValueError where an argument is wrong."""
    _command(context)
    return []


def _play(context: LaunchContext) -> list[Any]:
    """Return the player; where it ends, everything does."""
    command = _command(context)
    player = ExecuteProcess(cmd=command, output="screen", name="player")
    return [RegisterEventHandler(OnProcessExit(target_action=player, on_exit=_end)), player]


def _end(event: ProcessExited, context: LaunchContext) -> list[Any]:
    """Shut down, unless that is why the player ended: a second shutdown would be an error."""
    reason = "the bag ended" if event.returncode == 0 else "the player failed"
    return [] if context.is_shutdown else [EmitEvent(event=Shutdown(reason=reason))]
