# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Command-line options that several commands of evaluation share, and what they mean."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path

from tracker_ros.arguments import count, integer, positive, split
from tracker_ros.data.absences import blacked_out, cases, flight, rendered, scene_name, with_absences
from tracker_ros.data.benchmarks import LAYOUTS, read_sequences
from tracker_ros.data.lists import read_names
from tracker_ros.data.readers import matching
from tracker_ros.data.sequence import DataError, Sequence
from tracker_ros.evaluation import comparison
from tracker_ros.evaluation.metrics import NAN_MODES
from tracker_ros.evaluation.nanotrack import NANOTRACK_FILES, has_files
from tracker_ros.evaluation.protocol_names import HELP as PROTOCOL_HELP
from tracker_ros.evaluation.requests import require_scored_groups
from tracker_ros.evaluation.scores import attribute_groups, make_groups
from tracker_ros.evaluation.specs import ALL, OPENCV_NAMES, TrackerSpec, distinct
from tracker_ros.session import SessionSettings
from tracker_ros.trackers import (
    check_device,
    given_settings,
    key_value,
    load,
    make_settings,
    preset_files,
    resolve,
)
from tracker_ros.weights import WeightsError

ABSENCE = "absence"


def add_data_options(parser: argparse.ArgumentParser, required: bool = True) -> None:
    """Add ``--root``, ``--layout``, ``--sequences``, ``--list``, and what is rendered or inserted."""
    data = parser.add_argument_group("data")
    data.add_argument("--root", type=Path, help="folder of the data set")
    data.add_argument("--layout", default="folders", choices=sorted(LAYOUTS), help="how it is laid out")
    data.add_argument("--sequences", metavar="GLOBS", help="only these, separated by commas")
    data.add_argument(
        "--list",
        metavar="LIST",
        help="only those in a file of names, or in otb2013, otb50, otb100, lasot_test, readme24",
    )
    if required:
        data.add_argument(
            "--scenes",
            type=integer(0, 100_000),
            default=0,
            metavar="N",
            help="beside --root or alone: N rendered flights; a bridge hides the target",
        )
        data.add_argument(
            "--blackout",
            type=integer(0, 100_000),
            default=0,
            metavar="FRAMES",
            help="make so many frames black from a third of each sequence on",
        )
        data.add_argument(
            "--absences",
            type=integer(0, 100_000),
            metavar="N",
            default=0,
            help="N rendered flights of each kind and duration of absence, and each sequence of"
            " --root with one of each duration; what protocol absence takes (default there: 2)",
        )
        data.add_argument(
            "--choosing",
            action="store_true",
            help="of the flights, those to choose settings by and not those that are reported",
        )


def read_data(args: argparse.Namespace) -> list[Sequence]:
    """Return the sequences that the options of `add_data_options` choose.

    Raises:
        DataError: without any data, for a name that no sequence has, and where none is left.
    """
    scenes, black = getattr(args, "scenes", 0), getattr(args, "blackout", 0)
    count = getattr(args, "absences", 0) or 2 * (getattr(args, "protocol", "") == ABSENCE)
    if args.root is None and scenes < 1 and count < 1:
        raise DataError("no data: give --root FOLDER, --scenes N or both")
    if black and count:
        raise DataError("--blackout is without effect beside absences: leave one of the two out")
    if getattr(args, "choosing", False) and not count:
        raise DataError("--choosing is without effect: no flights are asked for by --absences")
    read = read_sequences(args.root, args.layout) if args.root else []
    flown = cases(count, args.choosing) if count else []
    # By name before anything is rendered; what is inserted or blacked out goes by what it is made of.
    names = [*(s.name for s in read), *map(scene_name, range(scenes)), *(case.name for case in flown)]
    chosen = _chosen_names(names, args)
    read = [s for s in read if s.name in chosen]
    read += [rendered(seed) for seed in range(scenes) if scene_name(seed) in chosen]
    if count:
        return [*(flight(case) for case in flown if case.name in chosen), *with_absences(read)]
    return [blacked_out(sequence, black) for sequence in read] if black else read


def _chosen_names(names: list[str], args: argparse.Namespace) -> set[str]:
    """Return those of the names that both ``--sequences`` and ``--list`` choose; without either, all.

    Raises:
        DataError: for a pattern that no name matches, and when nothing is chosen.
    """
    chosen = set(names)
    if args.sequences is not None:
        patterns = split(args.sequences)
        if not patterns:
            raise DataError(f"--sequences '{args.sequences}' names no sequence: leave it out for all of them")
        chosen &= matching(names, patterns)
    if args.list is not None:
        chosen &= matching(names, read_names(args.list))
    if not chosen and names:
        raise DataError(f"no sequence is both in the list {args.list} and in --sequences '{args.sequences}'")
    return chosen


def add_trackers_option(parser: argparse.ArgumentParser, required: bool) -> None:
    """Add ``--trackers``."""
    parser.add_argument(
        "--trackers",
        default="",
        metavar="NAMES",
        required=required,
        help=f"presets and OpenCV's {', '.join(OPENCV_NAMES)}, separated by commas; 'all' stands"
        " for OpenCV's and every preset whose weights are here",
    )


def add_tracker_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of a tracker: ``--set``, ``--weights``, ``--nano``, ``--device``, ``--scripted``."""
    what = parser.add_argument_group("trackers")
    what.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        dest="overrides",
        help="a setting for every preset among the trackers; may be repeated",
    )
    what.add_argument(
        "--weights",
        help="for every preset among the trackers: a file, a name of `weights list`, or random:SEED",
    )
    what.add_argument(
        "--nano", metavar="FOLDERS", help="folders with NanoTrack's ONNX files, separated by commas"
    )
    what.add_argument("--device", default="cpu", help="torch device, or several separated by commas")
    what.add_argument("--scripted", action="store_true", help="compile presets to TorchScript first")


def make_spec(name: str, args: argparse.Namespace) -> TrackerSpec:
    """Return the tracker that a name and the options of `add_tracker_options` mean."""
    if name in OPENCV_NAMES:
        return TrackerSpec(name, weights=args.nano if name in NANOTRACK_FILES else None)
    overrides = tuple(given_settings(args.overrides).items())
    resolve(name, dict(overrides))
    for device in args.device.split(","):
        check_device(device)
    return TrackerSpec(name, overrides, args.weights, args.device, args.scripted)


def chosen_specs(args: argparse.Namespace) -> list[TrackerSpec]:
    """Return the trackers of ``--trackers``, each once.

    Raises:
        SettingsError: for a name that is none, and for two trackers that would have one label.
    """
    listed = ([name] if name != ALL else ready_trackers(args) for name in split(args.trackers))
    return distinct(make_spec(name, args) for names in listed for name in names)


def add_session_options(parser: argparse.ArgumentParser) -> None:
    """Add ``--session``, ``--session-set``, ``--fps``."""
    how = parser.add_argument_group("session")
    how.add_argument(
        "--session",
        action="store_true",
        help="run every preset in the nodes' session too, and tell how both take an absence",
    )
    how.add_argument(
        "--session-set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="a setting of the session; may be repeated",
    )
    how.add_argument("--fps", type=positive, help="frames a second, the session's time (default: 30)")


def with_sessions(specs: list[TrackerSpec], args: argparse.Namespace) -> list[TrackerSpec]:
    """Return `specs` and, for ``--session``, each preset among them once more inside a session.

    Raises:
        SettingsError: for a setting that is none, or a label that is taken.
    """
    alone = not args.session
    if alone and getattr(args, "protocol", "") != ABSENCE:
        return specs
    settings = tuple(given_settings(args.session_set).items())
    make_settings(SessionSettings, dict(settings), "session")
    fps = 30.0 if args.fps is None else args.fps
    inside = {
        spec: dataclasses.replace(spec, session=settings, fps=fps)
        for spec in specs
        if spec.name not in OPENCV_NAMES
    }
    # The absence protocol is about what a session says; --session adds the tracker alone to it.
    return distinct(
        each
        for spec in specs
        for each in ([spec] if spec not in inside else [inside[spec]] if alone else [spec, inside[spec]])
    )


def ready_trackers(args: argparse.Namespace) -> list[str]:
    """Return every preset whose weights are here, and OpenCV's trackers."""
    ready = [name for name in OPENCV_NAMES if name not in NANOTRACK_FILES or has_files(name, args.nano)]
    for name in sorted(preset_files()):
        try:
            load(name)
        except WeightsError:
            continue
        ready.append(name)
    return ready


def add_scoring_options(parser: argparse.ArgumentParser) -> None:
    """Add ``--nan-mode``, ``--group`` and ``--compare-to``."""
    how = parser.add_argument_group("scoring")
    how.add_argument(
        "--nan-mode",
        choices=sorted(NAN_MODES),
        help="what becomes of frames without a true box; lasot for that layout, else got10k. "
        + "; ".join(f"{mode}: {text}" for mode, text in NAN_MODES.items()),
    )
    how.add_argument(
        "--group",
        action="append",
        default=[],
        metavar="NAME=GLOBS",
        help="score these sequences together; may be repeated",
    )
    comparison.add_option(how)


def chosen_mode(args: argparse.Namespace) -> str:
    """Return the way to treat frames without a true box: the one asked for, else the data set's own."""
    return args.nan_mode or ("lasot" if args.layout == "lasot" else "got10k")


def chosen_groups(sequences: list[Sequence], args: argparse.Namespace) -> dict[str, list[str]]:
    """Return names of sequences by group: those of ``--group``, else all, with absences by their kind too.

    Raises:
        DataError: for a group without a sequence, or without one that can be scored.
    """
    if not args.group and getattr(args, "protocol", "") == ABSENCE:
        return {"all": [s.name for s in sequences], **attribute_groups(sequences)}
    patterns = dict(map(key_value, args.group))
    groups = make_groups(sequences, {name: split(globs) for name, globs in patterns.items()})
    require_scored_groups(sequences, groups, patterns)
    return groups


def add_protocol_option(parser: argparse.ArgumentParser) -> None:
    """Add ``--protocol`` and ``--repetitions``."""
    parser.add_argument("--protocol", default="ope", metavar="NAME", help=PROTOCOL_HELP)
    parser.add_argument(
        "--repetitions",
        type=count,
        metavar="N",
        help="of each run, in place of got10k's 3 and vot2015 to 2019's 15; a tracker whose"
        " first 3 agree is not run again",
    )
