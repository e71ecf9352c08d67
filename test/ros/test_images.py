# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Image messages: every encoding, step and size against conversions written out in plain NumPy."""

from __future__ import annotations

import array
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from image_helpers import BYTES, PAIRS, PLANES, message

from tracker_ros.data import decoding
from tracker_ros.ros import images
from tracker_ros.ros.images import ImageError, encoding_of, fill_compressed, fill_image, to_rgb

# Which byte of a pixel holds red, green and blue.
ORDER = {
    "rgb8": (0, 1, 2),
    "bgr8": (2, 1, 0),
    "8UC3": (2, 1, 0),
    "rgba8": (0, 1, 2),
    "bgra8": (2, 1, 0),
    "8UC4": (2, 1, 0),
    "mono8": (0, 0, 0),
    "8UC1": (0, 0, 0),
}
SEEDS = st.integers(0, 99)


@given(st.sampled_from(sorted(ORDER)), st.integers(1, 9), st.integers(1, 7), st.integers(0, 5), SEEDS)
@settings(max_examples=150, deadline=None)
def test_every_packed_encoding(encoding: str, width: int, height: int, padding: int, seed: int) -> None:
    rows = np.random.default_rng(seed).integers(0, 256, (height, width * BYTES[encoding] + padding), np.uint8)
    rgb = to_rgb(message(rows, width, encoding))
    assert rgb.shape == (height, width, 3) and rgb.dtype == np.uint8
    for i in range(height):
        for j in range(width):
            expected = [rows[i, j * BYTES[encoding] + k] for k in ORDER[encoding]]
            assert rgb[i, j].tolist() == expected


@given(st.sampled_from(sorted(PAIRS)), st.integers(1, 5), st.integers(1, 5), st.integers(0, 3), SEEDS)
@settings(max_examples=60, deadline=None)
def test_yuv422_is_bt601(encoding: str, pairs: int, height: int, padding: int, seed: int) -> None:
    rows = np.random.default_rng(seed).integers(16, 236, (height, pairs * 4 + padding), np.uint8)
    rgb = to_rgb(message(rows, pairs * 2, encoding)).astype(int)
    even, odd, iu, iv = PAIRS[encoding]
    for i in range(height):
        for j in range(pairs * 2):
            pair = rows[i, j // 2 * 4 : j // 2 * 4 + 4].astype(float)
            expected = bt601(pair[odd if j % 2 else even], pair[iu], pair[iv])
            assert np.abs(rgb[i, j] - expected).max() <= 1.5


def bt601(y: float, u: float, v: float) -> np.ndarray:
    """Red, green and blue of a pixel in video range."""
    y, u, v = 255 / 219 * (y - 16), u - 128, v - 128
    return np.clip([y + 1.596 * v, y - 0.813 * v - 0.392 * u, y + 2.017 * u], 0, 255)


@given(st.sampled_from(sorted(PLANES)), st.integers(1, 5), st.integers(1, 4), st.integers(0, 3), SEEDS)
@settings(max_examples=60, deadline=None)
def test_yuv420_is_bt601(encoding: str, pairs: int, halves: int, padding: int, seed: int) -> None:
    size = (halves * 3, pairs * 2 + padding)
    image = message(np.random.default_rng(seed).integers(16, 236, size, np.uint8), pairs * 2, encoding)
    image.height = halves * 2  # of the picture: the plane of colours stands below it
    rgb, rows = to_rgb(image).astype(int), np.frombuffer(image.data, np.uint8).reshape(size).astype(float)
    assert rgb.shape == (halves * 2, pairs * 2, 3)
    for i in range(halves * 2):
        for j in range(pairs * 2):
            u, v = (rows[halves * 2 + i // 2, j // 2 * 2 + k] for k in PLANES[encoding])
            assert np.abs(rgb[i, j] - bt601(rows[i, j], u, v)).max() <= 1.5


def test_rgb8_is_not_copied() -> None:
    image = message(np.zeros((4, 15), np.uint8), 5, "rgb8")
    rgb = to_rgb(image)
    image.data[2] = 77
    assert rgb[0, 0, 2] == 77


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (dict(width=0), "empty: 0 x 4"),
        (dict(height=0), "empty: 5 x 0"),
        (dict(step=14), "step is 14 bytes, but 5 pixels of rgb8 take 15"),
        (dict(step=16), "data holds 60 bytes, but step 16 x height 4 is 64"),
        (dict(data=array.array("B", bytes(59))), "data holds 59 bytes, but step 15 x height 4 is 60"),
        (dict(encoding="16UC1"), "not an 8-bit image.*convert it to mono8"),
        (dict(encoding="32FC1"), "not an 8-bit image"),
        (dict(encoding="nv12"), "width 5 is odd, but nv12 stores pixels in pairs"),
        (
            dict(encoding="nv21", width=4, height=3),
            "height 3 is odd, but nv21 stores the colours of rows in pairs",
        ),
        (dict(encoding="nv12", width=4), r"60 bytes, but step 15 x height 4 x 3/2 is 90"),
        (dict(encoding="yuv422"), "width 5 is odd"),
    ],
)
def test_bad_images_are_explained(change: dict, words: str) -> None:
    image = message(np.zeros((4, 15), np.uint8), 5, "rgb8")
    with pytest.raises(ImageError, match=words):
        to_rgb(SimpleNamespace(**{**vars(image), **change}))


def photo() -> np.ndarray:
    """Smooth uint8 [48, 64, 3] RGB with different channels: JPEG keeps it nearly as it is."""
    y, x = np.mgrid[0:48, 0:64]
    return np.stack((x * 3, y * 4, 255 - x * 2), -1).astype(np.uint8)


def compressed(data: bytes, form: str = "jpeg") -> SimpleNamespace:
    return SimpleNamespace(format=form, data=array.array("B", data))


def encoded(suffix: str, image: np.ndarray) -> bytes:
    return cv2.imencode(suffix, cv2.cvtColor(image, cv2.COLOR_RGB2BGR))[1].tobytes()


def test_compressed_images() -> None:
    jpeg = fill_compressed(SimpleNamespace(), photo(), 95)
    assert encoding_of(jpeg) == "rgb8; jpeg compressed bgr8"
    assert np.abs(to_rgb(jpeg).astype(int) - photo()).mean() < 2
    assert np.array_equal(to_rgb(compressed(encoded(".png", photo()), "png")), photo())
    assert np.array_equal(to_rgb(compressed(encoded(".png", photo()) + bytes(40), "png")), photo())


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
@pytest.mark.parametrize("grey", [False, True])
def test_old_and_new_opencv_decode_the_same_pixels(
    suffix: str, grey: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture = photo()[..., 0] if grey else photo()
    image = compressed(cv2.imencode(suffix, picture)[1].tobytes())
    decoded = to_rgb(image)
    monkeypatch.setattr(decoding, "_STRAIGHT_TO_RGB", None)
    assert np.array_equal(to_rgb(image), decoded)


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
@given(share=st.floats(0.01, 0.99))
@settings(max_examples=25, deadline=None)
def test_cut_off_compressed_images_are_refused(suffix: str, share: float) -> None:
    data = encoded(suffix, photo())
    with pytest.raises(ImageError, match="cut off|cannot be decoded|empty"):
        to_rgb(compressed(data[: int(len(data) * share)]))


@given(st.binary(max_size=200))
@settings(max_examples=50, deadline=None)
def test_noise_is_not_an_image(data: bytes) -> None:
    with pytest.raises(ImageError):
        to_rgb(compressed(data))


@pytest.mark.parametrize("form", ["16UC1; png compressed ", "mono16; png compressed ", "png", "jpeg", ""])
def test_compressed_images_of_16_bits_are_refused_whatever_they_are_called(form: str) -> None:
    data = cv2.imencode(".png", np.full((8, 8), 7000, np.uint16))[1].tobytes()
    for look in (to_rgb, images.check):
        with pytest.raises(ImageError, match="16-bit PNG is not an 8-bit image.*convert it to 8 bits"):
            look(compressed(data, form))


def test_an_8_bit_image_is_taken_whatever_it_is_called() -> None:
    data = encoded(".png", photo())
    assert np.array_equal(to_rgb(compressed(data, "16UC1; png compressed ")), photo())
    assert np.array_equal(to_rgb(compressed(data, "jpeg")), photo())


def test_compressed_depth_is_refused() -> None:
    # compressed_depth_image_transport writes three numbers of 4 bytes before a PNG of 16 bits.
    data = bytes(12) + cv2.imencode(".png", np.full((8, 8), 7000, np.uint16))[1].tobytes()
    with pytest.raises(ImageError, match="not an 8-bit image"):
        to_rgb(compressed(data, "32FC1; compressedDepth png"))


def test_rotation_by_exif_is_ignored() -> None:
    # An EXIF segment with the one tag Orientation = 6 (turn by 90 degrees), little endian.
    tiff = b"II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x03\x00\x01\x00\x00\x00\x06\x00\x00\x00\x00\x00\x00\x00"
    segment = b"Exif\x00\x00" + tiff
    jpeg = encoded(".jpg", photo())
    turned = jpeg[:2] + b"\xff\xe1" + (len(segment) + 2).to_bytes(2, "big") + segment + jpeg[2:]
    assert cv2.imdecode(np.frombuffer(turned, np.uint8), cv2.IMREAD_COLOR).shape == (64, 48, 3)
    assert to_rgb(compressed(turned)).shape == (48, 64, 3)


@pytest.mark.parametrize("encoding", ["rgb8", "bgr8", "mono8"])
def test_filling_and_reading_are_inverse(encoding: str) -> None:
    pixels = photo() if encoding != "mono8" else photo()[..., 0]
    image = fill_image(SimpleNamespace(), pixels[:, ::2], encoding)
    assert isinstance(image.data, array.array) and len(image.data) == image.step * image.height
    expected = {"rgb8": photo(), "bgr8": photo()[..., ::-1], "mono8": photo()[..., :1].repeat(3, 2)}[encoding]
    assert np.array_equal(to_rgb(image), expected[:, ::2])


@pytest.mark.parametrize(
    ("pixels", "encoding"),
    [
        (np.zeros((4, 4, 3), np.float32), "rgb8"),
        (np.zeros((4, 4), np.uint8), "rgb8"),
        (np.zeros((4, 4, 3), np.uint8), "mono8"),
        (np.zeros((4, 4, 3), np.uint8), "16UC1"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(pixels: np.ndarray, encoding: str) -> None:
    with pytest.raises(ImageError, match=f"not a '{encoding}' image"):
        fill_image(SimpleNamespace(), pixels, encoding)
