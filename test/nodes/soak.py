# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""A fast camera into a slow tracker for a long time: how old results are, what is dropped, memory.

    bash scripts/soak.sh [--seconds 1800] [--rate 60] [--tracker-rate 15]

Real nodes (simulated camera, tracker, diagnostics) in processes of their own. Prints one line a minute and
a summary; ends with status 1 when results get older than two frame times of the tracker (99th percentile)
or when a process grows by more than 8 MiB.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
from node_helpers import REPOSITORY, Client, Domain, NodeProcess
from std_srvs.srv import SetBool

from tracker_ros.data.footage import film
from tracker_ros.data.synthetic import AerialScene
from tracker_ros.geometry import Box

SETTLED = 0.2
"""Share of the run after which memory counts as settled: buffers are full and every state was seen."""
GROWTH = 8 << 20
NODES = ("sim_camera", "tracker", "diagnostics")


@dataclass
class Figures:
    """What a run found. Ages are seconds from an image's stamp to the arrival of its result."""

    frame_seconds: float
    seconds: float = 0.0
    ages: list[float] = field(default_factory=list)
    shown: int = 0
    dropped: int = 0
    resident: list[tuple[int, ...]] = field(default_factory=list)

    def age(self, percent: float) -> float:
        return float(np.percentile(self.ages, percent))

    def memory(self) -> tuple[np.ndarray, np.ndarray]:
        """Bytes resident of each node once settled, and at the end: medians over a tenth of the run."""
        samples = np.array(self.resident)
        tenth, settled = max(len(samples) // 10, 1), int(len(samples) * SETTLED)
        return np.median(samples[settled : settled + tenth], 0), np.median(samples[-tenth:], 0)

    def problems(self) -> list[str]:
        """What is wrong with these figures, a sentence each."""
        found = []
        if self.age(99) >= 2 * self.frame_seconds:
            found.append(
                f"age {self.age(99) * 1e3:.0f} ms (p99) reaches two frame times of the tracker,"
                f" {2e3 * self.frame_seconds:.0f} ms"
            )
        for name, before, after in zip(NODES, *self.memory(), strict=True):
            if after - before > GROWTH:
                found.append(f"{name} grew by {(after - before) / 2**20:.1f} MiB")
        return found

    def lines(self) -> list[str]:
        before, after = self.memory()
        resident = ", ".join(
            f"{name} {b / 2**20:.1f} -> {a / 2**20:.1f}"
            for name, b, a in zip(NODES, before, after, strict=True)
        )
        return [
            f"{self.seconds:.0f} s: {self.shown} images ({self.shown / self.seconds:.1f} Hz),"
            f" {len(self.ages)} results ({len(self.ages) / self.seconds:.1f} Hz), {self.dropped} dropped",
            f"age of a result on arrival: p50 {self.age(50) * 1e3:.1f}, p99 {self.age(99) * 1e3:.1f},"
            f" max {max(self.ages) * 1e3:.1f} ms; two frame times are {2e3 * self.frame_seconds:.1f} ms",
            f"resident MiB: {resident}",
        ]


def record(folder: Path, seconds: float, width: int, height: int) -> Box:
    """Write clip.mp4 and a package with the slow tracker; the target's box in the first frame."""
    shots = list(islice(film(AerialScene(0, width, height), 30.0), round(seconds * 30)))
    video = cv2.VideoWriter(str(folder / "clip.mp4"), cv2.VideoWriter.fourcc(*"mp4v"), 30, (width, height))
    # There and back, so that the target does not jump when the clip starts again.
    for shot in (*shots, *shots[-2:0:-1]):
        video.write(cv2.cvtColor(shot.image, cv2.COLOR_RGB2BGR))
    video.release()
    (folder / "slowed.yaml").write_text("tracker: slowed\n")
    info = folder / "slowed-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: slowed\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[tracker_ros.trackers]\nslowed = slowed_tracker\n")
    assert shots[0].box is not None
    return shots[0].box


def soak(
    folder: Path,
    seconds: float,
    rate: float = 60.0,
    tracker_rate: float = 15.0,
    size: tuple[int, int] = (640, 480),
    clip_seconds: float = 10.0,
    tell: Callable[[str], None] = lambda line: None,
) -> Figures:
    """Fly for so many seconds; `tell` gets a line a minute."""
    box = record(folder, clip_seconds, *size)
    path = os.pathsep.join((str(folder), str(REPOSITORY / "test" / "helpers"), str(REPOSITORY)))
    domain = Domain()
    client = Client(domain)
    given = {
        "sim_camera": {"source": folder / "clip.mp4", "loop": True, "rate": rate, "paused": True},
        "tracker": {
            "tracker": folder / "slowed.yaml",
            "settings.seconds": 1 / tracker_rate,
            "torchscript": False,
            "autostart": True,
        },
        "diagnostics": {},
    }
    nodes: list[NodeProcess] = []
    try:
        for name in NODES:
            nodes.append(
                NodeProcess(
                    f"tracker_ros.nodes.{name}.node", domain, given[name], environment={"PYTHONPATH": path}
                )
            )
        client.wait(lambda: client.states, "the first state")
        answer = client.select(box)
        assert answer.accepted, answer.reason
        assert client.call(SetBool, "sim_camera/play", SetBool.Request(data=True)).success
        return _watch(client, nodes, Figures(1 / tracker_rate), seconds, tell)
    finally:
        client.close()
        for node in nodes:
            node.stop()
        domain.close()


def _watch(
    client: Client, nodes: list[NodeProcess], figures: Figures, seconds: float, tell: Callable[[str], None]
) -> Figures:
    """Collect figures for so many seconds."""
    client.states.clear()
    first = client.wait(lambda: client.states, "a state")[0]
    began, stamp = time.monotonic(), first.header.stamp
    while (elapsed := time.monotonic() - began) < seconds:
        if elapsed >= len(figures.resident):  # once a second
            figures.resident.append(tuple(_resident(node.pid) for node in nodes))
            if len(figures.resident) % 60 == 0:
                tell(
                    f"{elapsed:.0f} s: age p99 {figures.age(99) * 1e3:.1f} ms, resident MiB "
                    + " ".join(f"{b / 2**20:.1f}" for b in figures.resident[-1])
                )
        client.executor.spin_once(timeout_sec=0.05)
        now = client.node.get_clock().now().nanoseconds * 1e-9
        for state in client.states:
            # What is said while the camera is silent repeats the last image's stamp.
            if state.header.stamp != stamp:
                stamp = state.header.stamp
                figures.ages.append(now - stamp.sec - stamp.nanosec * 1e-9)
            figures.dropped = state.frames_dropped - first.frames_dropped
            figures.shown = figures.dropped + state.frames_processed - first.frames_processed
        client.states.clear(), client.targets.clear(), client.lists.clear()
    figures.seconds = time.monotonic() - began
    return figures


def _resident(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def main() -> int:
    """Run from the command line."""
    formatter = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=formatter)
    parser.add_argument("--seconds", type=float, default=1800.0, help="how long (default: 30 minutes)")
    parser.add_argument("--rate", type=float, default=60.0, help="of the camera, Hz")
    parser.add_argument("--tracker-rate", type=float, default=15.0, help="of the tracker, Hz")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = soak(
            Path(folder),
            args.seconds,
            args.rate,
            args.tracker_rate,
            tell=lambda line: print(line, flush=True),
        )
    print("\n".join(figures.lines()))
    problems = figures.problems()
    print("\n".join(problems) or "as it should be")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
