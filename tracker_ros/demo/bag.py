# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Writes what topics carry to a rosbag2 (MCAP), byte for byte, and reads images back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from rosbags.rosbag2 import Reader, StoragePlugin, Writer
from rosbags.typesys import Stores, get_types_from_msg, get_typestore
from rosbags.typesys.store import Typestore

BAG_VERSION = 9
_PRIMITIVES = {"boolean": "bool", "octet": "byte", "float": "float32", "double": "float64"}
_FIELD = re.compile(r"(?:sequence<)?([\w/]+(?:<\d+>)?)(?:, \d+)?>?(\[\d+\])?")


class Stored(NamedTuple):
    """One message of a bag: its topic, the time of its arrival in ns, and its CDR bytes."""

    topic: str
    at: int
    data: bytes


class BagWriter:
    """Writes serialised messages; the definitions of their types come from the generated classes."""

    def __init__(self, path: Path):
        self._types = get_typestore(Stores.LATEST)
        self._writer = Writer(path, version=BAG_VERSION, storage_plugin=StoragePlugin.MCAP)
        self._writer.open()
        self._connections: dict[str, Any] = {}

    def write(self, topic: str, kind: type, at: int, data: bytes) -> None:
        """Append one message of the generated class `kind` that arrived at `at` (ns)."""
        if topic not in self._connections:
            self._connections[topic] = self._writer.add_connection(
                topic, _define(kind, self._types), typestore=self._types
            )
        self._writer.write(self._connections[topic], at, data)

    def close(self) -> None:
        """Finish the bag. Without this it has no metadata."""
        self._writer.close()


def read_topic(path: Path, topic: str) -> Iterator[Stored]:
    """Yield the messages of one topic in the order of their arrival."""
    with Reader(path) as reader:
        wanted = [connection for connection in reader.connections if connection.topic == topic]
        for connection, at, data in reader.messages(connections=wanted) if wanted else ():
            yield Stored(connection.topic, at, data)


def _define(kind: Any, types: Typestore) -> str:
    """Return the name of a generated class's type, added to `types` with all that it holds."""
    package, folder = kind.__module__.split(".")[:2]
    name = f"{package}/{folder}/{kind.__name__}"
    if name not in types.fielddefs:
        lines = []
        members = dict(zip(kind.get_fields_and_field_types(), kind.SLOT_TYPES, strict=True))
        for field, written in kind.get_fields_and_field_types().items():
            _define_member(members[field], types)
            lines.append(f"{_definition_of(written)} {field}")
        types.register(get_types_from_msg("\n".join(lines), name))
    return name


def _define_member(slot: Any, types: Typestore) -> None:
    """Define the message type that a field holds, alone or in a list."""
    slot = getattr(slot, "value_type", slot)
    if hasattr(slot, "namespaces"):
        module = __import__(".".join(slot.namespaces), fromlist=[slot.name])
        _define(getattr(module, slot.name), types)


def _definition_of(written: str) -> str:
    """Rewrite a type from a class's form, ``sequence<double>``, to that of message files, ``float64[]``."""
    match = _FIELD.fullmatch(written)
    if match is None:
        raise ValueError(f"type '{written}' cannot be written to a bag")
    element, length = match.groups()
    return _PRIMITIVES.get(element, element) + (length or ("[]" if written.startswith("sequence") else ""))
