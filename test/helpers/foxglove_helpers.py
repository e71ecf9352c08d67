# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Both ends of a foxglove-sdk socket: one fed as foxglove_bridge feeds it, and a viewer that looks."""

from __future__ import annotations

import json
import os
import re
import struct
import sys
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from queue import SimpleQueue
from threading import Event
from typing import Any

import foxglove as sdk
from node_helpers import TIMEOUT, Client
from rclpy.serialization import deserialize_message, serialize_message
from rosbags.typesys import Stores, get_types_from_msg, get_typestore
from std_srvs.srv import Trigger

from tracker_ros.ros.qos import MEASUREMENT

ANSWER = 3
"""Opcode of what a service answered; the other binary data are messages."""


def definition(kind: str) -> str:
    """The text of a message type, followed by those of the types in it, as the encoding "ros2msg" has it."""
    prefixes = [*os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep), sys.prefix]
    texts, missing = {}, [kind]
    while missing:
        package, _, name = missing.pop().rpartition("/msg/")
        files = [Path(prefix) / "share" / package / "msg" / f"{name}.msg" for prefix in prefixes if prefix]
        texts[f"{package}/{name}"] = text = next(file for file in files if file.is_file()).read_text()
        for other, inner in re.findall(r"^\s*(?:(\w+)/(?:msg/)?)?([A-Z]\w*)", text, re.MULTILINE):
            if f"{other or package}/{inner}" not in texts and "=" not in inner:
                missing.append(f"{other or package}/msg/{inner}")
    first, *rest = texts.items()
    return "".join([first[1], *(f"\n{'=' * 80}\nMSG: {name}\n{text}" for name, text in rest)])


class Bridge:
    """Offers what is on the graph, and subscribes to a topic once a viewer does."""

    def __init__(self, client: Client):
        self.client, self.context = client, sdk.Context()
        self.channels: dict[str, Any] = {}
        self.watched: SimpleQueue[str] = SimpleQueue()  # filled in the server's thread
        self.server = sdk.start_server(
            port=0, context=self.context, server_listener=self, supported_encodings=["cdr"],
            capabilities=[sdk.websocket.Capability.Services])  # fmt: skip

    def __getattr__(self, name: str) -> Any:
        """What else the server tells its listener is of no interest."""
        if name.startswith("on_"):
            return lambda *_: None
        raise AttributeError(name)

    def on_subscribe(self, _: Any, channel: Any) -> None:
        self.watched.put(channel.topic)

    def step(self) -> None:
        """Offer new topics, and relay those that somebody began to watch."""
        node = self.client.node
        for topic, (kind, *_) in node.get_topic_names_and_types():
            if topic not in self.channels and node.count_publishers(topic):
                schema = sdk.Schema(name=kind, encoding="ros2msg", data=definition(kind).encode())
                self.channels[topic] = sdk.Channel(
                    topic, schema=schema, message_encoding="cdr", context=self.context
                )
        while not self.watched.empty():
            channel = self.channels[self.watched.get()]
            package, _, name = channel.schema_name().rpartition("/msg/")
            kind = getattr(import_module(f"{package}.msg"), name)
            node.create_subscription(kind, channel.topic(), channel.log, MEASUREMENT, raw=True)

    def offer_service(self, name: str) -> None:
        service = self.client.service(Trigger, name)

        def answer(request: Any) -> bytes:
            done = Event()
            future = service.call_async(deserialize_message(request.payload, Trigger.Request))
            future.add_done_callback(lambda _: done.set())
            assert done.wait(TIMEOUT)
            return bytes(serialize_message(future.result()))

        schema = sdk.Schema(name="std_srvs/srv/Trigger_Request", encoding="ros2msg", data=b"")
        form = sdk.ServiceSchema(
            name="std_srvs/srv/Trigger", request=sdk.MessageSchema(encoding="cdr", schema=schema)
        )
        self.server.add_services([sdk.Service(name, schema=form, handler=answer)])


class Viewer:
    """Speaks the protocol of foxglove-sdk, and decodes with nothing but what came over the socket."""

    def __init__(self, socket: Any):
        self.socket = socket
        self.channels: dict[str, Any] = {}
        self.services: dict[str, Any] = {}
        self.messages: dict[int, bytes] = {}
        self.answers: list[bytes] = []
        self._types: dict[str, Any] = {}

    def read(self) -> None:
        """Take all that has arrived."""
        while True:
            try:
                data = self.socket.recv(timeout=0)
            except TimeoutError:
                return
            if isinstance(data, str):
                said = json.loads(data)
                self.channels |= {channel["topic"]: channel for channel in said.get("channels", [])}
                self.services |= {service["name"]: service for service in said.get("services", [])}
            elif data[0] == ANSWER:
                self.answers.append(data[13 + struct.unpack_from("<I", data, 9)[0] :])
            else:
                self.messages[struct.unpack_from("<I", data, 1)[0]] = data[13:]

    def subscribe(self, topics: Iterable[str]) -> None:
        ids = [self.channels[topic]["id"] for topic in topics]
        listed = [{"id": number, "channelId": number} for number in ids]
        self.socket.send(json.dumps({"op": "subscribe", "subscriptions": listed}))

    def newest(self, topic: str) -> Any:
        """The newest message of a topic, None before the first."""
        channel = self.channels[topic]
        if channel["id"] not in self.messages:
            return None
        if topic not in self._types:
            self._types[topic] = get_typestore(Stores.EMPTY)
            self._types[topic].register(get_types_from_msg(channel["schema"], channel["schemaName"]))
        return self._types[topic].deserialize_cdr(self.messages[channel["id"]], channel["schemaName"])

    def press(self, service: str) -> None:
        head = struct.pack("<BIII", 2, self.services[service]["id"], 1, 3)
        self.socket.send(head + b"cdr" + bytes(serialize_message(Trigger.Request())))
