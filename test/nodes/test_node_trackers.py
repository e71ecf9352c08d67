# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The correlation-filter and the pretrained trackers in one node, configured for one after another."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml
from dataset_trees import vid

pytest.importorskip("rclpy", reason="rclpy is not installed")

from node_helpers import ACTIVATE, CLEANUP, CONFIGURE, DEACTIVATE, Client, Domain, NodeProcess, scene  # noqa: E402
from sensor_msgs.msg import Image  # noqa: E402
from tracker_ros.msg import ResponseMap, TrackState  # noqa: E402

from tracker_ros.api import track  # noqa: E402
from tracker_ros.cli import main  # noqa: E402
from tracker_ros.geometry import Box  # noqa: E402
from tracker_ros.ros.images import to_rgb  # noqa: E402
from tracker_ros.ros.messages import box_of  # noqa: E402
from tracker_ros.ros.qos import PICTURE  # noqa: E402
from tracker_ros.trackers import load  # noqa: E402
from tracker_ros.training.recipes import recipe_files  # noqa: E402

pytestmark = pytest.mark.ros
BOX = Box(100.0, 100.0, 40.0, 30.0)
FRAMES = [scene(BOX._replace(cx=BOX.cx + 2 * step)) for step in range(8)]
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

    def preset(self, name: str, settings: dict[str, Any], weights: str) -> Path:
        path = self.folder / f"{name}.yaml"
        path.write_text(yaml.safe_dump({"tracker": name, "weights": weights, "settings": settings}))
        return path

    def fly(
        self, name: str, settings: dict[str, Any], torchscript: bool = False, weights: str = "random:0"
    ) -> list[TrackState]:
        """Configure the node for a tracker of these weights; its states on `FRAMES`."""
        preset = self.preset(name, settings, weights)
        client = self.client
        client.set_parameters(tracker=str(preset), torchscript=torchscript)
        assert client.transition(CONFIGURE) and client.transition(ACTIVATE)
        client.connect(client.camera, lambda: client.image(scene(BOX)))
        assert client.select(BOX).accepted
        return [client.send(client.image(frame)) for frame in FRAMES]

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


def test_what_was_trained_on_a_published_layout_flies(bench: Bench, tmp_path: Path) -> None:
    """From ILSVRC's folders by command to a file that the node follows a target with, as Python does."""
    vid(tmp_path)
    settings = SETTINGS["siamfc"]
    recipe = yaml.safe_load(recipe_files()["siamfc"].read_text())
    recipe.update(pairs_per_epoch=4, epochs=1, batch_size=2, arguments=settings, validation={"share": 0})
    (tmp_path / "siamfc.yaml").write_text(yaml.safe_dump(recipe))
    weights = str(tmp_path / "trained.safetensors")
    command = ["train", "--recipe", str(tmp_path / "siamfc.yaml"), "--data", f"vid={tmp_path}"]
    assert main([*command, "--out", str(tmp_path / "out"), "--export", weights]) == 0
    states = bench.fly("siamfc", settings, weights=weights)
    expected = list(track(FRAMES, BOX, load(str(bench.preset("siamfc", settings, weights)))))
    assert [state.score for state in states] == pytest.approx([result.score for result in expected], abs=1e-4)
    for state, result in zip(states, expected, strict=True):
        assert box_of(state.bbox) == pytest.approx(result.box, abs=1e-2)
    bench.land()
