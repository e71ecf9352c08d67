# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The correlation-filter and the pretrained trackers in one node, configured for one after another."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

pytest.importorskip("rclpy", reason="rclpy is not installed")

from node_helpers import ACTIVATE, CLEANUP, CONFIGURE, DEACTIVATE, Client, Domain, NodeProcess, scene  # noqa: E402
from sensor_msgs.msg import Image  # noqa: E402
from tracker_ros.msg import ResponseMap, TrackState  # noqa: E402

from tracker_ros.geometry import Box  # noqa: E402
from tracker_ros.ros.images import to_rgb  # noqa: E402
from tracker_ros.ros.messages import box_of  # noqa: E402
from tracker_ros.ros.qos import PICTURE  # noqa: E402

pytestmark = pytest.mark.ros
BOX = Box(100.0, 100.0, 40.0, 30.0)
TINY = {"backbone": "micro_resnet", "search_size": 96}
SETTINGS: dict[str, dict[str, Any]] = {
    "siamfc": {"width_multiplier": 0.0625},
    "cfnet": {"width_multiplier": 0.0625},
    "edsiam": {"width_multiplier": 0.0625},
    "edcf": {"width_multiplier": 0.0625},
    "cacfnet": {"width_multiplier": 0.0625},
    "cacfnet_plus": {"width_multiplier": 0.0625},
    "tadt": {
        **TINY,
        "min_target_size": 24.0,
        "max_target_size": 32.0,
        "shallow_channels": 24,
        "deep_channels": 48,
    },
    "dslt": {**TINY, "reduced_channels": 8, "initial_iterations": 10},
    "dcfst": {"refinement_candidates": 2},
}


class Bench(NamedTuple):
    """A tracker node that is not configured, its diagnostics node, and a client."""

    client: Client
    folder: Path

    def fly(self, name: str, settings: dict[str, Any], torchscript: bool = False) -> list[TrackState]:
        """Configure the node for a tracker with seeded random parameters; its states on eight frames."""
        preset = self.folder / f"{name}.yaml"
        preset.write_text(yaml.safe_dump({"tracker": name, "weights": "random:0", "settings": settings}))
        client = self.client
        client.set_parameters(tracker=str(preset), torchscript=torchscript)
        assert client.transition(CONFIGURE) and client.transition(ACTIVATE)
        client.connect(client.camera, lambda: client.image(scene(BOX)))
        assert client.select(BOX).accepted
        return [client.send(client.image(scene(BOX._replace(cx=BOX.cx + 2 * step)))) for step in range(8)]

    def land(self) -> None:
        """Give the tracker up."""
        assert self.client.transition(DEACTIVATE) and self.client.transition(CLEANUP)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    domain = Domain()
    nodes = [
        NodeProcess("tracker_ros.nodes.tracker.node", domain, {"session.coast_seconds": 30.0}),
        NodeProcess("tracker_ros.nodes.diagnostics.node", domain),
    ]
    client = Client(domain)
    try:
        yield Bench(client, tmp_path_factory.mktemp("presets"))
    finally:
        client.close()
        status = [node.stop() for node in nodes]
        domain.close()
    assert status == [0, 0] and not any("Traceback" in node.output for node in nodes)


@pytest.mark.parametrize("name", list(SETTINGS))
def test_runs_through_the_node(bench: Bench, name: str) -> None:
    for state in bench.fly(name, SETTINGS[name]):
        box = box_of(state.bbox)
        assert state.tracker.endswith(f"{name}.yaml") and 0 <= state.score <= 1
        assert state.state != TrackState.ERROR
        # Untrained: it need not stay on the target, but it must stay in the image.
        assert 0 <= box.cx <= 320 and 0 <= box.cy <= 240 and min(box.w, box.h) > 1
    bench.land()


def test_channel_weights_reach_who_looks_at_the_response(bench: Bench) -> None:
    maps: list[ResponseMap] = []
    pictures: list[Image] = []
    client = bench.client
    subscriptions = [
        client.listen(ResponseMap, "tracker/response", maps, PICTURE),
        client.listen(Image, "tracker_diagnostics/response_image", pictures, PICTURE),
    ]
    bench.fly("adacfnet", {}, torchscript=True)
    client.wait(lambda: client.send(client.image(scene(BOX))) and maps and pictures, "map and picture")
    weights = {item.name: list(item.values) for item in maps[-1].weights}
    assert {name: len(values) for name, values in weights.items()} == {"weights/se1": 96, "weights/se2": 32}
    assert all(0 < value < 1 for values in weights.values() for value in values)
    picture = to_rgb(pictures[-1])
    # The map is square; the diagnostics node draws one row of bars for each block below it.
    assert picture.shape[0] > picture.shape[1]
    for subscription in subscriptions:
        client.node.destroy_subscription(subscription)
    bench.land()
