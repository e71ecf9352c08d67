# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""TADT's Table 5: does choosing channels for the target help, beside choosing at random or not at all?

    python -m tracker_ros.experiments.tadt_ablation --root SEQUENCES --weights FILE

Prints the mean OPE success AUC over all sequences for every way to choose channels. With `--out FILE` a
run that was interrupted goes on where it ended.
"""

from __future__ import annotations

import argparse
import json
import sys
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tracker_ros.arguments import count, integer
from tracker_ros.data.readers import read_folders
from tracker_ros.data.sequence import Sequence
from tracker_ros.evaluation.drivers import TorchDriver
from tracker_ros.evaluation.metrics import ope_curves
from tracker_ros.export.half import with_half_networks
from tracker_ros.files import write_whole
from tracker_ros.trackers import Tracker, load

#: How the shallow and the deep level are chosen, by name: Table 5's rows, and three of ours.
VARIANTS = {
    "target-aware": ("regress+rank", "regress"),
    "random": ("random", "random"),
    "no selection": ("all", "all"),
    "regress, both": ("regress", "regress"),
    "regress, shallow": ("regress", "none"),
    "random, shallow": ("random", "none"),
    "regress, deep": ("none", "regress"),
    "random, deep": ("none", "random"),
}


def track(driver: TorchDriver, sequence: Sequence, every: int) -> float:
    """Return the success AUC of one pass over every `every`-th frame of a sequence."""
    truth = sequence.truth[::every]
    boxes = [tuple(truth[0])]
    for number, frame in enumerate(islice(iter(sequence.frames), 0, None, every)):
        if number == 0:
            driver.start(frame, boxes[0])
        else:
            boxes.append(driver.track(frame)[0])
    return float(ope_curves(np.array(boxes), truth).auc)


def make_tracker(shallow: str, deep: str, args: argparse.Namespace) -> Tracker:
    """Return the preset with one way to choose channels."""
    settings: dict[str, Any] = {"shallow_selection": shallow, "deep_selection": deep}
    if args.search:
        # Smaller crops of smaller targets: the region around the target stays the same.
        settings |= {
            "search_size": args.search,
            "min_target_size": 44.0 * args.search / 180,
            "max_target_size": 59.0 * args.search / 180,
        }
    tracker = load(args.preset, settings, args.weights, args.device)
    return with_half_networks(tracker, "bfloat16") if args.bfloat16 else tracker


def conditions(args: argparse.Namespace) -> dict[str, Any]:
    """Collect the settings that all scores of one file share."""
    return {
        "preset": args.preset,
        "weights": args.weights,
        "every": args.every,
        "search": args.search,
        "bfloat16": args.bfloat16,
    }


def read_scores(args: argparse.Namespace) -> dict[tuple[str, str], float]:
    """Read AUC by variant and sequence of an earlier run; SystemExit where it ran under other conditions."""
    if not args.out or not args.out.is_file():
        return {}
    content = json.loads(args.out.read_text())
    if content["conditions"] != conditions(args):
        raise SystemExit(f"{args.out} holds scores of {content['conditions']}: choose another file")
    return {(variant, sequence): score for variant, sequence, score in content["scores"]}


def write_scores(scores: dict[tuple[str, str], float], args: argparse.Namespace) -> None:
    """Keep what was measured, where `--out` says so."""
    if args.out:
        rows = [(*names, score) for names, score in scores.items()]
        write_whole(args.out, json.dumps({"conditions": conditions(args), "scores": rows}, indent=1) + "\n")


def main(arguments: list[str] | None = None) -> int:
    """Run all variants; returns the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--root", type=Path, required=True, help="folder of sequences")
    parser.add_argument("--weights", help="VGG-16: a file or a name of the weights manifest")
    parser.add_argument("--preset", default="tadt", help="preset of TADT (default: tadt)")
    parser.add_argument(
        "--variants",
        nargs="*",
        default=list(VARIANTS),
        choices=list(VARIANTS),
        metavar="NAME",
        help=f"some of: {', '.join(VARIANTS)}",
    )
    parser.add_argument("--every", type=count, default=1, help="take every N-th frame only (default: 1)")
    parser.add_argument(
        "--search", type=integer(0), default=0, help="side of the search crop (preset's if 0)"
    )
    parser.add_argument("--bfloat16", action="store_true", help="compute the network in bfloat16")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--out", type=Path, metavar="FILE", help="keep scores here, and go on from these")
    args = parser.parse_args(arguments)
    torch.set_num_threads(1)
    # Short ones first: an interrupted run has compared the variants on as many as it could.
    sequences = sorted(read_folders(args.root), key=len)
    known = read_scores(args)
    for sequence in sequences:
        for name in args.variants:
            if (name, sequence.name) not in known:
                driver = TorchDriver(make_tracker(*VARIANTS[name], args), args.device)
                known[name, sequence.name] = track(driver, sequence, args.every)
                write_scores(known, args)
    print(f"mean OPE success AUC over {len(sequences)} sequences, every {args.every} frame(s)")
    for name in args.variants:
        scores = [known[name, sequence.name] for sequence in sequences]
        details = " ".join(f"{score:.2f}" for score in scores)
        print(f"{name:18s} {np.mean(scores):.3f}   {details}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
