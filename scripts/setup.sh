#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
# Makes the Python environment that the other scripts use: .venv, or the folder that TRACKER_ROS_VENV
# names. It holds the pinned packages, the interfaces and this source tree (an editable install).
# With a ROS 2 sourced it uses that one; otherwise ROS 2 Kilted comes as wheels from PyPI.
# Each step runs again only when what it depends on has changed.
set -euo pipefail

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
venv="$(realpath -m "${TRACKER_ROS_VENV:-$root/.venv}")"
build="$venv/build"
# Where the environment is activated, its Python comes first: it would be deleted to make it anew.
while [[ ":$PATH:" == *":$venv/bin:"* ]]; do
  PATH=":$PATH:" && PATH="${PATH/":$venv/bin:"/:}" && PATH="${PATH#:}" && PATH="${PATH%:}"
done
export PIP_DISABLE_PIP_VERSION_CHECK=1
# Set by the start-up hook of the ROS wheels; a child of another interpreter must not inherit it.
unset _ROS_WHEELS_BOOTSTRAP_COMPLETE

declare -A hint=([requirements]=" (downloads packages, some minutes)" [vision_msgs]=" (compiles, about a minute)")

fail() {
  printf '%s\n' "$@" >&2
  exit 1
}

# step NAME INPUTS COMMAND...: runs COMMAND unless it succeeded before with these INPUTS.
# A COMMAND that is a function joins its parts with &&: errexit does not hold inside it.
step() {
  local name="$1" inputs="$2" log="$venv/log/$1.txt"
  shift 2
  if [[ "$(cat "$venv/stamps/$name" 2>/dev/null)" == "$inputs" ]]; then
    return
  fi
  echo "setup: $name${hint[$name]:-} ..." >&2
  mkdir -p "$venv/stamps" "$venv/log"
  rm -f "$venv/stamps/$name"
  "$@" >"$log" 2>&1 || fail "$(tail -n 25 "$log")" "setup: $name failed; the whole output is in $log"
  echo "$inputs" >"$venv/stamps/$name"
}

# The hash of files and folders of the source tree, names and contents.
hash_of() {
  (cd "$root" && find "$@" -type f -not -name '*.pyc' -print0 | LC_ALL=C sort -z | xargs -0 sha256sum) | sha256sum
}

sourced_ros() {
  [[ -n "${ROS_DISTRO:-}" && -n "${AMENT_PREFIX_PATH:-}" ]]
}

# The first Python that has what is needed, in $python.
find_python() {
  local candidate wanted='sys.version_info[:2] in ((3, 11), (3, 12))'
  sourced_ros && wanted='sys.version_info >= (3, 10)'
  for candidate in ${PYTHON:-python3 python3.11 python3.12}; do
    python="$(command -v "$candidate")" || continue
    "$python" -c "import sys; sys.exit(not ($wanted))" 2>/dev/null && return
  done
  sourced_ros && fail "ROS 2 $ROS_DISTRO needs python3 3.10 or newer on the PATH."
  [[ "$(uname -sm)" == "Linux x86_64" ]] || fail "ROS 2 wheels exist for Linux on x86-64 only: source a ROS 2 first."
  fail "Python 3.11 or 3.12 is needed: the ROS 2 wheels exist for no other." \
    "Name one with PYTHON=/path/to/python3.11, or source a ROS 2 first."
}

check_system() {
  local missing=()
  command -v g++ >/dev/null || missing+=(g++)
  "$python" -c 'import ensurepip, venv' 2>/dev/null || missing+=(python3-venv)
  "$python" -c 'import os, sysconfig; os.stat(sysconfig.get_path("include") + "/Python.h")' 2>/dev/null \
    || missing+=(python3-dev)
  [[ ${#missing[@]} == 0 ]] || fail "Missing: ${missing[*]}. Install with:" "  sudo apt install ${missing[*]}"
}

make_venv() {
  local options=()
  sourced_ros && options+=(--system-site-packages)
  find "$venv" -mindepth 1 -maxdepth 1 -not -name log -exec rm -rf {} + \
    && "$python" -m venv "${options[@]}" "$venv" \
    && mkdir "$venv/stamps"
}

# A sourced ROS was compiled against its own numpy, so that one stays.
install_beside_ros() {
  local numpy
  numpy="$("$venv/bin/python" -c 'import numpy; print(numpy.__version__)')" \
    && "$venv/bin/pip" install setuptools==80.9.0 cmake ninja \
    && "$venv/bin/pip" install --no-build-isolation "numpy==$numpy" --editable "$root[demo,select,eval,train,import,mavlink,dev]"
}

install_requirements() {
  if sourced_ros; then
    install_beside_ros
  else
    "$venv/bin/pip" install -r "$root/requirements/ros.txt" -r "$root/requirements/python.txt"
  fi
}

cmake_install() {
  "$venv/bin/python" "$root/build_support/cmake_build.py" "$@"
}

# CMake's install also says that pip has a package of this name, which is install_source_tree's to say.
install_interfaces() {
  cmake_install "$root" "$build/tracker_ros" -DINTERFACES_ONLY=ON \
    && rm -rf "$venv"/lib/python3.*/*-packages/tracker_ros-*.egg-info
}

install_source_tree() {
  "$venv/bin/pip" install --no-deps --no-build-isolation --editable "$root"
}

main() {
  local base wanted generated
  find_python
  check_system
  mkdir -p "$venv"
  [[ -e "$venv/pyvenv.cfg" || -d "$venv/log" || -z "$(ls -A "$venv")" ]] \
    || fail "$venv holds something else than an environment of this script: name another TRACKER_ROS_VENV."
  exec 9>"$venv.lock"
  flock 9  # two scripts started at once: the second waits for the first
  base="$root $venv $("$python" -c 'import sys; print(sys.executable, sys.version)') ${ROS_DISTRO:-wheels}"
  step environment "$base" make_venv
  if sourced_ros; then wanted="$(hash_of setup.cfg)"; else wanted="$(hash_of requirements)"; fi
  step requirements "$base $wanted" install_requirements
  generated="$base $(hash_of requirements/ros.txt build_support cmake)"
  if ! sourced_ros; then
    step vision_msgs "$generated" cmake_install "$root/build_support/vision_msgs" "$build/vision_msgs"
    step foxglove_msgs "$generated" cmake_install "$root/build_support/foxglove_msgs" "$build/foxglove_msgs"
  elif ! "$venv/bin/python" -c 'import vision_msgs' 2>/dev/null; then
    fail "vision_msgs is missing. Install with:" "  sudo apt install ros-$ROS_DISTRO-vision-msgs"
  fi
  generated+=" $(hash_of msg srv CMakeLists.txt package.xml tracker_ros/__init__.py tracker_ros/early_signals.py)"
  step interfaces "$generated" install_interfaces
  step tracker_ros "$generated $(hash_of setup.py setup.cfg pyproject.toml)" install_source_tree
}

main
