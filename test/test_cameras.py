"""Several cameras: the list in YAML, and two at work in namespaces of their own, with what watches them."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("rclpy", reason="rclpy is not installed")

from node_helpers import REPOSITORY  # noqa: E402

from tracker_ros.ros.cameras import Camera, CamerasError, Wishes, nodes_of, read_cameras  # noqa: E402

CONFIG = REPOSITORY / "config"


def test_one_camera_gets_a_tracker_and_its_diagnostics() -> None:
    tracker, diagnostics = nodes_of(Camera("uav", "/cam/image_raw"), Wishes(device="cpu", tracker="dcf"))
    assert (tracker.executable, tracker.name, tracker.namespace) == ("tracker_node", "tracker", "uav")
    assert tracker.is_lifecycle and not diagnostics.is_lifecycle
    assert tracker.remappings == [("image", "/cam/image_raw"), ("camera_info", "/cam/camera_info")]
    assert tracker.parameters == {
        "use_sim_time": False, "autostart": True, "device": "cpu", "tracker": "dcf"}  # fmt: skip
    assert diagnostics.parameters == {"use_sim_time": False, "device": "cpu"}


def test_each_camera_of_the_list_has_its_own_values() -> None:
    cameras = read_cameras(CONFIG / "two_cameras.yaml", "/uav1/")
    assert [camera.namespace for camera in cameras] == ["/uav1/front", "/uav1/down"]
    wishes = Wishes(simulate=True, mavlink="udpin:127.0.0.1:1", tracker="tadt")
    front, down = ({node.name: node for node in nodes_of(camera, wishes, number)}
                   for number, camera in enumerate(cameras))
    assert list(front) == list(down) == ["tracker", "tracker_diagnostics", "sim_camera", "mavlink"]
    assert (front["tracker"].parameters["tracker"], down["tracker"].parameters["tracker"]) == ("tadt", "dcf")
    assert down["tracker"].parameters["session.coast_seconds"] == 0.5
    assert [nodes["mavlink"].parameters["component_id"] for nodes in (front, down)] == [100, 101]
    assert front["mavlink"].defaults == "mavlink.yaml" and (CONFIG / front["mavlink"].defaults).is_file()


@pytest.mark.parametrize(("text", "words"), [
    ("cameras: []", "there is no list 'cameras'"),
    ("- namespace: a", "there is no list 'cameras'"),
    ("cameras: [front]", "camera 1 is no mapping of namespace, image, tracker, parameters"),
    ("cameras: [{namespace: a}, {namespace: a}]", "two cameras have the namespace 'a'"),
    ("cameras: [{}]", "'' is no namespace"),
    ("cameras: [{namespace: 2nd}]", "'2nd' is no namespace"),
    ("cameras: [{namespace: 2}]", "namespace is 2, not a text"),
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
