# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Checks of what a command line asks for and would not get, before anything is run."""

from __future__ import annotations

import argparse
from collections.abc import Mapping

from tracker_ros.arguments import split
from tracker_ros.data.sequence import DataError, Sequence
from tracker_ros.evaluation.nanotrack import NANOTRACK_FILES
from tracker_ros.evaluation.pace import unpaced
from tracker_ros.evaluation.protocols import EvaluationProtocol, Repeated
from tracker_ros.evaluation.specs import ALL, OPENCV_NAMES, TrackerSpec
from tracker_ros.evaluation.vot_protocols import ResetBased
from tracker_ros.export import require_script
from tracker_ros.trackers.base import SettingsError

_SCORED = {
    "--csv": "csv",
    "--attributes": "attributes",
    "--results": "results",
    "--group": "group",
    "--compare-to": "compare_to",
}
"""Options that only say something of scores, with their place among the arguments."""


def has_truth(sequence: Sequence) -> bool:
    """Return whether a sequence can be scored: some test sets publish the first box only."""
    return len(sequence.truth) == len(sequence)


def require_effect(args: argparse.Namespace, specs: list[TrackerSpec], protocol: EvaluationProtocol) -> None:
    """Refuse options of `eval` that would change nothing: whoever gives one expects other figures.

    Raises:
        SettingsError: naming the option.
    """
    require_used_by_trackers(args, specs)
    if args.repetitions is not None and not isinstance(unpaced(protocol), (Repeated, ResetBased)):
        raise _idle("--repetitions", f"{protocol.name} runs once; got10k and vot2015 to vot2019 repeat")
    if args.session and not args.results and not any(spec.session is not None for spec in specs):
        raise _idle("--session", "none of the trackers is a preset, and OpenCV's run in no session")
    for option, given in {"--session-set": args.session_set, "--fps": args.fps is not None}.items():
        if given and not any(spec.session is not None for spec in specs):
            raise _idle(option, "no tracker runs in a session: give --session, and a preset in --trackers")
    if args.fresh and not specs:
        raise _idle("--fresh", "nothing is run without --trackers")


def require_used_by_trackers(args: argparse.Namespace, specs: list[TrackerSpec]) -> None:
    """Refuse options of trackers that none of the chosen ones takes.

    Raises:
        SettingsError: naming the option.
    """
    presets = any(spec.name not in OPENCV_NAMES for spec in specs)
    given = {
        "--set": bool(args.overrides),
        "--weights": args.weights is not None,
        "--device": args.device != "cpu",
        "--scripted": args.scripted,
    }
    for option in (option for option, used in given.items() if used and not presets):
        raise _idle(option, "it is for presets, and there is none among the trackers")
    if args.scripted:  # uncompiled it would be taken for compiled, its speed too
        require_script("--scripted")
    # Of `all`, --nano decides whether they are among the trackers.
    if (
        args.nano
        and ALL not in split(args.trackers)
        and not any(spec.name in NANOTRACK_FILES for spec in specs)
    ):
        raise _idle("--nano", f"none of the trackers is {' or '.join(NANOTRACK_FILES)}")


def _idle(option: str, why: str) -> SettingsError:
    return SettingsError(f"{option} is without effect: {why}")


def require_scores(args: argparse.Namespace, sequences: list[Sequence]) -> None:
    """Refuse options about scores where no sequence can be scored.

    Raises:
        DataError: naming the option.
    """
    if any(map(has_truth, sequences)):
        if args.attributes and not any(s.attributes for s in sequences):
            raise DataError("--attributes is without effect: none of the chosen sequences has attributes")
        return
    for option, place in _SCORED.items():
        if getattr(args, place):
            raise DataError(f"{option} is without effect: the data set publishes no truth to score with")


def require_scored_groups(
    sequences: list[Sequence], groups: Mapping[str, list[str]], patterns: Mapping[str, str]
) -> None:
    """Refuse a group that cannot have a row.

    Args:
        sequences: what is evaluated.
        groups: names of sequences by group.
        patterns: of the groups, as they were given.

    Raises:
        DataError: naming the group, its pattern and its sequences.
    """
    scored = {s.name for s in sequences if has_truth(s)}
    for group, names in groups.items():
        if scored and scored.isdisjoint(names):
            given = f"{group}={patterns[group]}" if group in patterns else group
            raise DataError(f"group '{given}': no truth is published to score {', '.join(names)} with")
