# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Annotation files as other systems write them, and as they are when something went wrong."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

FORMS: dict[str, Callable[[str], bytes]] = {
    "BOM": lambda text: text.encode("utf-8-sig"),
    "UTF-16": lambda text: text.encode("utf-16"),
    "UTF-16 without a mark": lambda text: text.encode("utf-16-le"),
    "CRLF": lambda text: text.replace("\n", "\r\n").encode(),
}
"""Of the same content."""

DAMAGES: dict[str, Callable[[str], bytes]] = {
    "empty": lambda text: b"",
    "blank": lambda text: b"\n\n \n",
    "cut": lambda text: text[: len(text) // 2].encode(),
    "a line less": lambda text: "\n".join(text.split("\n")[1:]).encode(),
    "a line more": lambda text: (text.rstrip("\n") + "\n" + text.split("\n")[0] + "\n").encode(),
    "words": lambda text: b"x, y, w, h\n" + text.encode(),
    "other numbers": lambda text: b"7,8,9\n" * 3,
    "nan": lambda text: b"nan,nan,nan,nan\n" * 3,
    "noise": lambda text: bytes(range(1, 256)),
    "zeros": lambda text: bytes(64),
    "deep": lambda text: b"[" * 100_000,
    "another JSON": lambda text: b'{"images": [3], "annotations": {"a": null}, "video": [[1]]}',
    "another XML": lambda text: b"<a><object><bndbox><xmin>left</xmin></bndbox></object></a>",
}


def annotations(root: Path) -> list[Path]:
    """The files of a data set that hold no picture."""
    pictures = {".jpg", ".jpeg", ".png", ".avi"}
    return [p for p in sorted(root.rglob("*")) if p.is_file() and p.suffix.lower() not in pictures]
