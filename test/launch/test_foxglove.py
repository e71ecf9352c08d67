# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""What a viewer gets of running nodes from foxglove-sdk's server, fed as foxglove_bridge does it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

pytest.importorskip("rclpy", reason="rclpy is not installed")
pytest.importorskip("foxglove", reason="foxglove-sdk is not installed")
sockets = pytest.importorskip("websockets.sync.client", reason="websockets is not installed")

from foxglove_helpers import Bridge, Viewer  # noqa: E402
from layout_helpers import (  # noqa: E402
    STATE,
    foxglove_fields,
    foxglove_services,
    foxglove_topics,
    rviz_topics,
)
from node_helpers import TIMEOUT, Client, Domain, NodeProcess, selection  # noqa: E402
from rclpy.serialization import deserialize_message  # noqa: E402
from std_srvs.srv import Trigger  # noqa: E402
from tracker_ros.msg import TrackState  # noqa: E402
from tracker_ros.srv import SelectTarget  # noqa: E402
from vision_msgs.msg import Detection2D  # noqa: E402

from tracker_ros.ros.messages import box_of  # noqa: E402

START = 3 * TIMEOUT
"""Seconds that three programs may take to start together."""
WANTED = {**foxglove_topics(), **rviz_topics()}
PROGRAMS: dict[str, dict[str, Any]] = {
    "sim_camera": {"width": 320, "height": 240, "rate": 10.0},
    "tracker": {"tracker": "dcf", "autostart": True},
    "diagnostics": {},
}


class Show:
    """The nodes, what relays them, and who looks."""

    def __init__(self, client: Client, bridge: Bridge, viewer: Viewer):
        self.client, self.bridge, self.viewer = client, bridge, viewer
        self.truths: list[Detection2D] = []
        client.listen(Detection2D, "sim_camera/truth", self.truths)

    def start(self) -> None:
        """Wait until the viewer has been offered all that the layouts name."""
        viewer = self.viewer
        self.see(lambda: viewer.channels.keys() >= WANTED.keys(), f"all of {sorted(WANTED)}", START)
        for name in foxglove_services():
            self.bridge.offer_service(name)
        self.see(lambda: viewer.services.keys() == foxglove_services(), "the services")

    def see(self, condition: Callable[[], Any], what: str, seconds: float = TIMEOUT) -> Any:
        """Relay and look until the condition holds; what it returned."""

        def holds() -> Any:
            self.bridge.step()
            self.viewer.read()
            return condition()

        return self.client.wait(holds, what, seconds)


@pytest.fixture(scope="module")
def show() -> Iterator[Show]:
    domain = Domain()
    nodes = [NodeProcess(f"tracker_ros.nodes.{name}.node", domain, given) for name, given in PROGRAMS.items()]
    client = Client(domain)
    bridge = Bridge(client)
    address = f"ws://127.0.0.1:{bridge.server.port}"
    with sockets.connect(address, subprotocols=["foxglove.sdk.v1"], max_size=None) as socket:
        made = Show(client, bridge, Viewer(socket))
        made.start()
        yield made
    bridge.server.stop()
    client.close()
    ends = [node.stop() for node in nodes]
    domain.close()
    assert ends == [0] * 3 and not any("Traceback" in node.output for node in nodes)


@pytest.mark.ros
@pytest.mark.timeout(2 * START)
def test_a_viewer_is_offered_what_the_layouts_show(show: Show) -> None:
    offered = {topic: show.viewer.channels[topic] for topic in WANTED}
    assert {topic: channel["schemaName"] for topic, channel in offered.items()} == WANTED
    assert {(it["encoding"], it["schemaEncoding"]) for it in offered.values()} == {("cdr", "ros2msg")}
    assert show.client.node.count_subscribers("/tracker_diagnostics/overlay") == 0  # drawn for who looks


@pytest.mark.ros
@pytest.mark.timeout(2 * START)
def test_a_viewer_gets_messages_of_each_topic_and_its_button_works(show: Show) -> None:
    viewer = show.viewer
    viewer.subscribe(WANTED)
    show.see(lambda: show.truths and viewer.newest("/tracker/state"), "a target and a tracker")
    answer = show.client.call(SelectTarget, "tracker/select", selection(box_of(show.truths[-1].bbox)))
    assert answer.accepted, answer.reason
    drawn = next(topic for topic, kind in WANTED.items() if kind.startswith("foxglove_msgs/"))
    show.see(lambda: getattr(viewer.newest(drawn), "points", None), "a box on the image")
    for topic, kind in WANTED.items():
        message = show.see(lambda topic=topic: viewer.newest(topic), f"a message of {topic}")
        if kind == "sensor_msgs/msg/Image":
            assert len(message.data) == message.height * message.step > 0, topic
        elif kind == STATE:
            assert message.target_id == answer.target_id
            assert all(hasattr(message, field) for field in foxglove_fields())
    for name in foxglove_services():
        viewer.press(name)
    show.see(lambda: viewer.answers, "the answer of a button")
    assert deserialize_message(viewer.answers[0], Trigger.Response).success
    show.see(lambda: viewer.newest("/tracker/state").state == TrackState.IDLE, "the target given up")
