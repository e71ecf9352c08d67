# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Measure what the session adds to a tracker while the target is TRACKING, in milliseconds a frame.

    python -m tracker_ros.experiments.session_cost --trackers dcf,dcf_tiny

takes every frame twice, once by the tracker alone and once by a session around the same tracker, in one
process and by turns, so that whatever else the machine does slows both. What counts is the thread's CPU
time. The frames are those of rendered flights, or of sequences with --root.
"""

from __future__ import annotations

import argparse
import itertools
import time
from collections.abc import Mapping
from collections.abc import Sequence as Words
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from tracker_ros.arguments import add_names, count
from tracker_ros.config_files import DEFAULT_PRESET
from tracker_ros.data.absences import rendered
from tracker_ros.data.readers import read_folders
from tracker_ros.data.sequence import Sequence
from tracker_ros.export import optimized
from tracker_ros.geometry import Box
from tracker_ros.ops.frames import to_tensor
from tracker_ros.session import Session, State
from tracker_ros.terminal import make_console
from tracker_ros.trackers import Tracker, load

WARM = 10
"""Frames before the first that counts."""


def cost(
    tracker: Tracker, settings: Mapping[str, Any], sequence: Sequence, most: int
) -> npt.NDArray[np.float64]:
    """Return [N, 2] milliseconds of the tracker alone and of the session, in frames that are TRACKING."""
    session = Session(tracker, settings)
    rows = []
    for index, frame in enumerate(itertools.islice(sequence.frames, most)):
        pixels = to_tensor(frame)
        if index == 0:
            box = Box.from_xywh(*sequence.truth[0].tolist())
            with torch.inference_mode():
                state = tracker.initialize(pixels, box.to_tensor())
            session.select(pixels, box, 0.0)
            continue
        begin = time.thread_time()
        with torch.inference_mode():
            state = tracker.update(pixels, state, tracker.localize(pixels, state))
        alone = time.thread_time()
        report = session.step(pixels, index / 30)
        if index > WARM and report.state is State.TRACKING:
            rows.append((alone - begin, time.thread_time() - alone))
    return 1e3 * np.array(rows).reshape(-1, 2)


def main(words: Words[str] | None = None) -> int:
    """Print a line for each preset and sequence."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--root", type=Path, help="sequences in place of rendered flights")
    add_names(parser, "--trackers", "NAMES", "presets", DEFAULT_PRESET)
    parser.add_argument("--frames", type=count, default=120, help="of each sequence, at most")
    parser.add_argument("--sequences", type=count, default=4, help="how many")
    args = parser.parse_args(words)
    torch.set_num_threads(1)
    console = make_console(soft_wrap=True)
    if args.root:
        chosen = read_folders(args.root)[: args.sequences]
    else:
        chosen = [rendered(seed) for seed in range(args.sequences)]
    for name in args.trackers:
        tracker = load(name)
        scripted, every = optimized(tracker), []
        for sequence in chosen:
            spent = cost(scripted, tracker.session_settings, sequence, args.frames)
            every.append(spent)
            alone, within = spent.mean(0) if len(spent) else (0.0, 0.0)
            console.print(
                f"{name} on {sequence.name}: {alone:.2f} ms alone, {within:.2f} in the session, of"
                f" {len(spent)} frames"
            )
        added = np.concatenate(every) @ [-1.0, 1.0]
        console.print(
            f"{name}: the session adds {added.mean():.2f} ms a frame, half of them {np.median(added):.2f}"
        )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
