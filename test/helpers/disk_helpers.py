# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Disks that are really full: a tmpfs of some kilobytes that one process and its children see."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "test" / "helpers"))),
               "OMP_NUM_THREADS": "1"}  # fmt: skip
PRIVATE = ["unshare", "--map-root-user", "--mount"]
# The disk is gone when the shell ends: what lies on it is copied first.
_DISK = """
mount -t tmpfs -o size="$1" tmpfs "$2" || exit 99
shift 2
"$@"
status=$?
cp -r out kept
exit $status
"""


def require_mounts() -> None:
    """Skip the test where users may not mount anything."""
    if shutil.which("unshare") is None or subprocess.run([*PRIVATE, "true"], capture_output=True).returncode:
        pytest.skip("this system does not let its users mount a disk (unshare --map-root-user --mount)")


def on_a_small_disk(folder: Path, size: str, *command: str) -> subprocess.CompletedProcess[str]:
    """Run in `folder`, where out is a disk of `size`; its files are in kept afterwards."""
    require_mounts()
    (folder / "out").mkdir()
    return subprocess.run(
        [*PRIVATE, "sh", "-c", _DISK, "sh", size, str(folder / "out"), *command],
        cwd=folder,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=100,
    )
