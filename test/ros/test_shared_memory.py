# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Images between processes that have little memory to share, as Docker's containers do."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from disk_helpers import ENVIRONMENT, PRIVATE, require_mounts

pytest.importorskip("rclpy", reason="rclpy is not installed")

from diagnostic_msgs.msg import DiagnosticStatus  # noqa: E402
from node_helpers import Domain  # noqa: E402
from rclpy.utilities import get_rmw_implementation_identifier  # noqa: E402

from tracker_ros.config_files import config_file  # noqa: E402
from tracker_ros.ros import compat, health  # noqa: E402
from tracker_ros.ros.memory import Memory, shared_memory  # noqa: E402

pytestmark = pytest.mark.ros
MIB = 1 << 20
FAST = "rmw_fastrtps_cpp"


def test_the_room_is_what_the_system_says(tmp_path: Path) -> None:
    found, told = shared_memory(str(tmp_path)), shutil.disk_usage(tmp_path)
    assert found is not None and found.total == told.total
    assert shared_memory(str(tmp_path / "none")) is None


@pytest.mark.parametrize(
    ("total", "profile"),
    [(64, "fastdds_small.xml"), (511, "fastdds_small.xml"), (512, "fastdds.xml"), (0, "fastdds.xml")],
)
def test_segments_are_small_where_there_is_little_room(
    monkeypatch: pytest.MonkeyPatch, total: int, profile: str
) -> None:
    for name in ("FASTDDS_DEFAULT_PROFILES_FILE", "FASTRTPS_DEFAULT_PROFILES_FILE"):
        monkeypatch.delenv(name, raising=False)
    room = Memory("/dev/shm", 0, total * MIB) if total else None
    monkeypatch.setattr(compat, "shared_memory", lambda: room)
    assert set(compat.image_transport().values()) == {str(config_file(profile))}


def test_the_profiles_differ_in_the_segment_alone() -> None:
    texts = [
        re.sub("(?s)<!--.*?-->", "", config_file(f"fastdds{size}.xml").read_text()) for size in ("", "_small")
    ]
    assert texts[0].replace("33554432", "8388608") == texts[1] != texts[0]


@pytest.mark.parametrize(
    ("shared", "level", "words"),
    [
        (None, DiagnosticStatus.WARN, "no shared memory in /dev/shm.*--shm-size=1g"),
        (
            Memory("/dev/shm", 60 * MIB, 64 * MIB),
            DiagnosticStatus.WARN,
            "4 MiB free.*less than 9 loses large images",
        ),
        (
            Memory("/dev/shm", 20 * MIB, 64 * MIB),
            DiagnosticStatus.OK,
            "44 of 64 MiB free.*beyond 1920 x 1080 are lost",
        ),
        (
            Memory("/dev/shm", 20 * MIB, 8192 * MIB),
            DiagnosticStatus.OK,
            "^8172 of 8192 MiB free in /dev/shm$",
        ),
    ],
)
def test_diagnostics_say_how_much_room_there_is(shared: Memory | None, level: bytes, words: str) -> None:
    status = health.transport(shared, FAST)
    assert status.level == level and re.search(words, status.message), status.message
    assert health.transport(None, "rmw_cyclonedds_cpp").level == DiagnosticStatus.OK


IMAGES = 20
TALK = """
import array, os, sys, time
import rclpy
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import Image
from tracker_ros.ros.compat import use_image_transport

use_image_transport()
end = time.monotonic() + 80
rclpy.init()
node = rclpy.create_node(f"talk{os.getpid()}")
heard = []

def until(condition, limit=80.0):
    latest = min(time.monotonic() + limit, end)
    while not condition() and time.monotonic() < latest:
        rclpy.spin_once(node, timeout_sec=0.1)

if sys.argv[1] == "listen":
    got = node.create_publisher(Image, "got", 100)
    def take(message):
        heard.append(1)
        got.publish(Image())
    node.create_subscription(Image, "images", take, qos_profile_sensor_data)
    finished = []
    node.create_subscription(Image, "finished", finished.append, 1)
    until(lambda: finished)
    os.write(1, f"{len(heard)}\\n".encode())  # at once: the listeners share the output
else:
    listeners, images = map(int, sys.argv[2:])
    node.create_subscription(Image, "got", heard.append, 100)
    publisher = node.create_publisher(Image, "images", qos_profile_sensor_data)
    finished = node.create_publisher(Image, "finished", 1)
    both = (publisher, finished)
    until(lambda: min(p.get_subscription_count() for p in both) == listeners == node.count_publishers("got"))
    image = Image(height=1080, width=1920, step=5760, encoding="rgb8")
    image.data = array.array("B", bytes(5760 * 1080))
    for number in range(images):
        heard.clear()
        publisher.publish(image)
        until(lambda: len(heard) == listeners, 2.0)
    while finished.get_subscription_count() and time.monotonic() < end:
        finished.publish(Image())
        until(lambda: False, 0.2)
"""
SMALL = """
mount -t tmpfs -o size=64m tmpfs /dev/shm || exit 99
for _ in 1 2 3; do "$1" -c "$2" listen & done
"$1" -c "$2" talk 3 "$3"
wait
"""


@pytest.mark.skipif(
    "fastrtps" not in get_rmw_implementation_identifier(), reason="the middleware is not Fast DDS"
)
def test_four_processes_exchange_full_images_within_what_docker_gives() -> None:
    require_mounts()
    domain = Domain()
    try:
        done = subprocess.run(
            [*PRIVATE, "bash", "-c", SMALL, "bash", sys.executable, TALK, str(IMAGES)],
            env={**ENVIRONMENT, "ROS_DOMAIN_ID": str(domain.number)},
            capture_output=True,
            text=True,
            timeout=100,
        )
    finally:
        domain.close()
    assert done.returncode == 0 and "Failed to create segment" not in done.stderr, done.stderr[-2000:]
    arrived = [int(line) for line in done.stdout.split()]
    assert len(arrived) == 3 and min(arrived) >= 0.9 * IMAGES, arrived
