# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""ROS 2 starts where its log files cannot be written."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("rclpy", reason="rclpy is not installed")

from node_helpers import REPOSITORY, TIMEOUT, Domain  # noqa: E402

from tracker_ros.ros.context import log_folder_problem  # noqa: E402


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home, and none of ROS's variables."""
    for name in ("ROS_LOG_DIR", "ROS_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def test_the_folder_is_the_one_that_ros_takes(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert log_folder_problem() == "" and (home / ".ros" / "log").is_dir()
    monkeypatch.setenv("ROS_HOME", str(home / "other"))
    assert log_folder_problem() == "" and (home / "other" / "log").is_dir()
    monkeypatch.setenv("ROS_LOG_DIR", "~/logs")
    assert log_folder_problem() == "" and list((home / "logs").iterdir()) == []


def test_what_is_in_the_way_is_said(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / ".ros").write_text("a file")
    assert log_folder_problem() == f"{home}/.ros/log: Not a directory"
    monkeypatch.setenv("HOME", "")
    assert log_folder_problem() == "HOME is not set"
    monkeypatch.setenv("ROS_LOG_DIR", "~nobody-of-this-name/logs")
    assert "~nobody-of-this-name/logs: " in log_folder_problem()


NODE = """
import sys
from rclpy.node import Node
from tracker_ros.ros.compat import run_node

class Up(Node):
    def __init__(self):
        super().__init__("up")
        self.get_logger().info("logged")
        print(self.get_name(), *sys.argv[1:], flush=True)
        raise KeyboardInterrupt

run_node(Up)
"""


@pytest.mark.ros
@pytest.mark.parametrize("whole", [True, False])
def test_a_node_starts_without_log_files_and_says_so(home: Path, domain: Domain, whole: bool) -> None:
    if not whole:
        (home / ".ros").write_text("a file")
    env = {**os.environ, "ROS_DOMAIN_ID": str(domain.number), "PYTHONPATH": str(REPOSITORY)}
    command = [sys.executable, "-c", NODE, "--ros-args", "-r", "__node:=renamed"]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=TIMEOUT)
    assert done.stdout == "renamed --ros-args -r __node:=renamed\n" and "logged" in done.stderr, done
    said = f"no ROS log files: {home}/.ros/log: Not a directory (ROS_LOG_DIR names another folder)\n"
    assert (said in done.stderr) is not whole
    assert bool(list(home.glob(".ros/log/*.log"))) is whole
