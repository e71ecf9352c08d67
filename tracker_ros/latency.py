# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""`tracker_ros latency`: what the tracker node adds to its tracker, measured from outside.

A camera in this process publishes images at a fixed rate to a tracker node in a process of its own, and
waits for the target that it answers each with. The time from an image's stamp, taken before publishing,
to the arrival of its target, less the time that the same tracker takes for the same images without a
node, is the node's and the middleware's own.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rclpy
import torch
from rclpy.executors import SingleThreadedExecutor
from rclpy.signals import SignalHandlerOptions
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from sensor_msgs.msg import CompressedImage, Image
from vision_msgs.msg import Detection2D

from tracker_ros.data.footage import film
from tracker_ros.data.sequence import Frame
from tracker_ros.data.synthetic import AerialScene
from tracker_ros.demo.processes import Interrupts, ProcessError, Processes
from tracker_ros.export import optimized
from tracker_ros.geometry import Box
from tracker_ros.msg import TrackState
from tracker_ros.ros import qos
from tracker_ros.ros.compat import use_image_transport
from tracker_ros.ros.images import fill_compressed, fill_image
from tracker_ros.ros.messages import box_message
from tracker_ros.session import Session, State
from tracker_ros.trackers import SettingsError, load
from tracker_ros.weights import WeightsError

SIZES = ((640, 480), (1920, 1080))
TRANSPORTS = ("raw", "compressed")
SETTINGS = {"size": 64, "scales": 3}
"""Of `dcf`: little work for the tracker, so that little has to be subtracted."""
SETTLE = 15
"""Images at the start that are not counted."""
STEP = (2, 1)
"""Pixels (right, down) by which the view moves from one image to the next."""
FRAMES = 24
STARTED = 60.0
"""Seconds that a node has for its start."""


@dataclass(frozen=True)
class Cost:
    """What was measured at one size and transport; milliseconds, or percent of one core.

    `total` is from an image's stamp to the arrival of its target, `publish` the part of it that the
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


class Camera:
    """Publishes images at a rate, and notes when the answers to them come.

    Args:
        frames: shown forwards and backwards, again and again.
        transport: raw or compressed.
        rate: images a second.
        check: called while waiting; raises when there is nothing to wait for any more.
    """

    def __init__(self, frames: list[Frame], transport: str, rate: float, check: Any):
        self.node = rclpy.create_node("latency_camera")
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self.node)
        self._rate, self._check = rate, check
        kind, name = (Image, "image") if transport == "raw" else (CompressedImage, "image/compressed")
        self._publisher = self.node.create_publisher(kind, name, qos.camera())
        self._orders = self.node.create_publisher(Detection2D, "tracker/init_box", qos.COMMAND)
        messages = [_message(frame, transport) for frame in frames]
        self._messages = itertools.cycle(messages + messages[-2:0:-1])
        self.sent: dict[int, float] = {}
        self.arrived: dict[int, float] = {}
        self.states: list[TrackState] = []
        self.node.create_subscription(Detection2D, "tracker/target", self._on_target, qos.RESULT)
        self.node.create_subscription(TrackState, "tracker/state", self.states.append, qos.RESULT)

    def close(self) -> None:
        """Take the node away."""
        self._executor.shutdown()
        self.node.destroy_node()

    def show(self, count: int) -> None:
        """Publish so many images at the rate."""
        start = time.monotonic()
        for index in range(count):
            self.rest(start + index / self._rate - time.monotonic())
            message = next(self._messages)
            began = time.time_ns()
            message.header.stamp.sec, message.header.stamp.nanosec = divmod(began, 10**9)
            self._publisher.publish(message)
            self.sent[began] = (time.time_ns() - began) * 1e-6
        self.rest(1 / self._rate)

    def rest(self, seconds: float) -> None:
        """Take answers for so long, without an image."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._executor.spin_once(timeout_sec=left)
        self._check()

    def connect(self) -> None:
        """Publish until the node answers.

        Raises:
            TimeoutError: when it does not.
        """
        end = time.monotonic() + STARTED
        while not self.states:
            if time.monotonic() > end:
                raise TimeoutError(f"the tracker node did not answer within {STARTED:g} s")
            self.show(1)

    def select(self, box: Box) -> None:
        """Track what is at `box` in the first image.

        Raises:
            TimeoutError: when the node does not say that it tracks.
        """
        self._orders.publish(Detection2D(bbox=box_message(box)))
        end = time.monotonic() + STARTED
        while self.states[-1].state != State.TRACKING:
            if time.monotonic() > end:
                raise TimeoutError(f"the tracker node does not track: {self.states[-1].message}")
            self.show(1)

    def forget(self) -> None:
        """Start a new measurement."""
        self.sent.clear()
        self.arrived.clear()
        self.states.clear()

    def _on_target(self, message: Detection2D) -> None:
        now = time.time_ns()
        stamp = message.header.stamp.sec * 10**9 + message.header.stamp.nanosec
        self.arrived[stamp] = (now - stamp) * 1e-6


def _message(frame: Frame, transport: str) -> Any:
    if transport == "compressed":
        return fill_compressed(CompressedImage(), frame)
    # What most camera drivers send; it must be converted.
    return fill_image(Image(), np.ascontiguousarray(frame[..., ::-1]), "bgr8")


def footage(width: int, height: int) -> tuple[list[Frame], Box]:
    """Views of a still scene from a camera that moves evenly, and the target in the first of them."""
    shot = next(film(AerialScene(width=width, height=height), 30.0))
    assert shot.box is not None
    frames = [np.roll(shot.image, (i * STEP[1], i * STEP[0]), (0, 1)) for i in range(FRAMES)]
    return frames, shot.box


def tracker_time(tracker: str, settings: dict[str, Any], frames: list[Frame], box: Box) -> float:
    """Median milliseconds that a session of this tracker takes for a frame, without a node."""
    session = Session(optimized(load(tracker, settings)))
    images = [torch.from_numpy(frame).permute(2, 0, 1) for frame in frames]
    seconds = []
    for _ in range(4):
        session.select(images[0], box, 0.0)
        for index, image in enumerate(images[1:], 1):
            began = time.perf_counter()
            session.step(image, index / 30)
            seconds.append(time.perf_counter() - began)
    return float(np.median(seconds[len(frames):])) * 1e3


def cpu_seconds(pid: int) -> float:
    """CPU time that a process has used, all threads, in user and system mode."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(size: tuple[int, int], transport: str, args: argparse.Namespace) -> Cost:
    """Start a node, measure it, and end it."""
    frames, box = footage(*size)
    settings = SETTINGS if args.tracker == "dcf" else {}
    own_time = tracker_time(args.tracker, settings, frames, box)
    count = max(int(args.seconds * args.rate), SETTLE + 1)
    with (tempfile.TemporaryDirectory() as logs, Interrupts() as interrupts,
          Processes(Path(logs)) as processes):
        def check() -> None:
            interrupts.check()
            processes.check()

        processes.start("tracker", {
            "tracker": args.tracker, "image_transport": transport, "autostart": True, "device": "cpu",
            **{f"settings.{key}": value for key, value in settings.items()}})
        pid = processes.pid("tracker")
        camera = Camera(frames, transport, args.rate, check)
        try:
            camera.connect()
            silent = _load(pid, lambda: camera.rest(args.seconds))
            idle = _load(pid, lambda: camera.show(count))
            camera.select(box)
            camera.show(SETTLE)
            camera.forget()
            busy = _load(pid, lambda: camera.show(count))
            return summarize(size, transport, camera, own_time, (busy, idle, silent))
        finally:
            camera.close()


def _load(pid: int, act: Any) -> float:
    """Percent of one core that a process used while `act` ran."""
    used, began = cpu_seconds(pid), time.monotonic()
    act()
    return 100 * (cpu_seconds(pid) - used) / (time.monotonic() - began)


def summarize(size: tuple[int, int], transport: str, camera: Camera, tracker: float,
              loads: tuple[float, float, float]) -> Cost:
    """Medians of what a camera noted.

    Raises:
        TimeoutError: when no target arrived.
    """
    if not camera.arrived or not camera.states:
        raise TimeoutError("no target arrived: see what the tracker node says")
    total, p99 = np.percentile(list(camera.arrived.values()), [50, 99])
    inside = float(np.median([state.latency_ms for state in camera.states]))
    return Cost(f"{size[0]}x{size[1]}", transport, float(total), float(p99),
                float(np.median(list(camera.sent.values()))), inside, tracker, float(total) - tracker,
                *loads, len(camera.arrived) / len(camera.sent))


def render(costs: list[Cost], rate: float) -> Table:
    """The table that people read."""
    table = Table(title=f"tracker node at {rate:g} images a second: ms (medians), % of one core",
                  box=SIMPLE_HEAD, collapse_padding=True, pad_edge=False)
    table.add_column("images", no_wrap=True)
    columns = {"total": "total", "total_p99": "p99", "publish": "publish", "inside": "inside",
               "tracker": "tracker", "own": "own", "cpu_tracking": "CPU track", "cpu_idle": "CPU idle",
               "cpu_silent": "CPU silent", "answered": "answered"}
    for heading in columns.values():
        table.add_column(heading, justify="right", no_wrap=True)
    for cost in costs:
        values = [getattr(cost, name) for name in columns]
        shown = [format(value, ".2f" if index < 6 else ".1f") for index, value in enumerate(values[:-1])]
        table.add_row(f"{cost.size} {cost.transport}", *shown, f"{values[-1]:.0%}")
    return table


def add_parsers(sub: Any) -> None:
    """Add the ``latency`` command."""
    parser = sub.add_parser("latency", help="measure what the tracker node adds to its tracker")
    parser.add_argument("--tracker", default="dcf", help="preset (default: dcf, at a small size)")
    parser.add_argument("--rate", type=float, default=30.0, help="images a second (default: 30)")
    parser.add_argument("--seconds", type=float, default=8.0, help="of each measurement (default: 8)")
    parser.add_argument("--only", metavar="TEXT", default="", help="only rows that contain this, such as raw")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    parser.set_defaults(run=run_latency)


def run_latency(args: argparse.Namespace) -> int:
    """Carry out ``tracker_ros latency``: 0; 1 where a node failed; 2 for a wrong request."""
    console = Console()
    chosen = [(size, transport) for size in SIZES for transport in TRANSPORTS
              if args.only in f"{size[0]}x{size[1]} {transport}"]
    torch.set_num_threads(1)
    use_image_transport()
    rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
    try:
        costs = [measure(size, transport, args) for size, transport in chosen]
    except (SettingsError, WeightsError) as error:
        console.print(f"[red]error:[/red] {error}", highlight=False, soft_wrap=True)
        return 2
    except (ProcessError, TimeoutError) as error:
        console.print(f"[red]error:[/red] {error}", highlight=False, soft_wrap=True)
        return 1
    finally:
        rclpy.try_shutdown()
    console.print(render(costs, args.rate))
    if args.json:
        args.json.write_text(json.dumps([asdict(cost) for cost in costs], indent=1) + "\n")
    return 0
