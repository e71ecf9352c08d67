# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Bytes to pixels, the same for messages, files and training: the bytes decide, not what they are called."""

from __future__ import annotations

import re

import cv2
import numpy as np
import numpy.typing as npt

from tracker_ros.data.image_headers import image_size

Pixels = npt.NDArray[np.uint8]

_JPEG, _PNG = b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"
_JPEG_END = b"\xff\xd9"
# In a scan's data 0xff is followed by 0 (a data byte 0xff) or by a restart marker; filling is 0xff again.
_JPEG_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")

_STRAIGHT_TO_RGB: int | None = getattr(cv2, "IMREAD_COLOR_RGB", None)
"""A flag of OpenCV 4.10 and newer: spares a pass over the pixels, 0.3 to 0.6 ms of an image of 1920x1080."""


MOST_PIXELS = 1 << 27
"""The most pixels of an image: 11,585 x 11,585, which take 400 MB as RGB. A PNG of one colour may hold any
number in a few bytes, so that the header is read before anything is decoded."""


class DecodeError(ValueError):
    """Bytes that are no image to track in. The message says what they are instead."""


def inspect(data: Pixels) -> None:
    """Check what can be told without decoding; damage inside an image passes.

    Args:
        data: uint8 [N], the bytes of an image file.

    Raises:
        DecodeError: for no bytes, a JPEG or PNG that is cut off, a PNG of 16 bits, more than `MOST_PIXELS`,
            or no image of a known format.
    """
    if data.size == 0:
        raise DecodeError("image is empty: 0 bytes")
    head = data[:25].tobytes()
    if head.startswith(_JPEG) and not _is_whole_jpeg(data):
        raise DecodeError(f"JPEG is cut off: its end is missing after {data.size} bytes")
    if head.startswith(_PNG):
        if not _is_whole_png(data):
            raise DecodeError(f"PNG is cut off: its end is missing after {data.size} bytes")
        if head[24] == 16:  # the bit depth in IHDR, which comes first
            raise DecodeError(_deep("16-bit PNG"))
    size = image_size(data.data)
    if size is None:
        raise DecodeError(f"{data.size} bytes cannot be decoded: no JPEG, PNG, BMP, WebP, TIFF or PNM")
    require_pixels(*size)


def require_pixels(width: int, height: int) -> None:
    """Make sure that an image is not too large to be decoded or converted.

    Raises:
        DecodeError: for more than `MOST_PIXELS`.
    """
    if width * height > MOST_PIXELS:
        most = f"{MOST_PIXELS / 1e6:.0f} million"
        raise DecodeError(f"image of {width} x {height} pixels has more than {most}: reduce it first")


def decode(data: Pixels, upright: bool = False) -> Pixels:
    """Decode a JPEG, PNG, BMP, WebP, TIFF or PNM to RGB uint8 [H, W, 3].

    What follows a whole JPEG or PNG in its buffer, such as zeros, is ignored.

    Args:
        data: uint8 [N], the bytes of an image file.
        upright: turn a photograph as its EXIF data says. Boxes of a live camera refer to its own pixels.

    Raises:
        DecodeError: for what `inspect` refuses, pixels of more than 8 bits, and what cannot be decoded.
    """
    inspect(data)
    # Decoders that are asked for 8 bits cut deeper pixels to their high byte without a word.
    flags = cv2.IMREAD_ANYDEPTH | (cv2.IMREAD_COLOR if _STRAIGHT_TO_RGB is None else _STRAIGHT_TO_RGB)
    try:
        pixels = cv2.imdecode(data, flags if upright else flags | cv2.IMREAD_IGNORE_ORIENTATION)
    except cv2.error as error:
        raise DecodeError(f"{data.size} bytes cannot be decoded: {str(error).strip()}") from error
    if pixels is None:
        raise DecodeError(f"{data.size} bytes cannot be decoded as a JPEG, PNG or other image")
    if pixels.dtype != np.uint8:
        raise DecodeError(_deep(f"image of {pixels.dtype} pixels"))
    return pixels if _STRAIGHT_TO_RGB is not None else cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB)


def _deep(what: str) -> str:
    return f"{what} is not an 8-bit image (depth or raw thermal data?): convert it to 8 bits first"


def _is_whole_jpeg(data: Pixels) -> bool:
    """Return whether the marker that ends the image is present; not that of a thumbnail inside it."""
    if data[-2:].tobytes() == _JPEG_END:
        return True
    place = len(_JPEG) - 1
    while (found := _JPEG_MARKER.search(data.data, place)) is not None:
        place = found.end()
        if found.group() == _JPEG_END:
            return True
        # The length of the segment counts its own two bytes.
        place += int.from_bytes(data[place : place + 2].tobytes(), "big")
    return False


def _is_whole_png(data: Pixels) -> bool:
    """Return whether the chunks lead to the one that ends the image."""
    place = len(_PNG)
    while place + 12 <= data.size:
        length, name = data[place : place + 4].tobytes(), data[place + 4 : place + 8].tobytes()
        place += 12 + int.from_bytes(length, "big")  # length, name and checksum are 4 bytes each
        if name == b"IEND":
            return place <= data.size
    return False
