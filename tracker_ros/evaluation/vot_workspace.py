# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""A workspace in which the official vot-toolkit runs and scores trackers of this package.

Settings, stack and manifest follow vot-toolkit 0.9; a tracker is a process that speaks TraX, started
with the Python that wrote the workspace.
"""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np
import yaml

from tracker_ros.data.sequence import DataError, Sequence, frame_size
from tracker_ros.evaluation.metrics import is_box
from tracker_ros.evaluation.nanotrack import NANOTRACK_FILES
from tracker_ros.evaluation.specs import OPENCV_NAMES, TrackerSpec
from tracker_ros.evaluation.vot import EAO_INTERVALS
from tracker_ros.evaluation.vot_protocols import AnchorBased, ResetBased
from tracker_ros.files import write_whole
from tracker_ros.weights.loader import RANDOM

# The toolkit's names of the challenges whose data sets it downloads.
STACKS = {
    2015: "vot2015/rgb",
    2016: "vot2016/rgb",
    2017: "vot2017",
    2018: "vot2018/shortterm",
    2019: "vot2019/shortterm",
    2020: "vot2020/shortterm",
    2021: "vot2021/shortterm",
    2022: "vot2022/shorttermbox",
}
_IDENTIFIER = re.compile(r"[a-zA-Z0-9_-]+")
"""A name that the toolkit takes; it says nothing of those that it passes over."""


def write_workspace(
    folder: Path,
    specs: Iterable[TrackerSpec],
    protocol: ResetBased | AnchorBased,
    sequences: list[Sequence] | None = None,
) -> None:
    """Write a workspace with the trackers registered and, if given, sequences of one's own.

    Args:
        folder: of the workspace; it must not hold one yet.
        specs: trackers to register.
        protocol: the challenge; without `sequences` the toolkit downloads that year's data set.
        sequences: what to run on in place of that.

    Raises:
        DataError: when the folder holds a workspace already, or for a label that the toolkit would not take.
    """
    if (folder / "config.yaml").exists():
        raise DataError(f"{folder} is a workspace already; give another folder")
    trackers = manifest(specs)
    folder.mkdir(parents=True, exist_ok=True)
    stack = STACKS[protocol.year]
    if sequences:
        stack = "stack.yaml"
        write_whole(folder / stack, yaml.safe_dump(stack_of(protocol), sort_keys=False))
        for sequence in sequences:
            write_sequence(folder / "sequences" / sequence.name, sequence, protocol)
        write_whole(folder / "sequences" / "list.txt", "".join(f"{s.name}\n" for s in sequences))
    write_whole(folder / "trackers.ini", trackers)
    (folder / "results").mkdir(exist_ok=True)
    config = {"registry": ["./trackers.ini"], "stack": stack}
    write_whole(folder / "config.yaml", yaml.safe_dump(config))


def stack_of(protocol: ResetBased | AnchorBased) -> dict[str, object]:
    """Return the challenge's baseline experiment with its analyses, as the toolkit describes stacks."""
    low, high = EAO_INTERVALS[protocol.year]
    if isinstance(protocol, ResetBased):
        experiment: dict[str, object] = {
            "type": "supervised",
            "repetitions": protocol.repetitions,
            "skip_initialize": protocol.skip,
            "analyses": [
                {"type": "supervised_average_ar", "sensitivity": 30},
                {"type": "supervised_eao_score", "low": low, "high": high},
            ],
        }
    else:
        experiment = {
            "type": "multistart",
            "analyses": [
                {"type": "multistart_average_ar"},
                {"type": "multistart_eao_score", "low": low, "high": high},
            ],
        }
    title = f"VOT{protocol.year} baseline on one's own sequences"
    return {"title": title, "experiments": {"baseline": experiment}}


def manifest(specs: Iterable[TrackerSpec]) -> str:
    """Return the toolkit's registry of trackers: one section each, started as a TraX process.

    Raises:
        DataError: for a label that the toolkit would pass over.
    """
    lines: list[str] = []
    for spec in specs:
        if not _IDENTIFIER.fullmatch(spec.label):
            raise DataError(
                f"vot-toolkit knows no tracker called '{spec.label}': give its file a name of letters,"
                " digits, - and _"
            )
        # Loading a network on a slow machine takes longer than the 30 s that the toolkit waits by default.
        section = {"label": spec.label, "protocol": "trax", "timeout": "120", "command": command(spec)}
        # The toolkit's reader takes a single % for the beginning of a reference.
        values = [f"{key} = {value.replace('%', '%%')}" for key, value in section.items()]
        lines += [f"[{spec.label}]", *values, ""]
    return "\n".join(lines)


def command(spec: TrackerSpec) -> str:
    """Return the line that starts a tracker as a TraX process, in whichever folder the toolkit is."""
    words = [sys.executable, "-m", "tracker_ros.evaluation.trax_server"]
    is_file = spec.name.endswith((".yaml", ".yml"))
    words.append(str(Path(spec.name).resolve()) if is_file else spec.name)
    if spec.weights and spec.name in NANOTRACK_FILES:
        words += ["--nano", ",".join(str(Path(part).resolve()) for part in spec.weights.split(","))]
    elif spec.weights:
        named = spec.weights.startswith(RANDOM) or not Path(spec.weights).suffix
        words += ["--weights", spec.weights if named else str(Path(spec.weights).resolve())]
    if spec.name not in OPENCV_NAMES:
        words += ["--device", spec.device]
        words += ["--scripted"] * spec.scripted
        words += [word for key, value in spec.overrides for word in ("--set", f"{key}={_as_yaml(value)}")]
    return shlex.join(words)


def _as_yaml(value: object) -> str:
    """Return a setting's value as --set reads it: Python's None, 1e-05 or '3' would be other values there."""
    return yaml.safe_dump(value, default_flow_style=True, width=sys.maxsize).removesuffix("\n...\n").strip()


def write_sequence(folder: Path, sequence: Sequence, protocol: ResetBased | AnchorBased) -> None:
    """Write one sequence as the toolkit stores it: ``color/00000001.jpg``, truth, anchors, metadata."""
    for index, frame in enumerate(sequence.frames, start=1):
        # Quality 100: what the toolkit's trackers see should be what ours see.
        image = cv2.cvtColor(frame, cv2.COLOR_RGB2BGR)
        # imwrite says nothing of a disk that is full.
        coded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 100])[1]
        write_whole(folder / "color" / f"{index:08d}.jpg", coded.tobytes())
    given = is_box(sequence.truth)
    pairs = zip(sequence.truth, given, strict=True)
    rows = [",".join(f"{value:.4f}" for value in box) if known else "0" for box, known in pairs]
    write_whole(folder / "groundtruth.txt", "\n".join(rows) + "\n")
    width, height = frame_size(sequence.frames)
    write_whole(
        folder / "sequence",
        f"name={sequence.name}\nfps=30\nformat=default\nchannel.default=color\n"
        f"channels.color=color/%08d.jpg\nwidth={width}\nheight={height}\nlength={len(sequence)}\n",
    )
    if isinstance(protocol, AnchorBased):
        anchors = np.zeros(len(sequence), dtype=int)
        for plan in protocol.plans(sequence):
            anchors[plan.order.start] = plan.order.step
        write_whole(folder / "anchor.value", "".join(f"{value}\n" for value in anchors))
