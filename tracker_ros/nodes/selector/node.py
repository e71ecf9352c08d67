# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The selector node: a page in the browser in which a person selects the target. `tracker_ros select`.

It connects the page of `tracker_ros.select` to one tracker node. Images are received, encoded and sent
only while somebody looks. docs/select.md describes the page and what it trusts.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import partial
from typing import Any

from builtin_interfaces.msg import Time
from lifecycle_msgs.srv import GetState
from rclpy.node import Node
from rclpy.subscription import Subscription
from std_srvs.srv import Trigger

from tracker_ros.arguments import integer
from tracker_ros.geometry import Box
from tracker_ros.msg import ResponseMap, TrackState
from tracker_ros.nodes.selector.pictures import box_values, image_picture, response_picture, state_values
from tracker_ros.ros import endpoints, qos
from tracker_ros.ros.camera import subscribe_to_images
from tracker_ros.ros.compat import image_topic, run_program, steady_clock
from tracker_ros.ros.graph import elsewhere, mismatches
from tracker_ros.ros.images import ImageError
from tracker_ros.ros.launch_plan import IMAGE
from tracker_ros.ros.live import AT_START, LiveParameters
from tracker_ros.ros.messages import box_message
from tracker_ros.ros.parameters import ParameterError, declare, resolved_name
from tracker_ros.ros.services import Service
from tracker_ros.ros.transitions import how_to_activate
from tracker_ros.select.access import is_loopback
from tracker_ros.select.hub import Picture, Shot
from tracker_ros.select.protocol import Stamp
from tracker_ros.select.server import Answer
from tracker_ros.select.thread import PageThread
from tracker_ros.srv import SelectTarget

HOST, PORT = "127.0.0.1", 8088
TRANSPORTS = ("raw", "compressed")
SILENCE = 1.0
"""Seconds without an image after which the page says so."""
_REQUEST_TIMEOUT = 5.0
_LIFECYCLE_SECONDS = 2.0
"""Seconds that the tracker node may take to answer a request, and to say its lifecycle state."""
_CHECK_SECONDS = 0.5


class SelectorNode(Node):
    """The bridge between the page, in a thread of its own, and the tracker node."""

    def __init__(self) -> None:
        super().__init__("selector")
        self._declare()
        self._tracker = resolved_name(self, "tracker_node", self._value("tracker_node"))
        self._image_topic = image_topic(self, self._value("image_transport"))
        self._images: Subscription | None = None
        self._responses: Subscription | None = None
        self._received = self._heard = 0.0
        self._unusable = ""
        self._lifecycle: Future[Any] | None = None
        self._requests: deque[Callable[[], None]] = deque()
        self._wake = self.create_guard_condition(self._execute)
        self._select = Service(self, SelectTarget, f"{self._tracker}/select", _REQUEST_TIMEOUT)
        self._stop = Service(self, Trigger, f"{self._tracker}/stop", _REQUEST_TIMEOUT)
        self._ask_lifecycle = Service(self, GetState, f"{self._tracker}/get_state", _LIFECYCLE_SECONDS)
        self._page = self._open()
        endpoints.subscription(self, TrackState, f"{self._tracker}/state", self._on_state, qos.RESULT)
        self._live = LiveParameters(self, lambda: AT_START, ("quality", "longest_side"))
        self.create_timer(_CHECK_SECONDS, self._check, clock=steady_clock())

    def _declare(self) -> None:
        declare(self, "tracker_node", "tracker", "node that tracks, relative to this node's namespace")
        declare(self, "image_transport", "raw", "as the tracker's", choices=TRANSPORTS)
        declare(
            self,
            "image_reliability",
            "best_effort",
            "of the subscription to images",
            choices=tuple(qos.RELIABILITIES),
        )
        declare(self, "host", HOST, "name or address to bind; loopback is for this machine alone")
        declare(self, "port", PORT, "to bind; 0 for one that is free", 0, 65535)
        declare(self, "quality", 80, "of the page's JPEG images", 1, 100)
        declare(self, "longest_side", 1280, "pixels; larger images are scaled down for the page", 64, 8192)

    def _value(self, name: str) -> Any:
        return self.get_parameter(name).value

    def _open(self) -> PageThread:
        host = self._value("host")
        if not host:
            raise ParameterError("parameter 'host' is empty; 0.0.0.0 means all addresses of this machine")
        try:
            page = PageThread(self, host, self._value("port"))
        except OSError as error:
            raise ParameterError(f"parameters 'host' and 'port': {error}") from error
        if not is_loopback(host):
            print(
                f"warning: the page is open to every machine that reaches {host}, unencrypted: who hears"
                " the traffic can steer the tracker; prefer an SSH tunnel (docs/select.md)",
                file=sys.stderr,
            )
        # Not logged: what is logged goes to /rosout, and this holds the token.
        print(f"Select a target at  {page.url}", flush=True)
        return page

    def close(self) -> None:
        """End the server's thread before the process ends."""
        self._page.close()

    # -- what pages ask for, on the server's thread --------------------------------------------------

    def look(self, images: bool, response: bool) -> None:
        """Receive what pages show, and only that."""
        self._later(partial(self._follow_demand, images, response))

    def request_selection(self, box: Box, stamp: Stamp) -> Future[Answer]:
        """Ask the tracker to start on a box of the image of that stamp."""
        request = SelectTarget.Request(
            bbox=box_message(box), stamp=Time(sec=stamp.sec, nanosec=stamp.nanosec)
        )
        return self._request(self._select, request)

    def stop(self) -> Future[Answer]:
        """Ask the tracker to give its target up."""
        return self._request(self._stop, Trigger.Request())

    def _request(self, service: Service, request: Any) -> Future[Answer]:
        answer: Future[Answer] = Future()
        answer.set_running_or_notify_cancel()  # from here on nobody can cancel it

        def done(response: Future[Any]) -> None:
            error = response.exception()
            answer.set_result(Answer(False, str(error)) if error else _answer(response.result()))

        self._later(lambda: service.ask(request).add_done_callback(done))
        return answer

    def _later(self, request: Callable[[], None]) -> None:
        """Run something on the executor's thread."""
        self._requests.append(request)
        self._wake.trigger()

    # -- on the executor's thread --------------------------------------------------------------------

    def _execute(self) -> None:
        while self._requests:
            self._requests.popleft()()

    def _follow_demand(self, images: bool, response: bool) -> None:
        if images and self._images is None:
            self._images = subscribe_to_images(
                self, self._on_image, self._value("image_transport"), self._value("image_reliability")
            )
            self._received, self._unusable = time.monotonic(), ""
        elif not images and self._images is not None:
            self.destroy_subscription(self._images)
            self._images = None
        if response and self._responses is None:
            self._responses = endpoints.subscription(
                self, ResponseMap, f"{self._tracker}/response", self._on_response, qos.PICTURE
            )
        elif not response and self._responses is not None:
            self.destroy_subscription(self._responses)
            self._responses = None

    def _on_image(self, image: Any) -> None:
        self._received = time.monotonic()
        shot = Shot(_stamp(image), partial(self._encode, image), size=len(image.data))
        self._page.tell(self._page.hub.add_image, shot)

    def _encode(self, image: Any) -> Picture:
        """Run on a thread of the server's."""
        try:
            picture = image_picture(image, self._value("longest_side"), self._value("quality"))
        except ImageError as error:
            self._unusable = str(error)
            raise
        self._unusable = ""
        return picture

    def _on_state(self, state: TrackState) -> None:
        self._heard = time.monotonic()
        self._page.tell(self._page.hub.add_state, _stamp(state), state_values(state))

    def _on_response(self, response: ResponseMap) -> None:
        about = {"window": box_values(response.window)}
        self._page.tell(
            self._page.hub.add_response, Shot(_stamp(response), partial(response_picture, response), about)
        )

    def _check(self) -> None:
        """Update the problems shown on the pages, and query the nodes for them."""
        if self._lifecycle is not None and self._lifecycle.done():
            problem = self._tracker_problem(self._lifecycle)
            self._page.tell(partial(self._page.hub.add_status, tracker=problem))
        if self._lifecycle is None or self._lifecycle.done():
            self._lifecycle = self._ask_lifecycle.ask(GetState.Request())
        self._page.tell(partial(self._page.hub.add_status, images=self._images_problem()))

    def _tracker_problem(self, lifecycle: Future[Any]) -> str:
        if lifecycle.exception() is not None:
            if time.monotonic() - self._heard < _LIFECYCLE_SECONDS:  # it lives, whatever became of the answer
                return ""
            return f"No tracker node answers as {self._tracker}."
        label = lifecycle.result().current_state.label
        if label == "active":
            return ""
        if label in ("inactive", "unconfigured"):
            return f"The tracker node is {how_to_activate(self._tracker, label == 'inactive')}"
        return f"The tracker node is {label}."

    def _images_problem(self) -> str:
        topic, silence = self._image_topic, time.monotonic() - self._received
        if self._images is None:
            return ""
        if self._unusable:
            return f"The image on {topic} cannot be shown: {self._unusable}."
        if silence < SILENCE:
            return ""
        if self.count_publishers(topic) == 0:
            return f"Nobody publishes images on {topic}{elsewhere(self, topic)}."
        wrong = [text for text in mismatches(self, [topic]) if self.get_fully_qualified_name() in text]
        return f"{wrong[0]}." if wrong else f"No image on {topic} for {silence:.0f} s."


def _stamp(message: Any) -> Stamp:
    return Stamp(message.header.stamp.sec, message.header.stamp.nanosec)


def _answer(response: Any) -> Answer:
    """Convert a response of ~/select or ~/stop to an outcome."""
    if isinstance(response, Trigger.Response):
        return Answer(response.success, "" if response.success else response.message)
    return Answer(response.accepted, response.reason, response.target_id)


def add_parsers(sub: Any) -> None:
    """Add the subcommand ``select`` to an argparse subparsers object."""
    parser = sub.add_parser(
        "select", help="select a target in the browser",
        description="Serves a page with the camera's live image in which a target is selected with mouse, "
        "finger or keyboard, and prints its address.",
    )  # fmt: skip
    add = parser.add_argument
    add("--image", default=IMAGE, metavar="TOPIC", help="images (default: %(default)s)")
    add("--tracker-node", default="tracker", metavar="NAME", help="tracker node (default: %(default)s)")
    add("--namespace", default="", metavar="NAME", help="namespace of relative names")
    add("--transport", choices=TRANSPORTS, default="raw", help="of the images (default: %(default)s)")
    add("--host", default=HOST, help="address to bind (default: %(default)s, for this machine alone)")
    add(
        "--port",
        type=integer(0, 65535),
        default=PORT,
        help="port to bind (default: %(default)s; 0: a free one)",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run the node as the command line says."""
    values = {
        "tracker_node": args.tracker_node,
        "image_transport": args.transport,
        "host": args.host,
        "port": args.port,
    }
    words = ["--ros-args", "-r", f"image:={args.image}"]
    if args.namespace:
        words += ["-r", f"__ns:=/{args.namespace.strip('/')}"]
    for name, value in values.items():
        words += ["-p", f"{name}:={json.dumps(value)}"]
    return main(words)


def main(args: Sequence[str] | None = None) -> int:
    """Run the node."""
    return run_program(SelectorNode, args)


if __name__ == "__main__":
    raise SystemExit(main())
