# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The layers of the package: imports go down only, and the lower ones know neither ROS nor OpenCV."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "tracker_ros"

# From the top to the ground; a layer may import those that come after it.
LAYERS = [
    ("cli",),
    ("benchmark", "reproduce"),
    ("demo", "experiments", "track_command"),
    ("api",),
    ("nodes",),
    ("gimbal", "replay"),
    ("ros",),
    ("evaluation", "select", "training"),
    ("export",),
    ("data", "drawing"),
    ("session",),
    ("trackers",),
    ("losses", "networks"),
    ("weights",),
    ("ops",),
    (
        "arguments",
        "bootstrap",
        "config_files",
        "early_signals",
        "files",
        "geometry",
        "mavlink",
        "optics",
        "terminal",
        "yaml_files",
    ),
]
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}
WITH_ROS = {"benchmark", "cli", "demo", "nodes", "ros"}
GENERATED = {"tracker_ros.msg", "tracker_ros.srv"}
PURE = {name for name, level in LEVEL.items() if level >= LEVEL["session"]}


def _is_ros(module: str) -> bool:
    top = module.split(".")[0]
    known = {"rclpy", "ament_index_python", "launch", "launch_ros", "rosidl_runtime_py", "builtin_interfaces"}
    return top in known or top.endswith(("_msgs", "_srvs")) or module in GENERATED


def _modules() -> dict[str, Path]:
    """Every module of the package by its dotted name."""
    names = {}
    for path in PACKAGE.rglob("*.py"):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        names[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return names


MODULES = _modules()


def _imports(path: Path) -> Iterator[str]:
    """Names of the modules that a file imports when it runs, wherever in the file it does so."""
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING":
            node.body = []  # for type checkers only
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: imports are written in full"
            assert node.module is not None
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                yield full if full in MODULES or full in GENERATED else node.module


IMPORTS = {name: sorted(set(_imports(path))) for name, path in MODULES.items()}


def _layer(module: str) -> str:
    return [*module.split("."), ""][1]


def _reached(module: str) -> dict[str, str]:
    """What importing `module` brings in, with the module that asked for it."""
    reached: dict[str, str] = {}
    waiting = [module]
    while waiting:
        current = waiting.pop()
        for imported in IMPORTS.get(current, []):
            # Importing a.b.c runs the __init__ of a and of a.b as well.
            parts = imported.split(".")
            for name in (".".join(parts[:n]) for n in range(1, len(parts) + 1)):
                if name not in reached:
                    reached[name] = current
                    waiting.append(name)
    return reached


def test_every_module_has_a_layer() -> None:
    assert {_layer(name) for name in MODULES} - {""} <= set(LEVEL)


@pytest.mark.parametrize("layer", LEVEL)
def test_imports_only_go_down(layer: str) -> None:
    wrong = [
        f"{name} imports {imported}"
        for name in MODULES if _layer(name) == layer
        for imported in IMPORTS[name]
        if imported.startswith("tracker_ros.") and imported not in GENERATED
        and _layer(imported) != layer and LEVEL[_layer(imported)] <= LEVEL[layer]
    ]  # fmt: skip
    assert not wrong


def test_only_nodes_and_their_helpers_reach_ros() -> None:
    for name in MODULES:
        if _layer(name) not in WITH_ROS | {"replay"}:
            wrong = {found: by for found, by in _reached(name).items() if _is_ros(found)}
            assert not wrong, f"importing {name} imports ROS: {wrong}"


def test_replay_needs_no_rclpy() -> None:
    for name in MODULES:
        if _layer(name) == "replay":
            assert "rclpy" not in _reached(name), f"{name} imports rclpy by {_reached(name)['rclpy']}"


def test_trackers_and_what_they_stand_on_need_no_opencv() -> None:
    for name in MODULES:
        if _layer(name) in PURE:
            assert "cv2" not in _reached(name), f"{name} imports cv2 by {_reached(name)['cv2']}"


def test_nodes_without_a_tracker_load_no_pytorch() -> None:
    """PyTorch takes seconds to load, and most of the memory that such a node would take."""
    pytest.importorskip("rclpy", reason="rclpy is not installed")
    names = {path.parent.name for path in PACKAGE.glob("nodes/*/node.py")} - {"tracker", "composed"}
    code = "\n".join((
        "import sys",
        *(f"import tracker_ros.nodes.{name}.node" for name in sorted(names)),
        "print([name for name in ('torch', 'torchvision') if name in sys.modules])",
    ))  # fmt: skip
    found = subprocess.run([sys.executable, "-c", code], cwd=PACKAGE.parent, capture_output=True, text=True)
    assert len(names) == 6 and found.stdout == "[]\n", found.stderr


def test_no_two_modules_import_each_other() -> None:
    """Tarjan's strongly connected components of the graph of imports: each is one module."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    circles: list[list[str]] = []

    def visit(name: str) -> None:
        index[name] = low[name] = len(index)
        stack.append(name)
        for imported in IMPORTS[name]:
            if imported not in MODULES:
                continue
            if imported not in index:
                visit(imported)
                low[name] = min(low[name], low[imported])
            elif imported in stack:
                low[name] = min(low[name], index[imported])
        if low[name] == index[name]:
            at = stack.index(name)
            circle, stack[at:] = stack[at:], []
            if len(circle) > 1 or name in IMPORTS[name]:
                circles.append(sorted(circle))

    for name in MODULES:
        if name not in index:
            visit(name)
    assert circles == []
