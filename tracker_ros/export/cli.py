# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""`tracker_ros export`: a tracker as one file that Python or C++ loads, or one of its networks."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from tracker_ros.arguments import refuse_idle
from tracker_ros.config_files import DEFAULT_PRESET
from tracker_ros.export.archive import clip_boxes, export, load_archive, read_manifest
from tracker_ros.export.formats import NETWORKS, save_network
from tracker_ros.export.half import PRECISIONS
from tracker_ros.terminal import print_error
from tracker_ros.trackers import SettingsError, given_settings, load, resolve

TOLERANCE = 0.05
SHAPE = (1, 3, 160, 160)
"""Shape of the crops that a module is written for."""


def add_parsers(sub: Any) -> None:
    """Add the ``export`` command."""
    parser = sub.add_parser("export", help="write a tracker, weights included, as one TorchScript file")
    parser.add_argument("--tracker", help=f"preset (default: {DEFAULT_PRESET})")
    parser.add_argument("--weights", help="in place of the preset's weights")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        dest="overrides",
        help="a setting in place of the preset's; may be repeated",
    )
    parser.add_argument("--out", type=Path, metavar="NAME.ts", help="archive; its manifest is NAME.json")
    parser.add_argument(
        "--half",
        choices=sorted(PRECISIONS),
        metavar="PRECISION",
        help="run its networks in bfloat16 (CPU) or float16 (GPU); the manifest says by how"
        " many pixels that moves the boxes",
    )
    parser.add_argument(
        "--module",
        metavar="NAME",
        help="write only this module, such as features of dcf_tiny; a wrong name lists them; --out ends in"
        f" {' or '.join('.' + name for name in NETWORKS)}",
    )
    parser.add_argument(
        "--shape",
        type=_shape,
        metavar="N,3,H,W",
        help=f"of the crops that the module takes (default: {','.join(map(str, SHAPE))})",
    )
    parser.add_argument(
        "--check",
        type=Path,
        metavar="NAME.ts",
        help="load an archive and compare its boxes on the built-in clip with its manifest",
    )
    parser.set_defaults(run=run_export, parser=parser)


def run_export(args: argparse.Namespace) -> int:
    """Run ``tracker_ros export``: 0; 1 for an archive that answers otherwise; 2 for a wrong request."""
    try:
        if args.check is not None:
            refuse_idle(args.parser, args, "--check", {"check"})
            return check(args.check)
        if args.out is None:
            raise SettingsError("say what to do: --out NAME.ts or --check NAME.ts")
        if args.module is not None:
            _write_module(args)
        else:
            _write_archive(args)
        return 0
    except ValueError as error:
        print_error("export", error)
        return 2


def _write_module(args: argparse.Namespace) -> None:
    refuse_idle(args.parser, args, "--module", {"tracker", "weights", "overrides", "out", "module", "shape"})
    name = args.tracker or DEFAULT_PRESET
    tracker = load(name, given_settings(args.overrides), args.weights)
    save_network(tracker, args.module, args.shape or SHAPE, args.out)
    print(f"{args.out}: {args.module} of {name}, {args.out.stat().st_size / 1e6:.1f} MB")


def _write_archive(args: argparse.Namespace) -> None:
    if args.out.suffix != ".ts":
        raise SettingsError(f"{args.out}: the name of an archive ends in .ts; other forms are of a --module")
    used = {"tracker", "weights", "overrides", "out", "half"}
    refuse_idle(args.parser, args, "the archive of a whole tracker", used)
    name, overrides = args.tracker or DEFAULT_PRESET, given_settings(args.overrides)
    tracker, preset = load(name, overrides, args.weights), resolve(name, overrides)
    manifest = export(tracker, preset.name, preset.settings, args.out, args.half or "float32")
    print(f"{args.out}: {preset.name}, {args.out.stat().st_size / 1e6:.1f} MB, torch {manifest.torch}")
    if args.half:
        print(f"{args.half} moves its boxes by at most {manifest.deviation:.2f} px on the built-in clip")


def check(path: Path) -> int:
    """Compare an archive's boxes on the built-in clip with those of its manifest; 0 where they agree.

    Raises:
        SettingsError: for another file.
    """
    if path.suffix != ".ts":
        raise SettingsError(f"--check {path}: it compares archives, whose names end in .ts")
    wanted = np.array(read_manifest(path).boxes)
    found = np.array(clip_boxes(load_archive(path, [path.parent])))
    difference = float(np.abs(found - wanted).max())
    verdict = "as exported" if difference <= TOLERANCE else f"more than {TOLERANCE} px apart"
    print(f"{path}: boxes differ by at most {difference:.4f} px over {len(wanted)} frames: {verdict}")
    return 0 if difference <= TOLERANCE else 1


def _shape(text: str) -> tuple[int, ...]:
    try:
        sides = tuple(int(part) for part in text.split(","))
    except ValueError:
        sides = ()
    if len(sides) != 4 or min(sides) < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is not N,3,H,W")
    return sides
