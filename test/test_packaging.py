# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""What the package says about itself in several places agrees, and a built wheel holds all its parts."""

from __future__ import annotations

import ast
import configparser
import os
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
import zipfile
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
import rclpy
import yaml
from node_helpers import Domain

import tracker_ros
from tracker_ros import config_files
from tracker_ros.nodes.diagnostics.node import DiagnosticsNode
from tracker_ros.nodes.sim_camera.node import SimCameraNode
from tracker_ros.nodes.tracker.node import TrackerNode
from tracker_ros.ros.parameters import given_parameters

REPOSITORY = Path(__file__).resolve().parents[1]
PACKAGE = REPOSITORY / "tracker_ros"
ROS_FROM_OTHERS = {"ament_index_python", "rosidl_parser", "cv_bridge", "tf2_ros", "bondpy"}
# Where the name to import is not the name to install.
DISTRIBUTIONS = {"cv2": "opencv-python", "yaml": "pyyaml", "trax": "vot-trax"}
PINNED_AS = {"opencv-python": "opencv-contrib-python-headless"}


def _normal(name: str) -> str:
    return re.sub("[-_.]+", "-", name).lower()


def _setup_cfg() -> configparser.ConfigParser:
    config = configparser.ConfigParser()
    config.read(REPOSITORY / "setup.cfg")
    return config


def _names(requirements: str) -> set[str]:
    """The distributions that a list of requirements names."""
    lines = (line.strip() for line in requirements.splitlines())
    return {_normal(re.split(r"[\[<>=!~ ;]", line)[0]) for line in lines if line and not line.startswith("#")}


def _manifest() -> ElementTree.Element:
    return ElementTree.parse(REPOSITORY / "package.xml").getroot()


def _imported() -> set[str]:
    """Top-level names of everything that the package imports."""
    found = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                found.add(node.module.split(".")[0])
    return found - set(sys.stdlib_module_names) - {"tracker_ros"}


def _is_ros(name: str) -> bool:
    return name == "rclpy" or name in ROS_FROM_OTHERS or name.endswith(("_msgs", "_srvs", "_interfaces"))


def test_the_version_is_the_same_everywhere() -> None:
    version = tracker_ros.__version__
    assert _manifest().findtext("version") == version
    assert _setup_cfg()["metadata"]["version"] == version
    assert f"\n{version} (" in (REPOSITORY / "CHANGELOG.rst").read_text()


def test_every_interface_is_generated() -> None:
    paths = [*(REPOSITORY / "msg").iterdir(), *(REPOSITORY / "srv").iterdir()]
    interfaces = {f"{path.parent.name}/{path.name}" for path in paths}
    listed = set(re.findall(r'"((?:msg|srv)/\w+\.\w+)"', (REPOSITORY / "CMakeLists.txt").read_text()))
    assert listed == interfaces


# rosdep's key where it is not "python3-" and the name to import. No key: why it is not in package.xml.
ROSDEP = {
    "cv2": "python3-opencv", "pymavlink": "python3-pymavlink-pip", "rosbags": "python3-rosbags-pip",
    "tf2_ros": "tf2_ros_py",
}  # fmt: skip
WITHOUT_KEY = {
    "torch": "the board decides which build", "safetensors": "rosdep has no key",
    "px4_msgs": "its version is the autopilot's", "mavros_msgs": "used where mavros is",
    "bondpy": "used where a manager with bonds is; not in every distribution",
    "rosidl_parser": "comes with the generators",
    **dict.fromkeys(("lightning", "tensorboard"), "training"),
    **dict.fromkeys(("dask", "distributed", "onnxruntime", "onnxscript", "scipy", "trax"), "extras"),
}  # fmt: skip


def test_every_import_has_a_dependency_in_package_xml() -> None:
    depends = {tag.text for tag in _manifest() if tag.tag in ("depend", "exec_depend")}
    launch = {"launch", "launch_ros"}
    missing = {
        name
        for name in (_imported() | launch) - set(WITHOUT_KEY)
        if ROSDEP.get(name, name if _is_ros(name) or name in launch else f"python3-{name}") not in depends
    }
    assert missing == set()


def test_the_manifest_is_one_that_bloom_takes() -> None:
    from catkin_pkg.changelog import get_changelog_from_path
    from catkin_pkg.package import parse_package

    package = parse_package(str(REPOSITORY))
    package.validate()
    assert package.urls == [], "the sources have no public address yet; name it here once they have"
    assert [str(licence) for licence in package.licenses] == ["Apache-2.0"]
    assert (REPOSITORY / package.licenses[0].file).is_file()
    changelog = get_changelog_from_path(str(REPOSITORY), package.name)
    assert changelog.get_content_of_version(package.version)
    needed = {"ros2launch", "ros2bag", "python3-serial", "cv_bridge", "foxglove_msgs"}
    assert needed <= {depend.name for depend in package.exec_depends}


def test_every_python_package_is_declared_and_pinned() -> None:
    config = _setup_cfg()
    declared = _names(config["options"]["install_requires"]).union(
        *(_names(text) for text in config["options.extras_require"].values()))  # fmt: skip
    used = {_normal(DISTRIBUTIONS.get(name, name)) for name in _imported() if not _is_ros(name)}
    assert used - declared == set()
    pins = "\n".join((REPOSITORY / "requirements" / name).read_text() for name in ("python.txt", "docs.txt"))
    assert {PINNED_AS.get(name, name) for name in declared} - _names(pins) == set()


@pytest.mark.parametrize("file", ["python.txt", "ros.txt", "docs.txt"])
def test_requirements_are_exact(file: str) -> None:
    lines = (REPOSITORY / "requirements" / file).read_text().splitlines()
    loose = [x for x in lines if x and not x.startswith("#") and not re.fullmatch(r"[\w.-]+==[\w.]+", x)]
    assert not loose


def _programs() -> dict[str, str]:
    lines = _setup_cfg()["options.entry_points"]["console_scripts"].strip().splitlines()
    return {name.strip(): target.strip() for name, target in (line.split("=") for line in lines)}


@pytest.mark.parametrize(("name", "target"), _programs().items())
def test_programs_exist(name: str, target: str) -> None:
    module, function = target.split(":")
    assert callable(getattr(import_module(module), function))


def test_vision_msgs_has_the_standard_fields() -> None:
    from vision_msgs.msg import Detection2D

    fields = Detection2D.get_fields_and_field_types()
    assert fields == {
        "header": "std_msgs/Header",
        "results": "sequence<vision_msgs/ObjectHypothesisWithPose>",
        "bbox": "vision_msgs/BoundingBox2D",
        "id": "string",
    }
    assert Detection2D().bbox.center.position.get_fields_and_field_types() == {"x": "double", "y": "double"}


def test_installed_configuration_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed = tmp_path / "share" / "tracker_ros" / "config"
    installed.mkdir(parents=True)
    (installed / "only_installed.yaml").touch()
    (installed / "fastdds.xml").touch()
    monkeypatch.setenv("AMENT_PREFIX_PATH", f"/nowhere{os.pathsep}{tmp_path}")
    assert config_files.config_file("only_installed.yaml") == installed / "only_installed.yaml"
    assert config_files.config_file("fastdds.xml") == REPOSITORY / "config" / "fastdds.xml"
    with pytest.raises(FileNotFoundError, match="no file missing.yaml in .*tracker_ros/config"):
        config_files.config_file("missing.yaml")


def _set_up(folder: Path, *tools: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the set-up on a machine that has these programs only."""
    programs = folder / "programs"
    programs.mkdir()
    for tool in tools:
        found = shutil.which(tool)
        assert found is not None
        (programs / tool).symlink_to(found)
    env = {"PATH": str(programs), "TRACKER_ROS_VENV": str(folder / "venv"), "PYTHON": sys.executable}
    command = [shutil.which("bash") or "bash", str(REPOSITORY / "scripts" / "setup.sh")]
    return subprocess.run(command, env={**env, **environment}, capture_output=True, text=True)


def test_the_set_up_says_which_package_has_the_missing_compiler(tmp_path: Path) -> None:
    done = _set_up(tmp_path, "dirname", "realpath", "uname")
    assert done.returncode == 1
    assert "sudo apt install g++" in done.stderr
    assert not (tmp_path / "venv").exists()


def test_the_set_up_says_which_python_it_needs(tmp_path: Path) -> None:
    done = _set_up(tmp_path, "dirname", "realpath", "uname", "false", PYTHON="false")
    assert done.returncode == 1
    assert "Python 3.11 or 3.12 is needed" in done.stderr


def test_the_set_up_leaves_a_folder_of_other_things_alone(tmp_path: Path) -> None:
    mine = tmp_path / "venv" / "thesis.txt"
    mine.parent.mkdir()
    mine.touch()
    done = _set_up(tmp_path, "dirname", "realpath", "uname", "g++", "mkdir", "ls")
    assert done.returncode == 1
    assert "name another TRACKER_ROS_VENV" in done.stderr
    assert mine.exists()


def test_the_set_up_does_not_build_an_activated_environment_from_itself(tmp_path: Path) -> None:
    own = tmp_path / "venv" / "bin" / "python3"
    own.parent.mkdir(parents=True)
    (tmp_path / "venv" / "pyvenv.cfg").touch()
    own.symlink_to(sys.executable)
    tools = ("dirname", "realpath", "uname", "g++", "mkdir", "ls", "flock", "cat", "find", "rm", "tail")
    path = os.pathsep.join((str(own.parent), str(tmp_path / "programs")))
    done = _set_up(tmp_path, *tools, PYTHON="python3", PATH=path)
    assert "Python 3.11 or 3.12 is needed" in done.stderr
    assert own.exists()


def _wheel(folder: Path) -> zipfile.ZipFile:
    """The wheel that pip builds from a copy of what git would track."""
    source = folder / "source"
    ignore = shutil.ignore_patterns(".*", "build", "out", "log", "install", "results", "__pycache__")
    shutil.copytree(REPOSITORY, source, ignore=ignore)
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "-w", folder]
    done = subprocess.run([*command, source], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    (wheel,) = folder.glob("*.whl")
    return zipfile.ZipFile(wheel)


def _data(folder: str, pattern: str) -> Iterator[str]:
    paths = (path for path in (REPOSITORY / folder).rglob(pattern) if path.is_file())
    return (str(path.relative_to(REPOSITORY)) for path in paths)


@pytest.mark.timeout(600)  # compiles the interfaces
def test_a_wheel_holds_modules_interfaces_programs_and_configuration(tmp_path: Path) -> None:
    wheel = _wheel(tmp_path)
    names = set(wheel.namelist())
    prefix = f"tracker_ros-{tracker_ros.__version__}.data/data/"
    expected = {*_data("tracker_ros", "*.py"), "tracker_ros/msg/__init__.py", "tracker_ros/srv/__init__.py"}
    expected |= set(_data("tracker_ros/select/page", "*"))
    programs = {name for name in _programs() if name.endswith("_node")}
    expected |= {f"{prefix}lib/tracker_ros/{name}" for name in programs}
    shared = [
        *_data("config", "*"),
        *_data("launch", "*.launch.py"),
        *_data("msg", "*.msg"),
        *_data("security", "*.policy.xml"),
        "package.xml",
    ]
    expected |= {f"{prefix}share/tracker_ros/{name}" for name in shared}
    assert expected - names == set()
    scripts = [name for name in names if name.startswith(f"{prefix}lib/tracker_ros/")]
    for script in scripts:
        text = wheel.read(script).decode()
        assert sys.prefix not in text and str(tmp_path) not in text, f"{script} is for this machine only"
    _run_relocated(wheel, scripts, tmp_path / "elsewhere")


def _run_relocated(wheel: zipfile.ZipFile, scripts: list[str], folder: Path) -> None:
    """Each program, in an environment that it was not built in, asks for that one's Python."""
    (folder / "bin").mkdir(parents=True)
    (folder / "lib" / "tracker_ros").mkdir(parents=True)
    python = folder / "bin" / "python3"
    python.write_text('#!/bin/sh\necho ran "$@"\n')
    python.chmod(0o755)
    for script in scripts:
        program = folder / "lib" / "tracker_ros" / Path(script).name
        program.write_bytes(wheel.read(script))
        program.chmod(0o755)
        ran = subprocess.run([program, "--ros-args"], capture_output=True, text=True)
        assert ran.stdout == f"ran {program} --ros-args\n", ran.stderr
        compile(program.read_text(), program.name, "exec")


def test_the_nodes_know_every_parameter_of_the_parameter_file() -> None:
    path = config_files.config_file("uav_tracking.yaml")
    content = yaml.safe_load(path.read_text())
    domain = Domain()
    rclpy.init(args=["--ros-args", "--params-file", str(path)], domain_id=domain.number)
    try:
        nodes = {node.get_name(): node for node in (TrackerNode(), DiagnosticsNode(), SimCameraNode())}
        assert set(content) == {f"/**/{name}" for name in nodes}
        for name, node in nodes.items():
            given = given_parameters(node)
            assert given, f"nothing of the file reached {name}"
            assert [key for key in given if not node.has_parameter(key)] == []
            node.destroy_node()
    finally:
        rclpy.shutdown()
        domain.close()


def test_every_source_file_names_copyright_and_licence():
    suffixes = {".py", ".sh", ".js", ".css", ".cpp"}
    folders = ("tracker_ros", "test", "launch", "scripts", "build_support", "examples")
    files = [path for folder in folders for path in (REPOSITORY / folder).rglob("*")]
    sources = [path for path in files if path.suffix in suffixes]
    assert len(sources) > 300
    for path in sources:
        head = path.read_text()[:200]
        assert "SPDX-FileCopyrightText: " in head, path
        assert "SPDX-License-Identifier: Apache-2.0" in head, path
