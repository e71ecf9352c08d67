# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""A subscription on a thread of its own, against a publisher in the same process."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator

import pytest

pytest.importorskip("rclpy", reason="rclpy is not installed")

from node_helpers import TIMEOUT, Client, Domain  # noqa: E402
from std_msgs.msg import String  # noqa: E402

from tracker_ros.ros.qos import COMMAND  # noqa: E402
from tracker_ros.ros.reader import Reader  # noqa: E402

pytestmark = pytest.mark.ros


@pytest.fixture
def client() -> Iterator[Client]:
    domain = Domain()
    made = Client(domain)
    yield made
    made.close()
    domain.close()


def test_messages_come_without_an_executor_until_it_is_closed(client: Client) -> None:
    got: queue.Queue[tuple[str, str]] = queue.Queue()
    before = threading.active_count()
    reader = Reader(
        client.node, String, "words", lambda m: got.put((m.data, threading.current_thread().name)), COMMAND
    )
    publisher = client.node.create_publisher(String, "words", 10)
    client.wait(publisher.get_subscription_count, "the subscription")
    for word in ("one", "two", "three"):
        publisher.publish(String(data=word))
    assert [got.get(timeout=TIMEOUT) for _ in range(3)] == [
        ("one", "reader"),
        ("two", "reader"),
        ("three", "reader"),
    ]
    reader.close()
    assert threading.active_count() == before
    client.wait(lambda: not publisher.get_subscription_count(), "the end of the subscription")
    assert got.empty()


def test_an_executor_that_spins_does_not_take_its_messages(client: Client) -> None:
    callers: queue.Queue[str] = queue.Queue()
    reader = Reader(
        client.node, String, "words", lambda _: callers.put(threading.current_thread().name), COMMAND
    )
    publisher = client.node.create_publisher(String, "words", 10)
    client.wait(publisher.get_subscription_count, "the subscription")
    publisher.publish(String())
    client.wait(lambda: not callers.empty(), "the message")  # spins meanwhile
    reader.close()
    assert callers.get() == "reader" and callers.empty()


def test_a_receiver_that_fails_is_logged_and_called_again(
    client: Client, capfd: pytest.CaptureFixture[str]
) -> None:
    got: queue.Queue[str] = queue.Queue()

    def receive(message: String) -> None:
        if message.data == "bad":
            raise KeyError("a bad word")
        got.put(message.data)

    reader = Reader(client.node, String, "words", receive, COMMAND)
    publisher = client.node.create_publisher(String, "words", 10)
    client.wait(publisher.get_subscription_count, "the subscription")
    for word in ("bad", "good"):
        publisher.publish(String(data=word))
    assert got.get(timeout=TIMEOUT) == "good"
    reader.close()
    assert "KeyError: 'a bad word'" in capfd.readouterr().err
