# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The size of an image from its file's header, known before any memory is taken for its pixels."""

from __future__ import annotations

import re
import struct

_NETPBM = re.compile(rb"P[1-6](?:\s+(?:#[^\n]*\n\s*)*)(\d{1,9})(?:\s+(?:#[^\n]*\n\s*)*)(\d{1,9})\s")
_TIFF = {b"II*\0": "<", b"MM\0*": ">"}
_TIFF_WIDTH, _TIFF_HEIGHT = 256, 257
_MOST_TAGS = 4096


def image_size(data: bytes | memoryview) -> tuple[int, int] | None:
    """Return the width and height that a file's header states.

    Args:
        data: of a JPEG, PNG, BMP, WebP, TIFF, or one of Netpbm's formats.

    Returns:
        None for other files, and for headers that are cut off or state nothing.
    """
    head = bytes(data[:64])
    try:
        if head.startswith(b"\xff\xd8\xff"):
            return _jpeg(memoryview(data))
        if head.startswith(b"\x89PNG\r\n\x1a\n"):
            return struct.unpack_from(">II", head, 16)
        if head.startswith(b"BM"):
            return _bmp(head)
        if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
            return _webp(head)
        if head[:4] in _TIFF:
            return _tiff(memoryview(data), _TIFF[head[:4]])
    except struct.error:
        return None
    found = _NETPBM.match(bytes(data[:4096]))
    return None if found is None else (int(found[1]), int(found[2]))


def _jpeg(data: memoryview) -> tuple[int, int] | None:
    """Walk over the segments to that of the frame; those of thumbnails lie inside others."""
    place = 2
    while place + 4 <= len(data) and data[place] == 0xFF:
        marker = data[place + 1]
        if marker == 0xFF:  # filling
            place += 1
        elif 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack_from(">HH", data, place + 5)
            return width, height
        elif marker == 0xDA:  # the scan: pixels begin
            return None
        else:
            place += 2 + int(struct.unpack_from(">H", data, place + 2)[0])
    return None


def _bmp(head: bytes) -> tuple[int, int]:
    if struct.unpack_from("<I", head, 14)[0] == 12:  # OS/2
        return struct.unpack_from("<HH", head, 18)
    width, height = struct.unpack_from("<ii", head, 18)
    return abs(width), abs(height)  # rows from the top have a negative height


def _webp(head: bytes) -> tuple[int, int] | None:
    kind = head[12:16]
    if kind == b"VP8 ":
        width, height = struct.unpack_from("<HH", head, 26)
        return width & 0x3FFF, height & 0x3FFF
    if kind == b"VP8L":
        bits = struct.unpack_from("<I", head, 21)[0]
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8X":
        return int.from_bytes(head[24:27], "little") + 1, int.from_bytes(head[27:30], "little") + 1
    return None


def _tiff(data: memoryview, order: str) -> tuple[int, int] | None:
    place = struct.unpack_from(f"{order}I", data, 4)[0]
    count = struct.unpack_from(f"{order}H", data, place)[0]
    sides: dict[int, int] = {}
    for number in range(min(count, _MOST_TAGS)):
        tag, kind = struct.unpack_from(f"{order}HH", data, place + 2 + 12 * number)
        if tag in (_TIFF_WIDTH, _TIFF_HEIGHT):
            sides[tag] = struct.unpack_from(
                f"{order}{'H' if kind == 3 else 'I'}", data, place + 10 + 12 * number
            )[0]
    if len(sides) < 2:
        return None
    return sides[_TIFF_WIDTH], sides[_TIFF_HEIGHT]
