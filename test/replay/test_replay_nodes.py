# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""A bag played to a real tracker node: its clock counts, its pauses do not, and it may start over."""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

rclpy = pytest.importorskip("rclpy", reason="rclpy is not installed")

from node_helpers import Client, Domain, NodeProcess, scene, time_message  # noqa: E402
from rosgraph_msgs.msg import Clock  # noqa: E402
from tracker_ros.msg import TrackState  # noqa: E402

from tracker_ros.geometry import Box  # noqa: E402
from tracker_ros.replay.player import play_command  # noqa: E402

pytestmark = pytest.mark.ros
BOX = Box(160.0, 120.0, 40.0, 32.0)
COAST = 0.3
START = 1000.0


class Player:
    """What `ros2 bag play --clock` publishes: images under their stamps, and their time."""

    def __init__(self, client: Client):
        self.client = client
        self.clock = client.node.create_publisher(Clock, "/clock", 10)
        self.time = START

    def tell(self, seconds: float) -> None:
        self.time = seconds
        self.clock.publish(Clock(clock=time_message(seconds)))

    def play(self, count: int) -> TrackState:
        """`count` images 50 ms apart; the state about the last."""
        for _ in range(count):
            self.tell(self.time + 0.05)
            state = self.client.send(self.client.image(scene(BOX), stamp=self.time))
        return state


@pytest.fixture(scope="module")
def player() -> Iterator[Player]:
    domain = Domain()
    client = Client(domain)
    node = NodeProcess(
        "tracker_ros.nodes.tracker.node",
        domain,
        {
            "use_sim_time": True,
            "autostart": True,
            "tracker": "dcf",
            "torchscript": False,
            "image_reliability": "reliable",
            "session.coast_seconds": COAST,
        },
    )
    player = Player(client)

    def image() -> object:
        player.tell(player.time + 0.05)
        return client.image(scene(BOX), stamp=player.time)

    client.connect(client.camera, image)
    assert client.select(BOX).accepted
    assert player.play(4).state == TrackState.TRACKING
    yield player
    client.close()
    assert node.stop() == 0, node.output
    domain.close()


def test_a_paused_player_loses_nothing_and_a_silent_camera_does(player: Player) -> None:
    before = len(player.client.states)
    end = time.monotonic() + 4 * COAST  # twice the time after which silence would mean LOST
    while time.monotonic() < end:
        player.client.executor.spin_once(timeout_sec=0.05)
    assert len(player.client.states) == before, "the bag's time stands still"
    assert player.play(1).state == TrackState.TRACKING

    def lost() -> bool:
        player.tell(player.time + 0.1)
        return player.client.states[-1].state == TrackState.LOST

    player.client.wait(lost, "LOST once the bag's time goes on without images")
    # State and list come on topics of their own, in any order.
    player.client.wait(lambda: not player.client.lists[-1].detections, "an empty list")


def test_a_bag_that_starts_over_is_lost_once_and_found_under_the_same_id(player: Player) -> None:
    assert player.play(3).state == TrackState.TRACKING
    target = player.client.states[-1].target_id
    player.tell(START)
    jumped = player.play(1)
    assert jumped.state == TrackState.LOST and "stamps jumped back" in jumped.message
    found = player.play(3)
    assert found.state == TrackState.TRACKING and found.target_id == target
    assert abs(found.age_ms) < 1000, "age is told in the bag's time"


def test_the_player_s_command(tmp_path: Path) -> None:
    words = play_command(str(tmp_path), "0.5", loop=True, paused=True)
    assert words == [
        "ros2",
        "bag",
        "play",
        str(tmp_path),
        "--clock",
        "100",
        "--rate",
        "0.5",
        "--loop",
        "--start-paused",
    ]
    assert play_command(str(tmp_path))[-2:] == ["--rate", "1.0"]
    wrong = ((str(tmp_path / "none"), "1", "there is no bag"), (str(tmp_path), "0", "rate"))
    for bag, rate, message in wrong:
        with pytest.raises(ValueError, match=message):
            play_command(bag, rate)


def test_the_launch_file_plays_to_nodes_on_the_bag_s_time(tmp_path: Path) -> None:
    pytest.importorskip("launch_ros", reason="the launch packages of ROS 2 are not installed")
    from launch import LaunchContext
    from launch.actions import DeclareLaunchArgument, IncludeLaunchDescription

    path = Path(__file__).resolve().parents[2] / "launch" / "replay.launch.py"
    spec = importlib.util.spec_from_file_location("replay_launch", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    description, context = module.generate_launch_description(), LaunchContext()
    context.launch_configurations.update(bag=str(tmp_path), loop="true")
    for entity in description.entities:
        if isinstance(entity, DeclareLaunchArgument):
            assert entity.description
            entity.execute(context)
    _, player = module._play(context)
    assert [part[0].text for part in player.cmd] == play_command(str(tmp_path), loop=True)
    (nodes,) = (e for e in description.entities if isinstance(e, IncludeLaunchDescription))
    assert dict(nodes.launch_arguments) == {"use_sim_time": "true"}
    # The arguments of the included file can be given too.
    assert {"tracker", "image", "bag", "paused"} <= {
        argument.name for argument in description.get_launch_arguments()
    }
