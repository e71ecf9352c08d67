# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The tracker node runs an archive, and refuses those that it must not run; real processes."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

pytest.importorskip("rclpy", reason="rclpy is not installed")

from node_helpers import ACTIVATE, CLEANUP, CONFIGURE, DEACTIVATE, Client, Domain, NodeProcess, scene  # noqa: E402
from rcl_interfaces.srv import SetParameters  # noqa: E402
from rclpy.parameter import Parameter  # noqa: E402

from tracker_ros.export.archive import export, manifest_path  # noqa: E402
from tracker_ros.geometry import Box  # noqa: E402
from tracker_ros.ros.messages import box_of  # noqa: E402
from tracker_ros.session import Session  # noqa: E402
from tracker_ros.trackers import load  # noqa: E402

pytestmark = pytest.mark.ros
TRACKER = "tracker_ros.nodes.tracker.node"
BOX = Box(100.0, 100.0, 40.0, 30.0)


class Hangar:
    """A node that was told to run `model`, and a sound archive outside its folder."""

    def __init__(self, folder: Path):
        self.sound, self.model = folder / "elsewhere" / "dcf.ts", folder / "allowed" / "model.ts"
        self.model.parent.mkdir()
        export(load("dcf"), "exported", {}, self.sound)
        self.domain = Domain()
        given = {
            "model": self.model,
            "model_folders": [str(self.model.parent)],
            "tracker": "dcf_tiny",
            "image_reliability": "reliable",
            "session.coast_seconds": 30.0,
        }
        self.node, self.client = NodeProcess(TRACKER, self.domain, given), Client(self.domain)

    def install(self) -> None:
        """Put the sound archive where the node expects it."""
        self.model.unlink(missing_ok=True)
        shutil.copy(self.sound, self.model)
        shutil.copy(manifest_path(self.sound), manifest_path(self.model))

    def close(self) -> None:
        self.client.close()
        assert self.node.stop() == 0
        self.domain.close()


@pytest.fixture(scope="module")
def hangar(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hangar]:
    made = Hangar(tmp_path_factory.mktemp("hangar"))
    yield made
    made.close()


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("missing", "model.ts does not exist"),
        ("without manifest", "model.json is no manifest"),
        ("changed", "is not what model.json describes: sha256 differs"),
        ("a link out", "is outside the allowed folders"),
    ],
)
def test_an_archive_that_is_refused_can_be_replaced(hangar: Hangar, fault: str, words: str) -> None:
    client, node = hangar.client, hangar.node
    hangar.install()
    if fault == "without manifest":
        manifest_path(hangar.model).unlink()
    elif fault == "changed":
        hangar.model.write_bytes(hangar.model.read_bytes() + b"\0")
    else:
        hangar.model.unlink()
        if fault == "a link out":
            hangar.model.symlink_to(hangar.sound)
    assert client.lifecycle() == "unconfigured" and not client.transition(CONFIGURE)
    client.wait(lambda: words in node.output, "the reason")
    hangar.install()
    assert client.transition(CONFIGURE) and client.transition(CLEANUP)
    assert "Traceback" not in node.output


def test_the_boxes_are_those_of_the_source(hangar: Hangar) -> None:
    client = hangar.client
    hangar.install()
    assert client.transition(CONFIGURE) and client.transition(ACTIVATE)
    client.connect(client.camera, lambda: client.image(scene(BOX)))
    source = Session(load("dcf"))
    source.select(torch.from_numpy(scene(BOX)).permute(2, 0, 1), BOX, client.stamp)
    assert client.select(BOX).accepted
    for step in range(1, 21):
        pixels = scene(BOX._replace(cx=BOX.cx + 3 * step, cy=BOX.cy + step))
        state = client.send(client.image(pixels))
        expected = source.step(torch.from_numpy(pixels).permute(2, 0, 1), client.stamp).box
        assert expected is not None and state.tracker == "exported"
        assert box_of(state.bbox) == pytest.approx(expected, abs=1e-3)
    assert client.transition(DEACTIVATE) and client.transition(CLEANUP)


def test_no_archive_is_chosen_in_flight(hangar: Hangar) -> None:
    request = SetParameters.Request(
        parameters=[
            Parameter("model", value=str(hangar.sound)).to_parameter_msg(),
            Parameter("model_folders", value=[str(hangar.sound.parent)]).to_parameter_msg(),
        ]
    )
    results = hangar.client.call(SetParameters, "tracker/set_parameters", request).results
    assert not any(result.successful for result in results)
    assert all("read-only" in result.reason for result in results)


def test_without_folders_no_archive_is_loaded(hangar: Hangar) -> None:
    domain = Domain()
    node, client = NodeProcess(TRACKER, domain, {"model": hangar.sound}), Client(domain)
    try:
        assert client.lifecycle() == "unconfigured" and not client.transition(CONFIGURE)
        client.wait(lambda: "set the parameter model_folders" in node.output, "the reason")
        assert "Traceback" not in node.output
    finally:
        client.close()
        assert node.stop() == 0
        domain.close()
