# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The package's configuration files: in the source tree, or installed in share/tracker_ros."""

from __future__ import annotations

import os
import sys
from collections.abc import Container
from pathlib import Path

DEFAULT_PRESET = "siamban_mobile"
"""The default tracker: a preset of config/trackers that every node and command uses unless told otherwise."""

RETIRED = {
    "dcfst_tiny": "dcfst_mobile",
    "dslt_tiny": "dslt_mobile",
    "rtmdnet_tiny": "rtmdnet_mobile",
    "siamfc_tiny": "siamfc_mobile",
    "tadt_lite0": "tadt_mobile",
    "tadt_tiny": "tadt_mobile",
}
"""By the name of a preset that is gone: the one to use instead; for a recipe or weights of its own too."""


class RetiredWarning(FutureWarning):
    """A name that is gone was given, and its successor is used."""


_ROOT = Path(__file__).resolve().parents[1]


def user_cache() -> Path | None:
    """Return the user's folder for what can be had again: tracker_ros in XDG_CACHE_HOME or ~/.cache.

    None for a user without a home folder, as a container's that was started with a number for a user.
    """
    named = os.environ.get("XDG_CACHE_HOME")
    try:
        return (Path(named) if named else Path.home() / ".cache") / "tracker_ros"
    except RuntimeError:
        return None


def config_folders() -> list[Path]:
    """Return the folders named config, in the order in which they count: the source tree's first."""
    source = [_ROOT / "config"] if (_ROOT / "package.xml").is_file() else []
    prefixes = [*os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep), sys.prefix]
    return source + [Path(prefix) / "share" / "tracker_ros" / "config" for prefix in prefixes if prefix]


def config_file(name: str) -> Path:
    """Return the first file of this name, such as "fastdds.xml" or "trackers/dcf.yaml".

    Raises:
        FileNotFoundError: when no folder has it.
    """
    folders = config_folders()
    for folder in folders:
        if (folder / name).is_file():
            return folder / name
    raise FileNotFoundError(f"no file {name} in {', '.join(map(str, folders))}")


def yaml_files(folder: str) -> dict[str, Path]:
    """Return a folder of config: its YAML files by name; the source tree's own come before installed ones."""
    files: dict[str, Path] = {}
    for config in config_folders():
        for path in sorted((config / folder).glob("*.yaml")):
            files.setdefault(path.stem, path)
    return files


def yaml_file(folder: str, kind: str, name: str) -> Path:
    """Return the file of this name in a folder of config, or the file itself if `name` ends in .yaml or .yml.

    Args:
        kind: what such a file holds, for the error.

    Raises:
        FileNotFoundError: when there is none; it lists the known names.
    """
    if name.endswith((".yaml", ".yml")):
        if not Path(name).is_file():
            raise FileNotFoundError(f"there is no {kind} file {name}")
        return Path(name)
    files = yaml_files(folder)
    if name not in files:
        raise FileNotFoundError(f"unknown {kind} '{name}'; known: {', '.join(sorted(files))}")
    return files[name]


def named_in(folder: Path, text: str) -> str:
    """Return the path that a text in a file of `folder` means, from there on; or the text, if it is a name.

    A file has an ending: presets (.yaml) and weights; what ships has none, nor has 'random:0'.
    """
    return str(folder / text) if Path(text).suffix else text


def retired(kind: str, name: str, known: Container[str]) -> str:
    """Return the answer to a name that is gone and has a successor among the `known` ones; else ''.

    Args:
        kind: what bore the name.
    """
    successor = RETIRED.get(name, "")
    if name in known or successor not in known:
        return ""
    return f"{kind} '{name}' was retired: use {successor}"
