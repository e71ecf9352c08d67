# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""A pytest plug-in: tests may skip for the reasons listed here; any other skip is a failure.

So a test does not vanish in silence when something that the scripts install stops working.
"""

from __future__ import annotations

import re
from collections.abc import Generator
from importlib.util import find_spec
from typing import Any

import pytest

REASONS = {
    "no test data under": "the recorded sequences, which are not ours to give away: TRACKER_ROS_DATA=DIR",
    "no published DCFNet parameters|no /.*[.]pth": "published networks, in weights/ beside those sequences",
    "TRACKER_ROS_LONG is not set": "minutes of a CPU for each tracker; three of them are always tested",
    "TRACKER_ROS_VOT_PYTHON names no": "VOT's toolkit, which needs an environment of its own",
    "the launch packages of ROS 2 are not installed": "a ROS 2 that is sourced: no index has these packages",
    "needs the ros2 command": "a ROS 2 that is sourced, and this package built with colcon",
    "dask is not installed": "pip install distributed: another way to run what is tested with processes",
    "onnx(script|runtime) is not installed": "pip install onnxscript onnxruntime; no node reads such files",
    r"the extra 'vot' \(vot-trax\) is not installed": "pip install vot-trax, which needs a compiler",
    "no Chromium is installed": "apt install chromium",
    "systemd is not installed": "a machine that systemd starts; its program checks a unit",
    "this system does not let its users mount": "user namespaces: full disks are small ones, mounted",
    "installed without its type descriptions": "packages that were built without them",
    "descriptors are looked up in /proc": "Linux",
    "cv_bridge is not installed": "a ROS 2 that is sourced: no index has it for this numpy",
    "(foxglove-sdk|websockets) is not installed": "pip install foxglove-sdk websockets: a viewer",
    "no C[+][+] compiler or no cmake": "a compiler; scripts/setup.sh asks for one",
}
"""Patterns of reasons, and what their tests need to run."""


def is_listed(reason: str) -> bool:
    """Whether tests may skip for this reason. Without a ROS, those of nodes may too."""
    without_ros = find_spec("rclpy") is None and re.search("is not installed|could not import", reason)
    return bool(without_ros) or any(re.search(pattern, reason) for pattern in REASONS)


def _judge(report: pytest.TestReport | pytest.CollectReport) -> None:
    if report.skipped and isinstance(report.longrepr, tuple) and not is_listed(report.longrepr[2]):
        report.outcome = "failed"
        report.longrepr = (
            f"skipped for a reason that test/helpers/skips.py does not list: {report.longrepr[2]}"
        )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, Any, Any]:
    """Judge a test's skip."""
    report = yield
    _judge(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, Any, Any]:
    """Judge the skip of a whole file."""
    report = yield
    _judge(report)
    return report
