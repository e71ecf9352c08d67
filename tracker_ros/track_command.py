# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""`tracker_ros track`: a target through a video or image folder, with the nodes' session but no ROS."""

from __future__ import annotations

import argparse
import csv
import itertools
import sys
from collections.abc import Iterable
from contextlib import ExitStack
from io import StringIO
from pathlib import Path
from typing import Any

import cv2

from tracker_ros.api import Result, follow, open_frames
from tracker_ros.arguments import argument, new_file, positive
from tracker_ros.config_files import DEFAULT_PRESET
from tracker_ros.data.boxes import parse_box
from tracker_ros.data.sequence import Frame, ImageFrames
from tracker_ros.drawing.film import Film
from tracker_ros.drawing.shapes import draw_box
from tracker_ros.files import WriteError, is_same, require_file, require_separate, write_whole
from tracker_ros.session import Session, State
from tracker_ros.terminal import print_error
from tracker_ros.trackers import given_settings, load

YELLOW = (255, 255, 0)
COLUMNS = ("frame", "state", "x", "y", "width", "height", "score")


def add_parsers(sub: Any) -> None:
    """Add the ``track`` command."""
    parser = sub.add_parser("track", help="track a target through a video file, without ROS")
    parser.add_argument("source", type=Path, help="video file, or folder of images")
    parser.add_argument(
        "--box",
        type=argument(parse_box),
        required=True,
        metavar="X,Y,W,H",
        help="the target in the first frame",
    )
    parser.add_argument("--tracker", default=DEFAULT_PRESET, help="preset (default: %(default)s)")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        dest="overrides",
        help="a setting in place of the preset's; may be repeated",
    )
    parser.add_argument("--weights", help="in place of the preset's weights")
    parser.add_argument("--device", default="cpu", help="torch device (default: cpu)")
    parser.add_argument("--fps", type=positive, default=30.0, help="frames a second, the session's time base")
    parser.add_argument("--csv", type=new_file, help="write boxes there instead of to the terminal")
    parser.add_argument("--video", type=new_file, metavar="FILE.mp4", help="also write a video with boxes")
    parser.set_defaults(run=run_track)


def run_track(args: argparse.Namespace) -> int:
    """Run ``tracker_ros track``; 0, or 2 for a wrong request."""
    try:
        if args.csv:
            require_file(args.csv)
        frames = open_frames(args.source)
        _require_outputs(args, frames)
        settings = given_settings(args.overrides)
        session = Session(load(args.tracker, settings, args.weights, args.device))
        rows = StringIO(newline="") if args.csv else sys.stdout
        with ExitStack() as stack:
            table = csv.writer(rows)
            table.writerow(COLUMNS)
            film = stack.enter_context(Film(args.video, args.fps)) if args.video else None
            refused: list[str] = []
            for result in follow(session, frames, args.box, args.fps, device=args.device):
                table.writerow(row(result))
                if result.state is State.ERROR:
                    refused.append(f"frame {result.index}: {result.report.message}")
                if film is not None:
                    film.write(drawn(result))
        if isinstance(rows, StringIO):
            write_whole(args.csv, rows.getvalue())
    except BrokenPipeError:  # no fault: whoever reads the output has enough
        raise
    except (ValueError, OSError) as error:
        print_error("track", error)
        return 2
    if refused:
        count = f"{len(refused)} of {result.index + 1} frames in ERROR"
        print_error("track", f"{count}, the first: {refused[0]}")
    return 0


def _require_outputs(args: argparse.Namespace, frames: Iterable[Frame]) -> None:
    """Make sure that nothing that is read is written, nor anything that the next run would read."""
    outputs = [path for path in (args.csv, args.video) if path]
    named = [Path(word) for word in (args.tracker, args.weights) if word]
    shown = frames.paths if isinstance(frames, ImageFrames) else (getattr(frames, "path", args.source),)
    require_separate(outputs, itertools.chain([args.source], named, shown))
    if args.video and args.source.is_dir() and is_same(args.video.parent, args.source):
        raise WriteError(f"cannot write {args.video}: its folder is the source; write it elsewhere")


def row(result: Result) -> list[object]:
    """Make one line of the table; its box fields are empty where there is no target."""
    box = ["", "", "", ""] if result.box is None else [f"{v:.2f}" for v in result.box.to_xywh()]
    return [result.index, result.state.name, *box, f"{result.score:.3f}"]


def drawn(result: Result) -> Frame:
    """Return the frame with the state and the box."""
    picture = result.frame.copy()
    if result.box is not None:
        draw_box(picture, result.box, YELLOW)
    label = f"{result.state.name} {result.score:.2f}"
    cv2.putText(picture, label, (8, 24), cv2.FONT_HERSHEY_SIMPLEX, 0.7, YELLOW, 2, cv2.LINE_AA)
    return picture
