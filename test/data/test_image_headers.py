# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The size of an image by its header, and that no reader decodes one that is too large."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from video_helpers import write_video

from tracker_ros.cli import main
from tracker_ros.data.decoding import MOST_PIXELS, DecodeError, decode
from tracker_ros.data.image_headers import image_size
from tracker_ros.data.readers import find_frames
from tracker_ros.data.sequence import DataError, VideoFrames, each_frame, opened_video, read_image
from tracker_ros.ros.images import ImageError, check, to_picture, to_rgb
from tracker_ros.training.clips import BadImage, ImageFiles, each_image
from tracker_ros.training.frames import kept_frames
from tracker_ros.training.materials import stamps

SIDE = 20_000
FORMS = {
    "jpg": [],
    "progressive.jpg": [cv2.IMWRITE_JPEG_PROGRESSIVE, 1],
    "restarts.jpg": [cv2.IMWRITE_JPEG_RST_INTERVAL, 1],
    "png": [],
    "bmp": [],
    "webp": [cv2.IMWRITE_WEBP_QUALITY, 80],
    "lossless.webp": [cv2.IMWRITE_WEBP_QUALITY, 101],
    "tiff": [],
    "ppm": [],
    "ascii.ppm": [cv2.IMWRITE_PXM_BINARY, 0],
    "pgm": [],
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("width", "height"), [(1, 1), (7, 300), (641, 2), (4099, 33)])
def test_the_header_says_what_the_decoder_finds(form: str, width: int, height: int) -> None:
    shape = (height, width) if form == "pgm" else (height, width, 3)
    pixels = np.random.default_rng(0).integers(0, 255, shape, np.uint8)
    done, data = cv2.imencode(f".{form.split('.')[-1]}", pixels, FORMS[form])
    assert done and image_size(data.data) == (width, height)
    assert decode(data).shape == (height, width, 3)


@pytest.mark.parametrize(
    ("data", "size"),
    [
        (b"P5\n# made by hand\n# twice\n12 # the width\n34\n255\n" + bytes(9), (12, 34)),
        (b"BM" + bytes(12) + struct.pack("<IHH", 12, 5, 6) + bytes(4), (5, 6)),
        (b"BM" + bytes(12) + struct.pack("<Iii", 40, 5, -6) + bytes(4), (5, 6)),
        (
            b"RIFF\0\0\0\0WEBPVP8X" + bytes(8) + (99).to_bytes(3, "little") + (49).to_bytes(3, "little"),
            (100, 50),
        ),
        (
            b"MM\0*\0\0\0\x08\0\2"
            + struct.pack(">HHIHH", 256, 3, 1, 7, 0)
            + struct.pack(">HHII", 257, 4, 1, 9),
            (7, 9),
        ),
        (b"\xff\xd8\xff\xe0\0\4ab\xff\xff\xff\xc2\0\x11\x08\0\3\0\4" + bytes(9), (4, 3)),
    ],
)
def test_headers_that_opencv_does_not_write(data: bytes, size: tuple[int, int]) -> None:
    assert image_size(data) == size


@given(
    st.sampled_from([b"", b"BM", b"II*\0", b"MM\0*", b"\xff\xd8\xff", b"RIFFxxxxWEBPVP8 ", b"P6 "]),
    st.binary(max_size=90),
)
def test_noise_has_a_size_or_none(start: bytes, rest: bytes) -> None:
    found = image_size(start + rest)
    assert found is None or min(found) >= 0


def bomb(side: int = SIDE) -> bytes:
    """A PNG of one colour, a bit a pixel: some 50 kB that would be decoded into 1.2 GB."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    rows = zlib.compress(bytes((1 + (side + 7) // 8) * side), 9)
    head = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


WORDS = f"image of {SIDE} x {SIDE} pixels has more than 134 million"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of bombs, while a decoder that is called at all is a failure."""
    for name in ("1.png", "2.png"):
        (tmp_path / name).write_bytes(bomb())
    monkeypatch.setattr(cv2, "imdecode", lambda *_: pytest.fail("it is decoded"))
    monkeypatch.setattr(cv2, "imread", lambda *_: pytest.fail("it is decoded"))
    return tmp_path


def test_a_sound_image_of_that_kind_is_decoded() -> None:
    assert len(bomb()) < 100_000
    assert decode(np.frombuffer(bomb(64), np.uint8)).shape == (64, 64, 3)


def test_files_that_are_too_large_are_not_decoded(folder: Path) -> None:
    path = folder / "1.png"
    with pytest.raises(DataError, match=f"{path}: {WORDS}"):
        read_image(path)
    with pytest.raises(BadImage, match=WORDS):
        ImageFiles((path,)).read(0)
    assert all(isinstance(frame, DataError) for frame in each_frame(find_frames(folder)))
    assert list(each_image([path], folder)) == [] and stamps(folder) == []


def test_a_command_says_so(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["track", str(folder), "--box", "5,5,20,20", "--tracker", "dcf"])
    assert WORDS in capsys.readouterr().err


def test_messages_that_are_too_large_are_not_decoded(folder: Path) -> None:
    compressed = SimpleNamespace(format="png", data=bomb())
    raw = SimpleNamespace(encoding="mono8", width=SIDE, height=SIDE, step=SIDE, data=b"")
    for message in (compressed, raw):
        for read in (to_rgb, to_picture, check):
            with pytest.raises(ImageError, match=WORDS):
                read(message)


@pytest.mark.parametrize("side", [11_585, 11_586])
def test_the_limit_is_that_of_the_documentation(side: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cv2, "imdecode", lambda *_: np.zeros((1, 1, 3), np.uint8))
    data = np.frombuffer(bomb(side), np.uint8)
    if side * side <= MOST_PIXELS:
        decode(data)
        return
    with pytest.raises(DecodeError, match="more than 134 million"):
        decode(data)


def test_a_video_that_is_too_large_is_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    path = tmp_path / "large.avi"
    write_video(path, [0, 100, 200])
    data = path.read_bytes()
    size = struct.pack("<ii", 64, 48)
    assert data.count(size) >= 2, "the header and the stream's form say it"
    # As uncompressed video, whose frames have no header of their own; beyond 268 million FFmpeg refuses.
    path.write_bytes(data.replace(size, struct.pack("<ii", 12_000, 12_000)).replace(b"MJPG", bytes(4)))
    frames = VideoFrames(path)
    for read in (lambda: list(frames), lambda: len(frames), lambda: kept_frames(path, 1)):
        with pytest.raises(DataError, match="large.avi: image of 12000 x 12000 pixels has more"):
            read()
    with (
        pytest.raises(DataError, match="large.avi: image of 12000 x 12000 pixels has more"),
        opened_video(path),
    ):
        pass
