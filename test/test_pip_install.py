# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""`pip install .` on a machine with neither ROS nor CMake: everything but the nodes works."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import cv2
import pytest

from tracker_ros.data.footage import film
from tracker_ros.data.synthetic import AerialScene

REPOSITORY = Path(__file__).resolve().parents[1]
ROS = ("rclpy", "ros_", "rosidl", "ament", "rpyutils", "tracker_ros", "__editable__", "vision_", "builtin_")
CODE = """
import importlib.util, sys
import tracker_ros
assert importlib.util.find_spec("rclpy") is None and importlib.util.find_spec("tracker_ros.msg") is None
from tracker_ros import load
from tracker_ros.evaluation.cli import add_parsers
from tracker_ros.training.recipes import recipe_files
from tracker_ros.replay.cli import add_parsers as replay
print(tracker_ros.__file__, len(recipe_files()))
"""


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment that sees this one's packages except those of ROS, with the package installed."""
    folder = tmp_path_factory.mktemp("clean")
    packages = folder / "packages"
    packages.mkdir()
    for path in Path(sysconfig.get_path("purelib")).iterdir():
        if not path.name.startswith(ROS) and path.suffix != ".pth" and not path.name.endswith("_msgs"):
            (packages / path.name).symlink_to(path)
    source = folder / "source"
    listed = subprocess.run(["git", "ls-files"], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout, so the files to install are not known")
    for name in listed.stdout.splitlines():
        if (REPOSITORY / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(REPOSITORY / name, source / name)
    subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True, env=environment(folder, ""))
    install = [python(folder), "-m", "pip", "install", "--no-deps", "--no-build-isolation", "--no-index"]
    done = subprocess.run(
        [*install, str(source)], capture_output=True, text=True, env=environment(folder, str(packages))
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def python(folder: Path) -> str:
    return str(folder / "venv" / "bin" / "python")


def environment(folder: Path, packages: str) -> dict[str, str]:
    """No ROS, no CMake, and the packages of a folder."""
    bare = {"HOME": str(folder), "PATH": os.defpath, "PYTHONPATH": packages, "OMP_NUM_THREADS": "1"}
    return {**bare, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}


def run(clean: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [python(clean), *words]
    env = environment(clean, str(clean / "packages"))
    return subprocess.run(command, capture_output=True, text=True, env=env, cwd=clean, timeout=240)


@pytest.mark.slow
def test_trackers_evaluation_training_and_replay_are_there(clean: Path) -> None:
    done = run(clean, "-c", CODE)
    assert done.returncode == 0, done.stderr
    where, recipes = done.stdout.split()
    assert where.startswith(str(clean / "venv")) and int(recipes) > 20


@pytest.mark.slow
def test_the_command_tracks_a_video(clean: Path) -> None:
    shots = list(itertools.islice(film(AerialScene(seed=1), 30.0), 6))
    for index, shot in enumerate(shots):
        (clean / "frames").mkdir(exist_ok=True)
        cv2.imwrite(str(clean / "frames" / f"{index:04}.png"), shot.image[:, :, ::-1])
    assert shots[0].box is not None
    box = ",".join(f"{value:.1f}" for value in shots[0].box.to_xywh())
    done = run(clean, "-m", "tracker_ros.cli", "track", "frames", "--box", box)
    assert done.returncode == 0, done.stderr
    assert "TRACKING" in done.stdout and len(done.stdout.splitlines()) == 7


@pytest.mark.slow
def test_a_node_says_that_it_needs_ros(clean: Path) -> None:
    done = run(clean, str(clean / "venv" / "bin" / "tracker_node"))
    assert done.returncode != 0 and "rclpy" in done.stderr
