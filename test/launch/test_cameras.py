# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Several cameras: the list in YAML, and two at work in namespaces of their own, with what watches them."""

from __future__ import annotations

import inspect
import os
import re
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from subprocess import Popen
from typing import Any

import pytest
import yaml

pytest.importorskip("rclpy", reason="rclpy is not installed")

import layout_helpers as viewers  # noqa: E402
from diagnostic_msgs.msg import DiagnosticArray  # noqa: E402
from node_helpers import REPOSITORY, TIMEOUT, Client, Domain, NodeProcess, selection  # noqa: E402
from std_srvs.srv import Trigger  # noqa: E402
from tracker_ros.msg import TrackState  # noqa: E402
from tracker_ros.srv import SelectTarget  # noqa: E402
from vision_msgs.msg import Detection2D  # noqa: E402

from tracker_ros.ops.boxes import iou  # noqa: E402
from tracker_ros.ros.launch_plan import (  # noqa: E402
    Camera,
    CamerasError,
    LaunchOptions,
    choose_cameras,
    nodes_of,
    read_cameras,
)
from tracker_ros.ros.messages import box_of  # noqa: E402

CONFIG = REPOSITORY / "config"
START = 3 * TIMEOUT
"""Seconds that six programs may take to start together."""
TRACKER_MEMORY = 700
"""MiB that a tracker node with a correlation filter may take; docs/nodes.md has what it took."""


def test_one_camera_gets_a_tracker_and_its_diagnostics() -> None:
    options = LaunchOptions(device="cpu", tracker="dcf")
    tracker, diagnostics = nodes_of(Camera("uav", "/cam/image_raw"), options)
    assert (tracker.executable, tracker.name, tracker.namespace) == ("tracker_node", "tracker", "uav")
    assert tracker.is_lifecycle and not diagnostics.is_lifecycle
    topics = {"image": "/cam/image_raw", "camera_info": "/cam/camera_info", "depth": "depth"}
    assert dict(tracker.remappings) == topics
    [given] = choose_cameras("", "uav", "/cam/image_raw", "/cam/depth")
    assert given.depth_topic == "/cam/depth"
    assert dict(nodes_of(given, options)[0].remappings) == {**topics, "depth": "/cam/depth"}
    assert tracker.parameters == {
        "use_sim_time": False, "autostart": True, "device": "cpu", "tracker": "dcf"}  # fmt: skip
    assert diagnostics.parameters == {"use_sim_time": False, "device": "cpu"}


def test_each_camera_of_the_list_has_its_own_values() -> None:
    cameras = read_cameras(CONFIG / "two_cameras.yaml", "/uav1/")
    assert [camera.namespace for camera in cameras] == ["/uav1/front", "/uav1/down"]
    options = LaunchOptions(simulate=True, mavlink="udpin:127.0.0.1:1", tracker="tadt")
    front, down = (
        {node.name: node for node in nodes_of(camera, options, number)}
        for number, camera in enumerate(cameras)
    )
    assert list(front) == list(down) == ["tracker", "tracker_diagnostics", "sim_camera", "mavlink"]
    assert (front["tracker"].parameters["tracker"], down["tracker"].parameters["tracker"]) == ("tadt", "dcf")
    assert down["tracker"].parameters["session.coast_seconds"] == 0.5
    assert [nodes["mavlink"].parameters["component_id"] for nodes in (front, down)] == [100, 101]
    assert front["mavlink"].defaults == "mavlink.yaml" and (CONFIG / front["mavlink"].defaults).is_file()


def test_a_preset_in_a_list_is_a_file_from_the_list_s_folder_on(tmp_path: Path) -> None:
    text = "cameras: [{namespace: a, tracker: mine.yaml}, {namespace: b, tracker: dcf}, {namespace: c}]"
    (tmp_path / "cameras.yaml").write_text(text)
    cameras = read_cameras(tmp_path / "cameras.yaml")
    assert [camera.tracker for camera in cameras] == [str(tmp_path / "mine.yaml"), "dcf", ""]


@pytest.mark.parametrize(("text", "words"), [
    ("cameras: []", "there is no list 'cameras'"),
    ("- namespace: a", "there is no list 'cameras'"),
    ("cameras: [front]", "camera 1 is no mapping of namespace, image, depth, tracker, parameters"),
    ("cameras: [{namespace: a}, {namespace: a}]", "two cameras have the namespace 'a'"),
    ("cameras: [{}]", "camera 1: namespace is missing"),
    ("cameras: [{namespace: 2nd}]", "namespace '2nd' must be letters, digits and _, and not begin with"),
    ("cameras: [{namespace: 2}]", "namespace is 2, not a text"),
    ("cameras: [{namespace: a, depth: 2}]", "depth is 2, not a text"),
    ("cameras: [{namespace: a, topic: b}]", "unknown key 'topic'; known: namespace, image"),
    ("cameras: [{namespace: a, parameters: {device: cpu}}]", "no mapping of node names"),
    ("cameras: [{namespace: a, parameters: {traker: {}}}]", "there is no node 'traker'; there are: tracker"),
    ("cameras: [", "expected the node content"),
])  # fmt: skip
def test_what_is_wrong_with_a_list_is_said(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "cameras.yaml"
    path.write_text(text)
    with pytest.raises(CamerasError) as error:
        read_cameras(path)
    assert words in str(error.value) and str(path) in str(error.value)


# -- two cameras at work ------------------------------------------------------------------------------


class Side(Client):
    """Listens to the nodes of one camera."""

    def __init__(self, domain: Domain, name: str):
        super().__init__(domain, f"{name}/tracker")
        self.truths: list[Detection2D] = []
        self.listen(Detection2D, f"{name}/sim_camera/truth", self.truths)

    def tracking(self) -> TrackState | None:
        """The newest state if it is TRACKING and says so for the first time since the last call."""
        states, self.states[:] = list(self.states), []
        return states[-1] if states and states[-1].state == TrackState.TRACKING else None


LAUNCH_WAITS = 5.0
"""Seconds that launch waits after its SIGINT before it sends SIGTERM."""


@contextmanager
def busy_machine() -> Iterator[None]:
    """Keep every core busy."""
    loops = [Popen([sys.executable, "-c", "while True: pass"]) for _ in range(os.cpu_count() or 1)]
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


class Pair:
    """The nodes of two simulated cameras as the launch file would start them."""

    def __init__(self, folder: Path):
        size = {"width": 320, "height": 240, "rate": 10.0}
        entries = [{"namespace": name, "tracker": "dcf", "parameters": {
            "sim_camera": {**size, "seed": seed}, "tracker": {"session.coast_seconds": 30.0},
        }} for seed, name in enumerate(("front", "down"))]  # fmt: skip
        path = folder / "cameras.yaml"
        path.write_text(yaml.safe_dump({"cameras": entries}))
        self.domain = Domain()
        self.nodes = {}
        for number, camera in enumerate(read_cameras(path)):
            for node in nodes_of(camera, LaunchOptions(simulate=True), number):
                rules = [f"__ns:=/{node.namespace}", *(f"{old}:={new}" for old, new in node.remappings)]
                self.nodes[f"{node.namespace}/{node.name}"] = NodeProcess(
                    f"tracker_ros.nodes.{node.executable.removesuffix('_node')}.node",
                    self.domain,
                    node.parameters,
                    tuple(word for rule in rules for word in ("-r", rule)),
                )
        self.front, self.down = Side(self.domain, "front"), Side(self.domain, "down")

    def close(self) -> None:
        self.front.close()
        self.down.close()
        with busy_machine(), ThreadPoolExecutor() as pool:  # all at once
            ends = list(pool.map(lambda node: node.stop(seconds=LAUNCH_WAITS), self.nodes.values()))
        self.domain.close()
        assert ends == [0] * 6 and not any("Traceback" in node.output for node in self.nodes.values())


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    made = Pair(tmp_path_factory.mktemp("pair"))
    yield made
    made.close()


@pytest.mark.ros
@pytest.mark.timeout(2 * START)
def test_two_cameras_track_a_target_each(pair: Pair) -> None:
    found = {}
    for side in (pair.front, pair.down):
        side.wait(lambda side=side: side.states and side.truths, f"{side.tracker} at work", START)
        answer = side.call(SelectTarget, f"{side.tracker}/select", selection(box_of(side.truths[-1].bbox)))
        assert answer.accepted, answer.reason
        state = side.wait(side.tracking, f"{side.tracker} to track")
        assert state.target_id == answer.target_id
        found[side] = state.target_id
        overlaps = [float(iou(box_of(state.bbox).to_tensor(), box_of(truth.bbox).to_tensor()))
                    for truth in side.truths[-10:]]  # fmt: skip
        assert max(overlaps) > 0.5
    assert len(set(found.values())) == 2

    pair.front.call(Trigger, "front/tracker/stop", Trigger.Request())
    states = pair.front.states
    pair.front.wait(lambda: states and states[-1].state == TrackState.IDLE, "front to stop")
    state = pair.down.wait(pair.down.tracking, "down to go on")
    assert state.target_id == found[pair.down]


@pytest.mark.ros
def test_a_tracker_node_takes_no_more_memory_than_the_docs_say(pair: Pair) -> None:
    for side in ("front", "down"):
        status = Path(f"/proc/{pair.nodes[f'{side}/tracker'].pid}/status").read_text()
        used = re.search(r"VmRSS:\s+(\d+) kB", status)
        assert used is not None and int(used[1]) / 1024 < TRACKER_MEMORY


def _matches(analyzer: dict[str, Any], name: str) -> bool:
    """As diagnostic_aggregator's GenericAnalyzer decides which statuses are its own."""
    return (
        any(name.startswith(start) for start in analyzer.get("startswith", []))
        or any(part in name for part in analyzer.get("contains", []))
        or any(re.fullmatch(pattern, name) for pattern in analyzer.get("regex", []))
        or name in analyzer.get("expected", [])
    )


@pytest.mark.ros
def test_each_diagnostic_status_belongs_to_one_group_of_the_aggregator(pair: Pair) -> None:
    content = yaml.safe_load((CONFIG / "diagnostics_aggregator.yaml").read_text())
    (parameters,) = content["analyzers"].values()
    analyzers = [value for value in parameters.values() if isinstance(value, dict)]
    assert {analyzer["type"] for analyzer in analyzers} == {"diagnostic_aggregator/GenericAnalyzer"}
    arrays: list[DiagnosticArray] = []
    pair.front.listen(DiagnosticArray, "/diagnostics", arrays)
    names: set[str] = set()

    def both() -> bool:
        names.update(status.name for array in arrays for status in array.status)
        return {name.split("/")[0] for name in names} == {"front", "down"}

    pair.front.wait(both, "diagnostics of both cameras")
    for name in names:
        assert [_matches(analyzer, name) for analyzer in analyzers].count(True) == 1, name
    for analyzer in analyzers:
        assert any(_matches(analyzer, name) for name in names), analyzer["path"]


def _panels(layout: Any) -> list[str]:
    if isinstance(layout, str):
        return [layout]
    assert layout["direction"] in ("row", "column") and 0 < layout["splitPercentage"] < 100
    return _panels(layout["first"]) + _panels(layout["second"])


def test_the_foxglove_layout_shows_each_panel_once() -> None:
    panels, layout = viewers.foxglove()
    assert sorted(_panels(layout)) == sorted(panels)


def _keys(layouts: Any, name: str) -> set[str]:
    """The keys that a class of foxglove-sdk writes into a layout; empty where it knows no such panel."""
    kind = getattr(layouts, name, None)
    if kind is None:
        return set()
    return {key for base in kind.__mro__[:2] if "_to_dict" in vars(base)
            for key in re.findall(r'"(\w+)":', inspect.getsource(base._to_dict))}  # fmt: skip


def test_the_foxglove_layout_has_the_keys_that_foxglove_reads() -> None:
    layouts = pytest.importorskip("foxglove.layouts", reason="foxglove-sdk is not installed")
    lists = {
        "Plot": ("paths", "PlotSeries"),
        "StateTransitions": ("paths", "StateTransitionsSeries"),
        "Image": ("imageMode", "ImageModeConfig"),
    }
    checked = set()
    for name, panel in viewers.foxglove()[0].items():
        kind = name.split("!")[0]
        if known := _keys(layouts, f"{kind}Config"):
            # The title of a panel is the layout's, not the panel's.
            assert set(panel) - {"foxglovePanelTitle"} <= known, name
            key, inner = lists[kind]
            for part in panel[key] if isinstance(panel[key], list) else [panel[key]]:
                assert set(part) <= _keys(layouts, inner), (name, part)
            checked.add(kind)
    assert checked == set(lists)


@pytest.mark.ros
def test_what_the_layouts_show_exists(pair: Pair) -> None:
    """The layouts are for nodes without a namespace; here the same topics are in that of one camera."""
    wanted = {f"/front{topic}" for topic in (*viewers.rviz_topics(), "/tracker/state", "/camera_info")}
    node = pair.front.node
    pair.front.wait(
        lambda: wanted <= dict(node.get_topic_names_and_types()).keys(), "the topics of all nodes"
    )
    graph = dict(node.get_topic_names_and_types())
    services = {f"/front{name}" for name in viewers.foxglove_services()}
    pair.front.wait(lambda: services <= dict(node.get_service_names_and_types()).keys(), "the buttons")
    known = dict(node.get_service_names_and_types())
    assert all(known[name] == ["std_srvs/srv/Trigger"] for name in services)
    for topic, kind in {**viewers.rviz_topics(), **viewers.foxglove_topics()}.items():
        if kind.startswith("foxglove_msgs/"):
            # Offered where foxglove_msgs is installed, and named in the docs.
            assert f"`~/{topic.split('/')[-1]}`" in (REPOSITORY / "docs" / "nodes.md").read_text()
        else:
            assert graph[topic if topic == "/diagnostics" else f"/front{topic}"] == [kind]
    assert viewers.foxglove_fields() <= TrackState.get_fields_and_field_types().keys()
