# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""`tracker_ros export`: a tracker as one file that Python or C++ loads, or one of its networks."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from tracker_ros.config_files import DEFAULT_PRESET
from tracker_ros.export.archive import ArchiveError, clip_boxes, export, load_archive, read_manifest
from tracker_ros.export.formats import NETWORKS, save_network
from tracker_ros.export.half import PRECISIONS
from tracker_ros.terminal import print_error
from tracker_ros.trackers import SettingsError, given_settings, load, resolve
from tracker_ros.weights import WeightsError

TOLERANCE = 0.05


def add_parsers(sub: Any) -> None:
    """Add the ``export`` command."""
    parser = sub.add_parser("export", help="write a tracker, weights included, as one TorchScript file")
    parser.add_argument("--tracker", default=DEFAULT_PRESET, help="preset (default: %(default)s)")
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
        default=(1, 3, 160, 160),
        metavar="N,3,H,W",
        help="of the crops that the module takes (default: 1,3,160,160)",
    )
    parser.add_argument(
        "--check",
        type=Path,
        metavar="NAME.ts",
        help="load an archive and compare its boxes on the built-in clip with its manifest",
    )
    parser.set_defaults(run=run_export)


def run_export(args: argparse.Namespace) -> int:
    """Run ``tracker_ros export``: 0; 1 for an archive that answers otherwise; 2 for a wrong request."""
    try:
        if args.check:
            return check(args.check)
        if not args.out:
            raise SettingsError("say what to do: --out NAME.ts or --check NAME.ts")
        if not args.module and args.out.suffix != ".ts":
            raise SettingsError(
                f"{args.out}: the name of an archive ends in .ts; other forms are of a --module"
            )
        overrides = given_settings(args.overrides)
        tracker = load(args.tracker, overrides, args.weights)
        if args.module:
            save_network(tracker, args.module, args.shape, args.out)
            print(f"{args.out}: {args.module} of {args.tracker}, {args.out.stat().st_size / 1e6:.1f} MB")
            return 0
        preset = resolve(args.tracker, overrides)
        manifest = export(tracker, preset.name, preset.settings, args.out, args.half or "float32")
        print(f"{args.out}: {preset.name}, {args.out.stat().st_size / 1e6:.1f} MB, torch {manifest.torch}")
        if args.half:
            print(f"{args.half} moves its boxes by at most {manifest.deviation:.2f} px on the built-in clip")
        return 0
    except (SettingsError, WeightsError, ArchiveError) as error:
        print_error("export", error)
        return 2


def check(path: Path) -> int:
    """Compare an archive's boxes on the built-in clip with those of its manifest; 0 where they agree."""
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
