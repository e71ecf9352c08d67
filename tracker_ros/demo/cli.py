# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""``tracker_ros demo``: the nodes in processes of their own, a flight, and what it was worth."""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from datetime import datetime
from itertools import dropwhile
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.live import Live

from tracker_ros.arguments import argument, integer, not_negative, positive, share
from tracker_ros.config_files import DEFAULT_PRESET
from tracker_ros.data.boxes import parse_box
from tracker_ros.data.footage import open_recording
from tracker_ros.demo.flight import ANSWERED, Flight, FlightError
from tracker_ros.demo.pointing import add_rows, judge
from tracker_ros.demo.processes import Interrupts, ProcessError, Processes
from tracker_ros.demo.progress import Progress, summary_table
from tracker_ros.demo.scores import Moment, summarize
from tracker_ros.demo.video import image_stamps, write_video
from tracker_ros.geometry import Box
from tracker_ros.optics.camera import Camera
from tracker_ros.ros.compat import use_image_transport
from tracker_ros.ros.context import end_ros, start_ros
from tracker_ros.terminal import make_console, print_error
from tracker_ros.trackers import resolve

SECONDS = 20.0
_LAST_RESULT = 2.0
"""Seconds that the tracker has for its last image."""


def add_parsers(sub: Any) -> None:
    """Add the subcommand ``demo`` to an argparse subparsers object."""
    parser = sub.add_parser(
        "demo", help="watch real nodes track a target in a flight",
        description="Starts the simulated camera, the tracker and its diagnostics as ROS 2 nodes, follows a "
        "target, and writes a video, a plot, a bag and the nodes' logs.",
    )  # fmt: skip
    add = parser.add_argument
    add("--seconds", type=positive, help=f"length of the flight (default {SECONDS:g}, a recording's all)")
    add("--tracker", help=f"preset to run, such as dcf (default: {DEFAULT_PRESET})")
    add("--seed", type=integer(0), help="of the synthetic scene")
    add("--gimbal", action="store_true", help="chase a dodging vehicle with a camera on a simulated gimbal")
    add("--latency", type=not_negative, metavar="MS", help="more latency of the images, milliseconds")
    add("--drops", type=share, metavar="SHARE", help="share of the images that are lost, 0 to 1")
    add("--video", type=Path, metavar="FILE", help="a video, or a folder of images, instead of the scene")
    add(
        "--box", type=argument(parse_box), metavar="X,Y,W,H", help="the target in the recording's first frame"
    )
    add("--truth", type=Path, metavar="FILE", help="x,y,w,h of the target, one line a frame of the recording")
    add("--rate", type=positive, help="frames a second (default: config/uav_tracking.yaml's)")
    add("--out", type=Path, metavar="DIR", help="where to write (default: out/demo-DATE-TIME)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run the demonstration; 0 when it went well, 1 when the flight failed, 2 for a wrong request."""
    console = make_console()
    wrong = _what_is_wrong(args)
    if wrong:
        print_error("demo", wrong)
        return 2
    try:
        if args.tracker:
            resolve(args.tracker)
        if args.video is not None:
            open_recording(args.video, args.truth)
    except ValueError as error:
        print_error("demo", error)
        return 2
    out = args.out or Path("out") / f"demo-{datetime.now():%Y%m%d-%H%M%S}"
    try:
        out.mkdir(parents=True)
    except OSError as error:
        print_error("demo", f"{out} cannot be made: {error.strerror}")
        return 2
    try:
        moments, flight = _fly(args, out, console)
        source = "/".join(args.video.resolve().parts[-2:]) if args.video else "the synthetic scene"
        _report(
            out,
            moments,
            f"{flight.tracker} on {'a gimbal' if args.gimbal else source}",
            console,
            flight.camera if args.gimbal else None,
        )
    except BrokenPipeError:  # no fault: whoever reads the output has enough
        raise
    except (FlightError, ProcessError, OSError, ValueError) as error:
        print_error("demo", error)
        return 1
    except KeyboardInterrupt:
        console.print(f"\ninterrupted; the nodes are stopped, what was recorded is in {out}")
        return 130
    return 0


def _what_is_wrong(args: argparse.Namespace) -> str:
    """Explain why these arguments make no sense together; '' when they do."""
    if args.video is None and (args.box or args.truth):
        return "--box and --truth belong to a recording: give it with --video"
    if args.video is not None and not (args.box or args.truth):
        return "--video needs to know the target: give --box X,Y,W,H (of the first frame), or --truth FILE"
    if args.video is not None and args.gimbal:
        return "--gimbal turns the camera of the synthetic scene: it does not go with --video"
    if args.out is not None and args.out.exists():
        return f"{args.out} exists already: choose another --out"
    return ""


def camera_parameters(args: argparse.Namespace) -> dict[str, Any]:
    """Collect the camera node's parameters that are not in the parameter file."""
    given: dict[str, Any] = {"paused": True}
    if args.video is not None:
        given["source"] = str(args.video.resolve())
    if args.truth is not None:
        given["truth"] = str(args.truth.resolve())
    if args.gimbal:
        given["source"] = "chase"
    if args.latency is not None:
        given["latency_ms"] = args.latency
    if args.drops is not None:
        given["drop_share"] = args.drops
    given.update({name: value for name in ("rate", "seed") if (value := getattr(args, name)) is not None})
    return given


def _fly(args: argparse.Namespace, out: Path, console: Console) -> tuple[list[Moment], Flight]:
    """Return the images of the flight with their results, and the flight, closed."""
    began = time.monotonic()
    use_image_transport()
    with Interrupts() as interrupts, Processes(out / "logs") as processes:

        def check() -> None:
            interrupts.check()
            processes.check(may_finish=("sim_camera",))

        _start(processes, args)
        start_ros()
        flight = Flight(out / "bag", check, args.gimbal)
        try:
            with Live("starting the nodes ...", console=console, refresh_per_second=8) as live:
                first = _take_off(flight, args.box, args.gimbal)
                title = f"{flight.tracker}: tracking since {time.monotonic() - began:.1f} s after the start"
                seconds = args.seconds or (None if args.video else SECONDS)
                _watch(flight, processes, Progress(title, seconds), live)
            return _land(flight, first), flight
        except FlightError as error:
            raise FlightError(f"{error}\n{processes.last_words('tracker')}") from None
        finally:
            flight.close()
            end_ros()


def _start(processes: Processes, args: argparse.Namespace) -> None:
    """Start the nodes that the request needs."""
    files = ("uav_tracking.yaml", "gimbal.yaml") if args.gimbal else ("uav_tracking.yaml",)
    processes.start("sim_camera", camera_parameters(args), files)
    processes.start("tracker", {"tracker": args.tracker} if args.tracker else {})
    processes.start("diagnostics", {})
    if args.gimbal:
        processes.start("gimbal", {}, files)


def _take_off(flight: Flight, box: Box | None, gimbal: bool) -> int:
    """Make the nodes ready, select the target and let the camera go; the stamp of its last still image."""
    flight.activate()
    flight.request_selection(box)
    if gimbal:
        flight.center()
    first = flight.last_stamp()
    flight.play()
    return first


def _land(flight: Flight, first: int) -> list[Moment]:
    """Return everything since the image of stamp `first`, once the tracker had time for the last one."""
    last = flight.last_stamp()
    end = time.monotonic() + _LAST_RESULT
    flight.wait(lambda: flight.has_result(last) or time.monotonic() > end, "a result", ANSWERED)
    # The first image may have been looked at before the target was selected in it.
    return list(dropwhile(lambda moment: moment.state == "IDLE", flight.moments(first, last)))


def _watch(flight: Flight, processes: Processes, progress: Progress, live: Live) -> None:
    """Show the flight until its time is over, or the recording ends."""
    start = time.monotonic()
    elapsed = 0.0

    def is_over() -> bool:
        limit = progress.seconds
        return processes.has_ended("sim_camera") or (limit is not None and time.monotonic() - start >= limit)

    while not is_over():
        elapsed = time.monotonic() - start
        flight.wait(lambda: is_over() or time.monotonic() - start > elapsed + 0.2, "time to pass", 5.0)  # noqa: B023
        live.update(progress.panel(flight.newest, elapsed))


def _report(
    out: Path, moments: Sequence[Moment], title: str, console: Console, camera: Camera | None
) -> None:
    """Print the table; write the video and the plot. `camera` is one on a gimbal."""
    # matplotlib takes half a second to import: not while somebody waits for the nodes to start.
    from tracker_ros.demo.plot import choose_stills, write_plot

    summary = summarize(moments)
    console.line()
    table = summary_table(summary, title)
    if camera is not None:
        add_rows(table, judge(moments, camera), summary)
    console.print(table)
    # Of images that the tracker never saw there is nothing to show.
    seen = [moment for moment in moments if moment.state]
    # The recorder may have missed some of the others.
    recorded = image_stamps(out / "bag")
    filmed = [moment for moment in seen if moment.stamp in recorded]
    if not filmed:
        raise FlightError("the bag has none of the images that were tracked")
    rate = max(len(filmed) - 1, 1) / max((filmed[-1].stamp - filmed[0].stamp) * 1e-9, 1e-3)
    with console.status("drawing the video ...") as status:

        def tell(done: int) -> None:
            status.update(f"drawing the video: frame {done} of {len(filmed)}")

        chosen = choose_stills(filmed)
        stills = write_video(out / "demo.mp4", out / "bag", seen, rate, title, chosen, tell)
        write_plot(out / "demo.png", moments, summary, stills, title)
    for name, text in (
        ("demo.mp4", "every tracked frame with boxes and heat map"),
        ("demo.png", "IoU, score and latency over time"),
        ("bag", "rosbag2 (MCAP) of what was published, images as JPEG"),
        ("logs", "what the nodes said"),
    ):
        console.print(f"  {out / name}  {text}", soft_wrap=True)
