# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Bytes of images: what is whole, what is cut off, and how deep it is."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tracker_ros.data.decoding import DecodeError, decode, inspect
from tracker_ros.data.sequence import DataError, read_image

THUMBNAIL = b"\xff\xd8\xff\xda\x00\x02data\xff\xd9"


def photo() -> np.ndarray:
    """Smooth uint8 [48, 64, 3] with different channels."""
    y, x = np.mgrid[0:48, 0:64]
    return np.stack((x * 3, y * 4, 255 - x * 2), -1).astype(np.uint8)


def encoded(suffix: str, image: np.ndarray, *options: int) -> np.ndarray:
    return np.asarray(cv2.imencode(suffix, image, options)[1]).ravel()


def joined(*parts: bytes | np.ndarray) -> np.ndarray:
    return np.frombuffer(b"".join(bytes(part) for part in parts), np.uint8)


JPEGS = {
    "baseline": encoded(".jpg", photo()),
    "progressive": encoded(".jpg", photo(), cv2.IMWRITE_JPEG_PROGRESSIVE, 1),
    "restarts": encoded(".jpg", photo(), cv2.IMWRITE_JPEG_RST_INTERVAL, 2),
}
TAILS = {
    "zeros": bytes(5000),
    "remains of another": bytes(range(256)) * 20,
    "another": bytes(JPEGS["baseline"])[:-2],
}


@pytest.mark.parametrize("tail", TAILS)
@pytest.mark.parametrize("kind", [*JPEGS, "png"])
def test_what_follows_a_whole_image_in_its_buffer_is_ignored(kind: str, tail: str) -> None:
    data = encoded(".png", photo()) if kind == "png" else JPEGS[kind]
    inspect(joined(data, TAILS[tail]))
    assert np.array_equal(decode(joined(data, TAILS[tail])), decode(data))


@pytest.mark.parametrize("kind", [*JPEGS, "png"])
@given(share=st.floats(0.0, 0.999), padding=st.sampled_from([0, 1, 4000]))
@settings(max_examples=40, deadline=None)
def test_a_cut_image_is_refused_also_where_zeros_follow(kind: str, share: float, padding: int) -> None:
    data = encoded(".png", photo()) if kind == "png" else JPEGS[kind]
    with pytest.raises(DecodeError, match="cut off|empty|cannot be decoded"):
        # The end of a PNG is 12 bytes without a pixel.
        decode(joined(data[: int((len(data) - 12) * share)], bytes(padding)))


def test_the_end_of_a_thumbnail_is_not_the_end_of_the_image() -> None:
    jpeg = bytes(JPEGS["baseline"])
    segment = b"\xff\xe1" + (2 + len(THUMBNAIL)).to_bytes(2, "big") + THUMBNAIL
    whole = jpeg[:2] + segment + jpeg[2:]
    assert decode(joined(whole, bytes(100))).shape == (48, 64, 3)
    with pytest.raises(DecodeError, match="JPEG is cut off"):
        inspect(joined(whole[:-30], bytes(100)))


@pytest.mark.parametrize("suffix", [".png", ".tiff"])
@pytest.mark.parametrize("channels", [1, 3])
def test_deeper_pixels_are_refused_in_messages_and_files(suffix: str, channels: int, tmp_path: Path) -> None:
    deep = np.full((8, 8, channels), 7000, np.uint16)
    with pytest.raises(DecodeError, match="not an 8-bit image.*convert it to 8 bits"):
        decode(encoded(suffix, deep))
    path = tmp_path / "frame.jpg"  # its name says nothing about it
    path.write_bytes(bytes(encoded(suffix, deep)))
    with pytest.raises(DataError, match="frame.jpg: .*not an 8-bit image"):
        read_image(path)


def test_files_are_what_they_hold(tmp_path: Path) -> None:
    path = tmp_path / "frame.jpg"
    path.write_bytes(bytes(encoded(".png", photo())))
    assert np.array_equal(read_image(path), photo()[..., ::-1])
    path.write_bytes(bytes(JPEGS["baseline"])[:-40])
    with pytest.raises(DataError, match="frame.jpg: JPEG is cut off"):
        read_image(path)
    path.write_bytes(b"")
    with pytest.raises(DataError, match="frame.jpg: image is empty"):
        read_image(path)
    with pytest.raises(DataError, match="none.png: No such file"):
        read_image(tmp_path / "none.png")
