# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""A test that skips for a reason of its own is a failure, and so is a whole file that does."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

TESTS = {
    "test_listed.py": "import pytest\ndef test(): pytest.skip('no Chromium is installed')\n",
    "test_unlisted.py": "import pytest\ndef test(): pytest.skip('this machine is too busy')\n",
    "test_file.py": "import pytest\npytest.importorskip('not_a_module', reason='no such thing')\n",
}


def test_only_listed_reasons_skip(tmp_path: Path) -> None:
    for name, text in TESTS.items():
        (tmp_path / name).write_text(text)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "skips",
        "-p",
        "no:cacheprovider",
        "-rfEs",
        str(tmp_path),
    ]
    ended = subprocess.run(
        command, cwd=Path(__file__).with_name("helpers"), capture_output=True, text=True, timeout=60
    )
    assert ended.returncode == pytest.ExitCode.INTERRUPTED, ended.stdout
    assert (
        "test_file.py" in ended.stdout
        and "test/helpers/skips.py does not list: Skipped: no such thing" in ended.stdout
    )
    (tmp_path / "test_file.py").unlink()
    ended = subprocess.run(
        command, cwd=Path(__file__).with_name("helpers"), capture_output=True, text=True, timeout=60
    )
    assert "1 failed, 1 skipped" in ended.stdout
    assert "test/helpers/skips.py does not list: Skipped: this machine is too busy" in ended.stdout
