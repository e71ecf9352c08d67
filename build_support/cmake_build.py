# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Builds and installs a CMake package of ROS 2 interfaces with the Python that runs this file.

Used by setup.py (`pip install .`) and, as a program, by the scripts:

    python build_support/cmake_build.py SOURCE BUILD [-DNAME=VALUE...]

installs into the environment of that Python.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path


def build_environment() -> dict[str, str]:
    """Return the environment for CMake: a sourced ROS 2 if there is one, then the running Python's prefix."""
    # PYTHONPATH may hold pip's isolated build environment, which hides the generators. The other
    # variable stops the ROS wheels' start-up hook from setting up a child interpreter.
    hidden = ("PYTHONPATH", "_ROS_WHEELS_BOOTSTRAP_COMPLETE")
    env = {name: value for name, value in os.environ.items() if name not in hidden}
    prefixes = [*filter(None, env.get("AMENT_PREFIX_PATH", "").split(os.pathsep)), sys.prefix]
    env["AMENT_PREFIX_PATH"] = env["CMAKE_PREFIX_PATH"] = os.pathsep.join(prefixes)
    env["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), env.get("PATH", os.defpath)])
    return env


def build_and_install(source: Path, build: Path, prefix: Path, options: Sequence[str] = ()) -> None:
    """Configure `source` in folder `build`, build it and install it under `prefix`.

    Raises subprocess.CalledProcessError (the output names the cause) or RuntimeError without CMake.
    """
    env = build_environment()
    cmake = shutil.which("cmake", path=env["PATH"])
    if cmake is None:
        raise RuntimeError("cmake is missing: `pip install cmake ninja` or `apt install cmake` brings it")
    configure = [
        cmake, "-S", str(source), "-B", str(build), f"-DCMAKE_INSTALL_PREFIX={prefix}",
        f"-DPython3_EXECUTABLE={sys.executable}", "-DCMAKE_BUILD_TYPE=Release", "-DBUILD_TESTING=OFF",
        *options,
    ]  # fmt: skip
    if shutil.which("ninja", path=env["PATH"]):
        configure += ["-G", "Ninja"]
    subprocess.run(configure, check=True, env=env)
    jobs = str(os.cpu_count() or 1)
    subprocess.run([cmake, "--build", str(build), "--parallel", jobs], check=True, env=env)
    subprocess.run([cmake, "--install", str(build)], check=True, env=env, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    given_source, given_build = (Path(argument).resolve() for argument in sys.argv[1:3])
    build_and_install(given_source, given_build, Path(sys.prefix), sys.argv[3:])
