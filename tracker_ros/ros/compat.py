"""The one place for differences between ROS 2 distributions (Humble to Lyrical) and middlewares."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

import rclpy
from rclpy.clock import Clock, ClockType
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node

from tracker_ros.resources import config_file
from tracker_ros.ros.parameters import ParameterError

PROFILE_VARIABLE = "FASTDDS_DEFAULT_PROFILES_FILE"


def steady_clock() -> Clock:
    """A clock that nobody sets: for time-outs, whatever simulated time does."""
    return Clock(clock_type=ClockType.STEADY_TIME)


def image_topic(node: Node, transport: str) -> str:
    """The resolved name of the images' topic for a transport, 'raw' or 'compressed'.

    As with image_transport, remapping ``image`` moves ``image/compressed`` too.
    """
    topic = node.resolve_topic_name("image")
    return topic if transport == "raw" else f"{topic}/{transport}"


def use_image_transport() -> None:
    """Let Fast DDS carry images of any size, unless the user chose a profile; before `rclpy.init`.

    With its default shared-memory segment Fast DDS loses best-effort images of more than 512 KB. The
    profile in config/fastdds.xml enlarges the segment; other middlewares do not read the variable.
    """
    if PROFILE_VARIABLE in os.environ or "RMW_FASTRTPS_USE_QOS_FROM_XML" in os.environ:
        return
    os.environ[PROFILE_VARIABLE] = str(config_file("fastdds.xml"))


def run_node(make: Callable[[], Node], args: list[str] | None = None) -> int:
    """Spin the node that `make` builds until it is interrupted; the exit status of the program.

    A node with a method ``close`` has it called before it is destroyed.
    """
    use_image_transport()
    rclpy.init(args=args)
    node = None
    try:
        node = make()
        executor = SingleThreadedExecutor()
        executor.add_node(node)
        executor.spin()
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    except ParameterError as error:
        print(error, file=sys.stderr)
        return 2
    finally:
        if node is not None:
            getattr(node, "close", lambda: None)()
            node.destroy_node()
        rclpy.try_shutdown()
    return 0
