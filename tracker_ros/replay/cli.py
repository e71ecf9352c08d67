"""`tracker_ros replay`: a recorded bag through a tracker, and a verdict for continuous integration."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table
from rosbags.typesys.store import Typestore

from tracker_ros.data.boxes import parse_box, read_boxes
from tracker_ros.data.sequence import DataError
from tracker_ros.geometry import Box
from tracker_ros.replay.bag import (
    STATE_TOPIC,
    BagError,
    Result,
    choose_images,
    read,
    read_boxes_of,
    stamp_of,
    topics,
    write_results,
)
from tracker_ros.replay.messages import DETECTION, make_types
from tracker_ros.replay.run import Agreement, against_truth, agreement, boxes_of, replay
from tracker_ros.session import Session
from tracker_ros.trackers import SettingsError, Tracker, load


def add_parsers(sub: Any) -> None:
    """Add the ``replay`` command."""
    parser = sub.add_parser(
        "replay", help="run a tracker over a recorded bag and compare",
        description="Exit status: 0; 1 where the boxes are not as expected; 2 for a wrong request or bag.")
    add = parser.add_argument
    add("bag", type=Path, help="rosbag2 folder, sqlite3 or MCAP")
    add("--select", required=True, metavar="X,Y,W,H", type=parse_box, help="the target in the first image")
    add("--topic", help="Image or CompressedImage (default: the only one in the bag)")
    add("--tracker", default="dcf", help="preset (default: dcf)")
    add("--weights", help="in place of the preset's weights")
    add("--device", default="cpu", help="torch device (default: cpu)")
    add("--out", type=Path, metavar="RESULT", help="write a bag with detections and states; must not exist")
    add("--expect", type=Path, metavar="RESULT", help="an earlier run's, to agree with in every image")
    add("--min-iou", type=_share, default=0.9, help="lowest IoU with --expect of any image (default: 0.9)")
    add("--truth", metavar="FILE|TOPIC",
        help="boxes x,y,w,h, one line an image in the bag; or a topic of the bag with Detection2D")
    add("--min-truth-iou", type=_share, default=0.0, help="lowest mean IoU with --truth (default: 0)")
    parser.set_defaults(run=run_replay)



def _share(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 1")
    return value


def run_replay(args: argparse.Namespace) -> int:
    """Carry out ``tracker_ros replay``; its exit status."""
    try:
        if args.out is not None and args.out.exists():
            raise BagError(f"{args.out} exists already: choose another --out")
        types = make_types()
        topic = choose_images(args.bag, args.topic)
        expected = None if args.expect is None else _expected(args.expect, types)
        truth = None if args.truth is None else _truth(args.truth, args.bag, topic, types)
        session = Session(_load(args))
        results = replay(session, read(args.bag, topic, types), args.select, args.device)
        if not results:
            raise BagError(f"{args.bag} has no image on {topic}")
        if args.out is not None:
            write_results(args.out, results, types, args.tracker)
    except (ValueError, OSError) as error:
        print(f"tracker_ros replay: {error}", file=sys.stderr)
        return 2
    found = boxes_of(results)
    return _report(
        f"{args.tracker} on {args.bag.name}{topic}", results,
        None if expected is None else agreement(found, expected), args.min_iou,
        None if truth is None else against_truth(found, truth), args.min_truth_iou)


def _load(args: argparse.Namespace) -> Tracker:
    try:
        return load(args.tracker, weights=args.weights, device=args.device)
    except (RuntimeError, AssertionError) as error:  # torch asserts that it was built for the device
        line = str(error).splitlines()[0]
        raise SettingsError(f"device '{args.device}' cannot be used: {line}") from error


def _expected(path: Path, types: Typestore) -> dict[int, Box | None]:
    boxes = read_boxes_of(path, STATE_TOPIC, types)
    if not boxes:
        raise BagError(f"{path} is no result of a replay: nothing on {STATE_TOPIC}")
    return boxes


def _truth(where: str, bag: Path, images: str, types: Typestore) -> dict[int, Box | None]:
    """True boxes by image stamp, from a topic of the bag or a file with a line for each of its images."""
    if topics(bag).get(where) == DETECTION:
        return read_boxes_of(bag, where, types)
    rows = read_boxes(Path(where))
    stamps = [stamp_of(at, message.header) for at, message in read(bag, images, types)]
    if len(rows) != len(stamps):
        raise DataError(f"{where} holds {len(rows)} boxes for the {len(stamps)} images on {images}")
    return {stamp: Box.from_xywh(*row.tolist()) if np.isfinite(row).all() and row[2:].min() > 0 else None
            for stamp, row in zip(stamps, rows, strict=True)}


def _report(title: str, results: list[Result], earlier: Agreement | None, lowest: float,
            true: Agreement | None, mean: float) -> int:
    """Print the table; the exit status."""
    table = Table(title=title, title_justify="left", show_header=False)
    table.add_row("images", f"{results[-1].processed}, {results[-1].dropped} left out as late")
    for name, count in Counter(result.report.state.name for result in results).items():
        table.add_row(f"images in {name}", str(count))
    good = True
    if earlier is not None:
        good &= earlier.lowest >= lowest
        table.add_row("lowest IoU, expected", f"{earlier.lowest:.3f} at stamp {earlier.worst * 1e-9:.3f}",
                      _verdict(earlier.lowest, lowest))
    if true is not None:
        good &= true.mean >= mean
        table.add_row("mean IoU, truth", f"{true.mean:.3f} over {true.compared} images",
                      _verdict(true.mean, mean))
    Console(highlight=False).print(table)
    return 0 if good else 1


def _verdict(value: float, wanted: float) -> str:
    if wanted == 0:
        return ""
    return f"good (at least {wanted:g})" if value >= wanted else f"below {wanted:g}"
