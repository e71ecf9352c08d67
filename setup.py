# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The pip build: Python modules and, where a ROS 2 is, the interfaces of msg/ and srv/ through CMake.

Without ROS the package has trackers, evaluation, training, export and replay, and no nodes. colcon does
not use this file: package.xml says ament_cmake. Everything else that pip needs to know is
in setup.cfg.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from setuptools import Distribution, setup
from setuptools.command.build_py import build_py

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "build_support"))

from cmake_build import build_and_install  # noqa: E402

DATA = ("launch", "config", "security")
"""Folders that are installed into share/tracker_ros, as CMake does it."""


def has_ros() -> bool:
    """Return whether this Python finds the interface generators: of a sourced ROS 2, or of its own prefix."""
    prefixes = [*os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep), sys.prefix]
    return any((Path(prefix) / "share" / "ament_cmake").is_dir() for prefix in prefixes if prefix)


class MaybeBinaryDistribution(Distribution):
    """With interfaces, which hold compiled modules, the wheel is for one platform; else for all."""

    def has_ext_modules(self) -> bool:
        """Return whether compiled modules are in the wheel."""
        return has_ros()


class BuildWithInterfaces(build_py):
    """Run the CMake build, where there is a ROS 2, into a staging folder and ship what it installs."""

    def run(self) -> None:
        """Copy the modules; build and add the interfaces."""
        super().run()
        if self.editable_mode:  # Python modules only; CONTRIBUTING.md says how to add the interfaces
            return
        if not has_ros():
            self.distribution.data_files = _share_files()
            return
        build = Path(self.get_finalized_command("build").build_temp).resolve() / "cmake"
        stage = build / "stage"
        shutil.rmtree(stage, ignore_errors=True)
        build_and_install(HERE, build, stage, ["-DRELOCATABLE_SCRIPTS=ON"])
        # Debian's Python installs to dist-packages, everybody else's to site-packages.
        (package,) = stage.glob("**/*-packages/tracker_ros")
        ignore = shutil.ignore_patterns("__pycache__", "*.c")
        shutil.copytree(package, Path(self.build_lib) / "tracker_ros", dirs_exist_ok=True, ignore=ignore)
        self.distribution.data_files = _data_files(stage)


def _share_files() -> list[tuple[str, list[str]]]:
    """List configuration, launch files and policies of the source tree, for share/tracker_ros."""
    folders: dict[str, list[str]] = {}
    for path in sorted(path for name in DATA for path in (HERE / name).rglob("*") if path.is_file()):
        if "__pycache__" not in path.parts:
            where = Path("share") / "tracker_ros" / path.relative_to(HERE).parent
            folders.setdefault(str(where), []).append(os.path.relpath(path, HERE))
    return list(folders.items())


def _data_files(stage: Path) -> list[tuple[str, list[str]]]:
    """List what belongs beside the modules: typesupport libraries, node executables and the share folder."""
    files = [*(stage / "lib").glob("*.so"), *(stage / "lib" / "tracker_ros").glob("*")]
    files += [path for path in (stage / "share").rglob("*") if path.is_file()]
    folders: dict[str, list[str]] = {}
    for path in sorted(files):
        folders.setdefault(str(path.parent.relative_to(stage)), []).append(os.path.relpath(path, HERE))
    return list(folders.items())


setup(distclass=MaybeBinaryDistribution, cmdclass={"build_py": BuildWithInterfaces})
