# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""`tracker_ros reproduce`: a paper's table or figure, its values beside those measured here."""

from __future__ import annotations

import argparse
import dataclasses
import shlex
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from tracker_ros.arguments import count, integer
from tracker_ros.data.sequence import DataError, Frame, Frames, Sequence
from tracker_ros.evaluation.options import add_data_options, read_data
from tracker_ros.files import write_whole
from tracker_ros.reproduce.catalogue import CATALOGUE
from tracker_ros.reproduce.items import Item, Request
from tracker_ros.reproduce.page import page
from tracker_ros.reproduce.rows import run_rows
from tracker_ros.terminal import print_error
from tracker_ros.trackers import SettingsError, key_value
from tracker_ros.weights import WeightsError

EPILOG = """examples:
  tracker_ros reproduce --list
  tracker_ros reproduce tadt table5 --light --root SEQUENCES
  tracker_ros reproduce shrinkage figure16 --light --own="--root SEQUENCES --steps 60"
"""


@dataclasses.dataclass(frozen=True)
class FirstFrames:
    """The first `count` of some frames."""

    frames: Frames
    count: int

    def __len__(self) -> int:
        return min(self.count, len(self.frames))

    def __iter__(self) -> Iterator[Frame]:
        return islice(iter(self.frames), len(self))


def shortened(sequence: Sequence, count: int) -> Sequence:
    """Return a sequence's first `count` frames."""
    if len(sequence) <= count:
        return sequence
    return Sequence(
        sequence.name,
        FirstFrames(sequence.frames, count),
        sequence.truth[:count],
        None if sequence.absent is None else sequence.absent[:count],
        sequence.attributes,
        {name: rows[:count] for name, rows in sequence.tags.items()},
    )


def add_parsers(sub: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand `reproduce`."""
    parser = sub.add_parser(
        "reproduce",
        help="make a paper's table or figure",
        description=__doc__,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        # What other commands call --list, a file of sequence names, is --only here.
        conflict_handler="resolve",
    )
    parser.add_argument("paper", nargs="?", choices=sorted(CATALOGUE), help="which paper")
    parser.add_argument("item", nargs="?", help="table or figure; all of the paper's without")
    add_data_options(parser)
    parser.add_argument(
        "--list", dest="listing", action="store_true", help="name papers, tables and figures, and end"
    )
    parser.add_argument("--only", dest="list", metavar="LIST", help="sequences of a file or benchmark")
    parser.add_argument("--out", type=Path, default=Path("reproduced"), help="folder (default: reproduced)")
    parser.add_argument("--light", action="store_true", help="presets with this package's weights")
    parser.add_argument(
        "--frames", type=integer(0), default=0, metavar="N", help="first N frames of each sequence"
    )
    parser.add_argument("--starts", type=count, default=1, metavar="N", help="TRE with N starts; 1: OPE")
    parser.add_argument(
        "--weights", action="append", default=[], metavar="NAME=FILE", help="of a row or a preset"
    )
    parser.add_argument("--device", default="cpu", help="torch device (default: cpu)")
    parser.add_argument("--jobs", type=count, default=1, help="processes that evaluate")
    parser.add_argument(
        "--own", type=shlex.split, default=[], metavar="WORDS", help='what an item itself takes: --own="..."'
    )
    parser.set_defaults(run=run)


def listing() -> Iterator[str]:
    """Yield a line for each table and figure: what it shows, on what data, and what it needs besides."""
    for paper, items in CATALOGUE.items():
        yield paper
        for item in items:
            on = f", on {item.data}" if item.data else ""
            yield f"  {item.key:9s} {item.title}{on}"
            if item.own:
                yield f'{"":12s}--own="{item.own}"'
            if item.missing:
                yield f"{'':12s}missing: {item.missing}"


def chosen_items(args: argparse.Namespace) -> list[Item]:
    """Return the items that the command line names.

    Raises:
        DataError: when the paper has no such one.
    """
    items = CATALOGUE[args.paper]
    found = [item for item in items if not args.item or item.key == args.item]
    if not found:
        known = ", ".join(item.key for item in items)
        raise DataError(f"{args.paper} has no '{args.item}'; there are {known}")
    return found


def request_of(args: argparse.Namespace, items: list[Item]) -> Request:
    """Build the request from the command line; sequences are read if an item measures on some."""
    needed = any(item.rows or (item.data and item.run and not item.own) for item in items)
    sequences = read_data(args) if needed else []
    if args.frames > 0:
        sequences = [shortened(sequence, args.frames) for sequence in sequences]
    weights = dict(key_value(word) for word in args.weights)
    out = args.out / args.paper
    return Request(sequences, out, args.light, args.starts, args.jobs, args.device, weights, tuple(args.own))


def run(args: argparse.Namespace) -> int:
    """Make the items and their pages; 2 for a request that cannot be met."""
    if args.listing or not args.paper:
        print("\n".join(listing()))
        return 0
    command = shlex.join(["tracker_ros", *sys.argv[1:]])
    failed = 0
    try:
        items = chosen_items(args)
        request = request_of(args, items)
        for item in items:
            failed += not make(item, args.paper, request, command, alone=len(items) == 1)
    except (DataError, SettingsError) as error:
        print_error("reproduce", error)
        return 2
    return 2 if failed and args.item else 0


def make(item: Item, paper: str, request: Request, command: str, alone: bool) -> bool:
    """Run one item, print its page and write it; whether it ran."""
    runner = run_rows if item.rows else item.run
    if runner is None:
        print_error("reproduce", f"{paper}, {item.key}: {item.missing}")
        return False
    if item.own and not alone:
        print_error("reproduce", f'{paper}, {item.key}: by itself, with --own="{item.own}"')
        return True
    try:
        text = page(paper, item, request, runner(item, request), command)
    except (WeightsError, RuntimeError) as error:
        print_error("reproduce", f"{paper}, {item.key}: {error}")
        return False
    path = request.out / f"{item.key}.md"
    write_whole(path, text)
    print(f"{text}\n{path}")
    return True
