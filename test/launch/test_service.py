# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The unit for systemd: what it runs, and that systemd takes it."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
UNIT = REPOSITORY / "examples" / "tracker_ros.service"


def service() -> dict[str, list[str]]:
    """The unit's section of that name; a key may stand several times."""
    content = UNIT.read_text().partition("[Service]\n")[2].partition("[Install]")[0]
    found: dict[str, list[str]] = {}
    for line in content.splitlines():
        if "=" in line and not line.startswith("#"):
            key, _, value = line.partition("=")
            found.setdefault(key, []).append(value)
    return found


def test_it_launches_with_arguments_that_exist(tmp_path: Path) -> None:
    environment = dict(word.split("=", 1) for line in service()["Environment"] for word in line.split())
    for place in ("ROS", "WORKSPACE"):
        folder = tmp_path / f"{place} here"
        (folder / "install").mkdir(parents=True)
        environment[place] = str(folder)
        for setup in (folder, folder / "install"):
            (setup / "setup.bash").write_text(f'SOURCED="$SOURCED {place}"\n')
    ros2 = tmp_path / "ros2"
    ros2.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    ros2.chmod(0o755)
    (command,) = service()["ExecStart"]
    environment |= {"PATH": f"{tmp_path}:/usr/bin:/bin", "IMAGE": "/front camera/image"}
    done = subprocess.run(shlex.split(command), env=environment, capture_output=True, text=True, check=True)
    package, file, *arguments = done.stdout.splitlines()[1:]
    assert package == "tracker_ros" and "image:=/front camera/image" in arguments
    declared = re.findall(r'argument\(\s*"(\w+)"', (REPOSITORY / "launch" / file).read_text())
    assert {argument.partition(":=")[0] for argument in arguments} <= set(declared)


def test_it_is_stopped_as_by_a_terminal() -> None:
    found = service()
    assert found["KillSignal"] == ["SIGINT"] and found["KillMode"] == ["mixed"]
    assert float(found["TimeoutStopSec"][0]) > 5, "launch waits so long for nodes that hang"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_takes_it() -> None:
    done = subprocess.run(
        ["systemd-analyze", "verify", str(UNIT)], capture_output=True, text=True, check=False
    )
    # It may also complain of the machine.
    assert UNIT.name not in done.stderr
