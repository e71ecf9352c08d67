# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""A bag played to a real tracker node: its clock counts, its pauses do not, and it may start over."""

from __future__ import annotations

import importlib.util
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

rclpy = pytest.importorskip("rclpy", reason="rclpy is not installed")

from node_helpers import ACTIVATE, CONFIGURE, Client, Domain, NodeProcess, scene, time_message  # noqa: E402
from rclpy.context import Context  # noqa: E402
from rosgraph_msgs.msg import Clock  # noqa: E402
from tracker_ros.msg import TrackState  # noqa: E402

from tracker_ros.geometry import Box  # noqa: E402
from tracker_ros.replay.player import play_command  # noqa: E402
from tracker_ros.ros.await_active import await_active  # noqa: E402
from tracker_ros.ros.launch_plan import Camera  # noqa: E402

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
    found = player.play(7)  # it takes five frames to be sure that it is the target
    assert found.state == TrackState.TRACKING and found.target_id == target
    assert abs(found.age_ms) < 1000, "age is told in the bag's time"


ONE = [Camera("", "/cam/image_raw")]
PLAYED = ["/cam/image_raw", "/cam/image_raw/compressed", "/cam/camera_info", "/depth"]


def recorded(folder: Path, **topics: str) -> str:
    """A bag's folder whose description lists these topics, '__' for '/'."""
    entries = [
        {"topic_metadata": {"name": f"/{name.replace('__', '/')}", "type": kind}}
        for name, kind in topics.items()
    ]
    content = {"rosbag2_bagfile_information": {"topics_with_message_count": entries}}
    (folder / "metadata.yaml").write_text(yaml.safe_dump(content))
    return str(folder)


def flight(folder: Path) -> str:
    """A bag of a flight with our nodes: the camera's topics, and what must not be played to live nodes."""
    return recorded(
        folder,
        cam__image_raw="sensor_msgs/msg/Image",
        cam__camera_info="sensor_msgs/msg/CameraInfo",
        tracker__target="vision_msgs/msg/Detection2D",
        tracker__init_box="vision_msgs/msg/Detection2D",
        tracker_diagnostics__overlay="sensor_msgs/msg/Image",
        cmd_vel="geometry_msgs/msg/Twist",
    )


def test_only_the_cameras_topics_are_played(tmp_path: Path) -> None:
    bag = flight(tmp_path)
    words = play_command(bag, ONE, "0.5", loop=True, paused=True)
    start = ["ros2", "bag", "play", bag, "--clock", "100", "--rate", "0.5", "--topics"]
    assert words == [*start, *PLAYED, "--loop", "--start-paused"]
    two = [Camera("uav/front", "image_raw"), Camera("/uav/down", "/cam/image_raw")]
    bag = recorded(
        tmp_path,
        uav__front__image_raw__compressed="sensor_msgs/msg/CompressedImage",
        cam__image_raw="sensor_msgs/msg/Image",
    )
    front = ["image_raw", "image_raw/compressed", "camera_info", "depth"]
    down = [*PLAYED[:-1], "/uav/down/depth"]
    assert play_command(bag, two)[-8:] == [*(f"/uav/front/{name}" for name in front), *down]
    assert two[0].full("tracker") == "/uav/front/tracker" and ONE[0].full("tracker") == "/tracker"


@pytest.mark.parametrize(
    ("name", "rate", "words"),
    [
        ("none", "1", "there is no bag"),
        ("flight", "0", "rate must be a positive number, got '0'"),
        ("flight", "fast", "rate must be a positive number, got 'fast'"),
        ("flight", "nan", "rate must be a positive number"),
        ("", "1", "metadata.yaml cannot be read .*ros2 bag reindex"),
    ],
)
def test_what_cannot_be_played_is_said(tmp_path: Path, name: str, rate: str, words: str) -> None:
    (tmp_path / "flight").mkdir()
    flight(tmp_path / "flight")
    with pytest.raises(ValueError, match=words):
        play_command(str(tmp_path / name), ONE, rate)


def test_a_bag_without_the_camera_names_those_that_it_has(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no images on /image; .* /cam/image_raw, /tracker_diagnostics"):
        play_command(flight(tmp_path), [Camera()])


def replay_launch() -> Any:
    path = Path(__file__).resolve().parents[2] / "launch" / "replay.launch.py"
    spec = importlib.util.spec_from_file_location("replay_launch", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_launch_file_plays_to_nodes_on_the_bag_s_time(tmp_path: Path) -> None:
    pytest.importorskip("launch_ros", reason="the launch packages of ROS 2 are not installed")
    from launch import LaunchContext
    from launch.actions import DeclareLaunchArgument, IncludeLaunchDescription, OpaqueFunction

    module = replay_launch()
    description, context = module.generate_launch_description(), LaunchContext()
    context.launch_configurations.update(bag=flight(tmp_path), loop="true", image="/cam/image_raw")
    for entity in description.entities:
        if isinstance(entity, DeclareLaunchArgument):
            assert entity.description
            entity.execute(context)
    _, player = module._play(context)
    words = [part[0].text for part in player.cmd]
    assert words[1:5] == ["-m", "tracker_ros.ros.await_active", "/tracker", "--"]
    assert words[5:] == play_command(str(tmp_path), ONE, loop=True)
    kinds = [type(entity) for entity in description.entities]
    nodes = kinds.index(IncludeLaunchDescription)
    assert kinds.index(OpaqueFunction) < nodes, "checked before anything starts"
    assert dict(description.entities[nodes].launch_arguments) == {"use_sim_time": "true"}
    context.launch_configurations["rate"] = "fast"
    with pytest.raises(ValueError, match="rate"):
        description.entities[kinds.index(OpaqueFunction)].execute(context)
    # The arguments of the included file can be given too.
    assert {"tracker", "image", "bag", "paused"} <= {
        argument.name for argument in description.get_launch_arguments()
    }


def test_the_end_of_the_player_is_the_end_of_all_but_once() -> None:
    pytest.importorskip("launch_ros", reason="the launch packages of ROS 2 are not installed")
    from types import SimpleNamespace

    module = replay_launch()
    ended = SimpleNamespace(returncode=0)
    assert len(module._end(ended, SimpleNamespace(is_shutdown=False))) == 1
    assert module._end(ended, SimpleNamespace(is_shutdown=True)) == [], "launch calls that an error"


def test_a_program_begins_when_the_node_is_active(domain: Domain) -> None:
    """It waits for a tracker that is not active yet, and then becomes its command."""
    node, client = (
        NodeProcess("tracker_ros.nodes.tracker.node", domain, {"torchscript": False}),
        Client(domain),
    )
    command = ("/tracker", "--", sys.executable, "-c", "print('plays')")
    waits = NodeProcess("tracker_ros.ros.await_active", domain, arguments=command, ros=False)
    try:
        assert client.transition(CONFIGURE)
        client.wait(lambda: client.node.count_clients("/tracker/get_state") > 0, "a question")
        assert waits.returned() is None and "plays" not in waits.output
        assert client.transition(ACTIVATE)
        assert waits.ended() == 0 and "plays" in waits.output
    finally:
        client.close()
        waits.stop()
        assert node.stop() == 0


def test_who_waits_ends_by_a_signal_and_when_nobody_comes(domain: Domain) -> None:
    waits = NodeProcess(
        "tracker_ros.ros.await_active", domain, arguments=("/nobody", "--", "false"), ros=False
    )
    client = Client(domain)
    client.wait(lambda: "player_waits" in client.node.get_node_names(), "the program")
    client.close()
    assert waits.stop() == 0 and "Traceback" not in waits.output
    context = Context()
    rclpy.init(context=context, domain_id=domain.number)
    node = rclpy.create_node("waits", context=context)
    with pytest.raises(TimeoutError, match="/nobody is not active after 0 s"):
        await_active(node, ["/nobody"], 0.0)
    node.destroy_node()
    rclpy.try_shutdown(context=context)
