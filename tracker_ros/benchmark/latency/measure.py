# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""A tracker node and its tracker, measured one after the other with the same images."""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tracker_ros.benchmark.latency.camera import Camera
from tracker_ros.data.footage import film
from tracker_ros.data.sequence import Frame
from tracker_ros.data.synthetic import AerialScene
from tracker_ros.demo.processes import Interrupts, Processes
from tracker_ros.export import optimized
from tracker_ros.geometry import Box
from tracker_ros.ops.frames import to_tensor
from tracker_ros.session import Session
from tracker_ros.trackers import load

PROBE = "dcf"
"""The preset to measure with where none is named."""
SETTINGS = {"search_size": 64, "scale_count": 3}
"""Settings of `PROBE`: little work for the tracker, so that little has to be subtracted."""
HOLD = {"keep_score": 0.0, "keep_slack": 2.0, "max_jump": 100.0}
"""The session's settings: a busy machine drops images, and a target that is lost for it has no cost."""
SETTLE = 15
"""Images at the start that are not counted."""
STEP = (2, 1)
"""Pixels (right, down) by which the view moves from one image to the next."""
FRAMES = 24
GOLDEN = 0.618
"""Share of the image's width between one further target and the next: they fill it evenly."""


@dataclass(frozen=True)
class Cost:
    """The measurements at one size and transport; milliseconds, or percent of one core.

    `total` is from publishing an image to the arrival of its target, `publish` the part of it that the
    camera takes to hand the image over, `inside` from the node's receipt to its answer, `tracker` that
    of the tracker without a node, and `own` is `total` less `tracker`. CPU is the node's: while it
    tracks, while images come without a target, and without images. `answered` is the share of images.
    """

    size: str
    transport: str
    total: float
    total_p99: float
    publish: float
    inside: float
    tracker: float
    own: float
    cpu_tracking: float
    cpu_idle: float
    cpu_silent: float
    answered: float


def footage(width: int, height: int) -> tuple[list[Frame], Box]:
    """Return views of a still scene from a camera that moves evenly, and the target in the first of them."""
    shot = next(film(AerialScene(width=width, height=height), 30.0))
    assert shot.box is not None
    frames = [np.roll(shot.image, (i * STEP[1], i * STEP[0]), (0, 1)) for i in range(FRAMES)]
    return frames, shot.box


def spread(box: Box, count: int, width: int, height: int) -> list[Box]:
    """Return a box and others of its size all over the image, of which no two have the same place."""
    others = [
        box._replace(cx=width * (0.15 + 0.7 * (i * GOLDEN % 1)), cy=height * (0.15 + 0.7 * (i / count)))
        for i in range(1, count)
    ]
    return [*others, box]


def tracker_time(
    tracker: str, settings: dict[str, Any], frames: list[Frame], boxes: list[Box], rate: float, count: int
) -> float:
    """Return the median milliseconds that sessions of this tracker take for a frame, without a node.

    It waits between frames as it does behind a camera: caches grow cold meanwhile, and without the waits
    it is up to a third faster.
    """
    loaded = optimized(load(tracker, settings))
    sessions = [Session(loaded, HOLD) for _ in boxes]
    images = [to_tensor(frame) for frame in frames]
    images += images[-2:0:-1]
    seconds = []
    for session, box in zip(sessions, boxes, strict=True):
        session.select(images[0], box, 0.0)
    for index in range(1, SETTLE + count):
        time.sleep(1 / rate)
        began = time.perf_counter()
        for session in sessions:
            session.step(images[index % len(images)], index / rate)
        seconds.append(time.perf_counter() - began)
    return float(np.median(seconds[SETTLE:])) * 1e3


def cpu_seconds(pid: int) -> float:
    """Return the CPU time that a process has used, all threads, in user and system mode."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(size: tuple[int, int], transport: str, args: argparse.Namespace) -> Cost:
    """Start a node, measure it, and end it."""
    frames, box = footage(*size)
    tracker, settings = (args.tracker, {}) if args.tracker else (PROBE, SETTINGS)
    count = max(int(args.seconds * args.rate), SETTLE + 1)
    boxes = spread(box, args.targets, *size)
    own_time = tracker_time(tracker, settings, frames, boxes, args.rate, count)
    with (
        tempfile.TemporaryDirectory() as logs,
        Interrupts() as interrupts,
        Processes(Path(logs)) as processes,
    ):

        def check() -> None:
            interrupts.check()
            processes.check()

        processes.start(
            "tracker",
            {
                "tracker": tracker,
                "image_transport": transport,
                "autostart": True,
                "device": "cpu",
                "max_targets": args.targets,
                **{f"settings.{key}": value for key, value in settings.items()},
                **{f"session.{key}": value for key, value in HOLD.items()},
            },
        )
        pid = processes.pid("tracker")
        camera = Camera(frames, transport, args.rate, check)
        try:
            camera.connect()
            silent = _load(pid, lambda: camera.rest(args.seconds))
            idle = _load(pid, lambda: camera.show(count))
            for place in boxes:
                camera.request_selection(place)
            camera.show(SETTLE)
            camera.forget()
            busy = _load(pid, lambda: camera.show(count))
            return summarize(size, transport, camera, own_time, (busy, idle, silent))
        finally:
            camera.close()


def _load(pid: int, act: Callable[[], None]) -> float:
    """Return the percentage of one core that a process used while `act` ran."""
    used, began = cpu_seconds(pid), time.monotonic()
    act()
    return 100 * (cpu_seconds(pid) - used) / (time.monotonic() - began)


def summarize(
    size: tuple[int, int], transport: str, camera: Camera, tracker: float, loads: tuple[float, float, float]
) -> Cost:
    """Return the medians of what a camera noted.

    Raises:
        TimeoutError: when no target arrived.
    """
    if not camera.latencies or not camera.states:
        raise TimeoutError("no target arrived: see what the tracker node says")
    total, p99 = np.percentile(camera.latencies, [50, 99])
    inside = float(np.median([state.latency_ms for state in camera.states]))
    return Cost(
        f"{size[0]}x{size[1]}",
        transport,
        float(total),
        float(p99),
        float(np.median(camera.publishing)),
        inside,
        tracker,
        float(total) - tracker,
        *loads,
        len(camera.latencies) / len(camera.publishing),
    )
