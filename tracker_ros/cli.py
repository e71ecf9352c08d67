# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The `tracker_ros` command. Each subcommand's module is imported only when it is called."""

from __future__ import annotations

import argparse
import os
import re
import sys
import tempfile
import traceback
import warnings
from collections.abc import Sequence
from importlib import import_module
from io import TextIOWrapper
from typing import Any, NamedTuple

from tracker_ros.arguments import join_negative
from tracker_ros.config_files import RetiredWarning
from tracker_ros.terminal import print_error


class Command(NamedTuple):
    """The place of a subcommand: `module` has ``add_parsers(sub)``, and `extra` installs what it needs."""

    module: str
    text: str
    extra: str = ""


COMMANDS = {
    "demo": Command("tracker_ros.demo.cli", "watch real nodes track a target in a flight", "demo"),
    "track": Command("tracker_ros.track_command", "track a target through a video file, without ROS"),
    "eval": Command("tracker_ros.evaluation.cli", "run trackers over a data set and score them", "eval"),
    "report": Command("tracker_ros.evaluation.cli", "write tables and plots of finished evaluations", "eval"),
    "vot": Command("tracker_ros.evaluation.cli", "write a workspace for the official vot-toolkit", "vot"),
    "train": Command("tracker_ros.training.cli", "train a tracker from a recipe", "train"),
    "reproduce": Command("tracker_ros.reproduce.cli", "make a paper's table or figure", "eval"),
    "select": Command("tracker_ros.nodes.selector.node", "select a target in the browser", "select"),
    "gimbal": Command("tracker_ros.gimbal.cli", "measure the pointing of a simulated gimbal"),
    "replay": Command("tracker_ros.replay.cli", "run a tracker over a recorded bag and compare", "replay"),
    "export": Command("tracker_ros.export.cli", "write a tracker as one file for Python or C++", "onnx"),
    "weights": Command("tracker_ros.weights.cli", "list, check and import weights"),
    "bench": Command("tracker_ros.benchmark.bench", "measure how fast trackers run on this machine"),
    "latency": Command(
        "tracker_ros.benchmark.latency.cli", "measure what the tracker node adds to its tracker", "demo"
    ),
}
PACKAGE = "tracker_ros"
_OF_ROS = re.compile(
    r"rclpy|rpyutils|tf2_ros|launch(_ros)?|(ament|rcl|rosidl)_\w+|\w+_(msgs|srvs|interfaces)"
)
"""Python packages that come with a ROS 2."""


class _Help(argparse.HelpFormatter):
    """Keep each command and its text on one line: argparse forgets by how much it indents commands."""

    def add_argument(self, action: argparse.Action) -> None:
        """Measure an option or the list of commands, as the base class does, and the indentation."""
        super().add_argument(action)
        if isinstance(action, argparse._SubParsersAction):
            self._action_max_length += 2


def make_parser(chosen: str = "") -> argparse.ArgumentParser:
    """Return the parser: complete for the chosen subcommand, one line for each other.

    Raises:
        ModuleNotFoundError: when the chosen subcommand or something that it needs is not installed.
    """
    parser = argparse.ArgumentParser(
        prog=PACKAGE, description="Visual single-object tracking.", formatter_class=_Help
    )
    sub = parser.add_subparsers(title="commands", metavar="COMMAND", dest="command", required=True)
    if chosen:
        import_module(COMMANDS[chosen].module).add_parsers(sub)
    else:
        for name, command in COMMANDS.items():
            sub.add_parser(name, help=command.text, add_help=False)
    return parser


def explain(name: str, missing: ModuleNotFoundError) -> str:
    """Explain how to install a module that a subcommand needs and that is missing."""
    module, extra = missing.name or str(missing), COMMANDS[name].extra
    package = module.split(".")[0]
    if package == PACKAGE:
        return f"'{name}' is not part of this installation: {module} is missing"
    if _OF_ROS.fullmatch(package):
        return f"'{name}' needs {_ros_advice(name, package)}"
    # By the folder: the name on an index of packages may be somebody else's.
    advice = f"pip install '.[{extra}]' in the folder of its sources" if extra else f"install {package}"
    return f"'{name}' needs the Python package {package}: {advice}"


def _ros_advice(name: str, package: str) -> str:
    """Explain where a ROS package comes from: no extra of pip's brings one."""
    distribution = os.environ.get("ROS_DISTRO", "")
    if distribution and package != "rclpy":
        apt = f"sudo apt install ros-{distribution}-{package.replace('_', '-')}"
        return f"the ROS 2 package {package}: {apt}"
    script = "demo" if name == "demo" else "setup"
    return (
        "ROS 2: source one (source /opt/ros/DISTRO/setup.bash), or run"
        f" `bash scripts/{script}.sh`, which brings it"
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Run one subcommand; the exit status: 2 for a wrong request, 70 for a fault of ours, else its own."""
    words = list(sys.argv[1:] if argv is None else argv)
    # Python has no stream where its descriptor is closed (`command >&-`).
    sys.stdout = sys.stdout or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    sys.stderr = sys.stderr or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        # Names of files may hold what a terminal's encoding cannot: to print one is no reason to fail.
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    chosen = words[0] if words and words[0] in COMMANDS else ""
    try:
        return _run(chosen, words)
    except ModuleNotFoundError as missing:
        print(f"{PACKAGE}: {explain(chosen, missing)}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        return 141  # whoever read the output has enough
    except (ValueError, OSError) as error:
        print_error(chosen, error)
        return 2
    except Exception as error:
        print_error(chosen, unexpected(error))
        return os.EX_SOFTWARE  # 1 is an answer of replay, export and others


def _run(chosen: str, words: list[str]) -> int:
    """Run a subcommand until all of its output is written."""
    try:
        with warnings.catch_warnings():
            _tell_retired(chosen)
            args = make_parser(chosen).parse_args(join_negative(words))
            return int(args.run(args) or 0)
    finally:
        try:
            sys.stdout.flush()
        except OSError:  # nobody reads the pipe, or the disk is full: at its end Python would try again
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise


def _tell_retired(chosen: str) -> None:
    """Have a name that is gone told in a line, once, whatever PYTHONWARNINGS makes of other warnings."""
    shown, told = warnings.showwarning, set()

    def show(message: Warning | str, category: type[Warning], *where: Any, **more: Any) -> None:
        if not issubclass(category, RetiredWarning):
            shown(message, category, *where, **more)
        elif str(message) not in told:
            told.add(str(message))
            print_error(chosen, message)

    warnings.filterwarnings("always", category=RetiredWarning)
    warnings.showwarning = show


def unexpected(error: Exception) -> str:
    """Return one line about an error that nobody foresaw; its traceback goes to a file, for a report."""
    try:
        with tempfile.NamedTemporaryFile(
            "w",
            encoding="utf-8",
            errors="backslashreplace",
            prefix=f"{PACKAGE}-",
            suffix=".log",
            delete=False,
        ) as file:
            traceback.print_exception(error, file=file)
        where = f"traceback in {file.name}"
    except OSError as full:
        where = f"no traceback was kept: {full.strerror}"
    what = (str(error).strip().splitlines() or [""])[-1]
    return f"this should not happen: {type(error).__name__}: {what} ({where})"


if __name__ == "__main__":
    raise SystemExit(main())
