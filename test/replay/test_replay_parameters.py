# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""A robot's file of parameters in a replay: read as ROS 2 reads it, and used as the node would."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("rosbags", reason="rosbags is not installed")

from replay_helpers import START, STEP, TYPES, Recording, flight, record, replay  # noqa: E402

from tracker_ros.config_files import config_file  # noqa: E402
from tracker_ros.data.sequence import DataError  # noqa: E402
from tracker_ros.replay.bag import STATE_TOPIC, read  # noqa: E402
from tracker_ros.replay.node_parameters import read_node_parameters  # noqa: E402

FILE = """
/**:
  ros__parameters: {session: {keep_score: 0.11}, device: cpu, use_sim_time: false}
tracker:
  ros__parameters: {tracker: dcf, "settings.learning_rate": 0.05, max_targets: 2}
/front/tracker:
  ros__parameters: {tracker: dcf_tiny, session.keep_score: 0.3, session: {coast_seconds: 0.5}}
/*/other:
  ros__parameters: {tracker: one_above}
/**/deep/*:
  ros__parameters: {tracker: deep_one, weights: "random:3"}
rear:
  tracker: {ros__parameters: {tracker: nested}}
  side:
    tracker: {ros__parameters: {tracker: twice_nested}}
"""
NODES = ["/tracker", "/front/tracker", "/a/other", "/other", "/a/b/other", "/deep/x", "/a/b/deep/x"]
NODES += ["/rear/tracker", "/rear/side/tracker", "/elsewhere", "/a/deep/x/y", "/frontx/tracker"]


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    return record(
        tmp_path_factory.mktemp("bag") / "flight", flight()[:8], [START + i * STEP for i in range(8)]
    )


def as_ros_reads(path: Path, node: str) -> dict[str, Any]:
    """The parameters that a node of that name has, if it takes whatever it is given."""
    rclpy = pytest.importorskip("rclpy", reason="rclpy is not installed")
    from rclpy.context import Context

    space, _, name = node.rpartition("/")
    context = Context()
    words = ["--ros-args", "--params-file", str(path), "-r", f"__ns:={space or '/'}", "-r", f"__node:={name}"]
    rclpy.init(args=words, context=context)
    made = rclpy.create_node("n", context=context, automatically_declare_parameters_from_overrides=True)
    found = {key: value.value for key, value in made.get_parameters_by_prefix("").items()}
    made.destroy_node()
    context.shutdown()
    return found


@pytest.mark.ros
@pytest.mark.parametrize("node", NODES)
def test_sections_count_as_in_ros(node: str, tmp_path: Path) -> None:
    file = tmp_path / "robot.yaml"
    file.write_text(FILE)
    ros, found = as_ros_reads(file, node), read_node_parameters(file, node)
    assert {name: found.get(name) for name in ("tracker", "weights", "device")} == {
        name: ros.get(name) for name in ("tracker", "weights", "device")
    }
    for group in ("session", "settings"):
        expected = {n.removeprefix(f"{group}."): v for n, v in ros.items() if n.startswith(f"{group}.")}
        assert found.get(group, {}) == expected
    assert found.keys() <= {"tracker", "weights", "device", "session", "settings"}


def test_the_package_s_own_file_is_read() -> None:
    assert read_node_parameters(config_file("uav_tracking.yaml")).keys() == {"device"}
    assert read_node_parameters(config_file("uav_tracking.yaml"), "/cameras/front/tracker").keys() == {
        "device"
    }


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            "/front/tracker: {ros__parameters: {tracker: dcf}}",
            "no parameters for the node /tracker; its sections: /front",
        ),
        ("", "no parameters for the node /tracker; its sections: none"),
        ("tracker: {tracker: dcf}", "'tracker' must map names to values, got 'dcf'"),
        ("tracker: {ros__parameters: [1]}", "ros__parameters of /tracker must map names to values, got [1]"),
        ("tracker: {ros__parameters: {tracker: 3}}", "tracker must be a text, got 3"),
        ("tracker: {ros__parameters: {model: a.pt}}", "model 'a.pt': archives are not replayed"),
        ("/**/track*: {ros__parameters: {}}", "the section /**/track*: * stands for a whole part of a name"),
        ("tracker: {ros__parameters: {a: 1, a: 2}}", "the key 'a' stands there twice"),
        ("tracker: {", "robot.yaml"),
    ],
)
def test_a_file_that_says_nothing_of_use_is_refused(text: str, reason: str, tmp_path: Path) -> None:
    file = tmp_path / "robot.yaml"
    file.write_text(text)
    with pytest.raises(DataError) as raised:
        read_node_parameters(file)
    assert reason in str(raised.value) and "robot.yaml" in str(raised.value)
    with pytest.raises(DataError, match="absent.yaml: No such file"):
        read_node_parameters(tmp_path / "absent.yaml")


def boxes(path: Path) -> list[bytes]:
    return [bytes(TYPES.serialize_cdr(m.bbox, m.bbox.__msgtype__)) for _, m in read(path, STATE_TOPIC, TYPES)]


def test_a_replay_runs_what_the_robot_runs(
    recording: Recording, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "robot.yaml"
    file.write_text(
        "tracker: {ros__parameters: {tracker: dcf, device: cpu, settings.learning_rate: 0.5}}\n"
        "/b/tracker: {ros__parameters: {tracker: dcf, session: {keep_score: 0.999}}}\n"
    )
    assert replay(recording, "--params", file, "--out", tmp_path / "robot") == 0
    assert "dcf on flight" in capsys.readouterr().out
    assert replay(recording, "--tracker", "dcf", "--out", tmp_path / "plain") == 0
    assert boxes(tmp_path / "robot") != boxes(tmp_path / "plain"), "the tracker's setting was not used"
    assert replay(recording, "--params", file, "--node", "/b/tracker") == 0
    assert "images in COASTING" in capsys.readouterr().out, "the session's setting was not used"
    # What the command line says itself wins; settings of one tracker are not another's.
    assert replay(recording, "--params", file, "--node", "/b/tracker", "--tracker", "dcf_tiny") == 0
    assert "dcf_tiny on flight" in capsys.readouterr().out
    assert replay(recording, "--params", file, "--tracker", "dcf") == 0
    assert replay(recording, "--params", file, "--tracker", "dcf_tiny") == 2
    said = "robot.yaml has settings for its tracker 'dcf': they do not go with dcf_tiny"
    assert said in capsys.readouterr().err
    assert replay(recording, "--params", file, "--node", "") == 2
    assert "no parameters for the node ;" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("--node", "/tracker"), "--node needs --params FILE.yaml"),
        (("--params", "/nowhere.yaml"), "/nowhere.yaml: No such file or directory"),
    ],
)
def test_wrong_requests_are_refused(
    recording: Recording, words: tuple[str, ...], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert replay(recording, *words) == 2
    assert reason in capsys.readouterr().err
