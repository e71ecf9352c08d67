# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Image messages to RGB arrays and back, without copies where none is needed.

The common encodings are read here; the others go through cv_bridge where it is installed (`ros.bridge`).

Messages are read by attribute only, so those of rclpy and of the rosbags library both fit. Encodings
are the strings of sensor_msgs/image_encodings.h (REP 118 lists their meaning).
"""

from __future__ import annotations

import array
from collections.abc import Callable
from typing import Any, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from tracker_ros.data.decoding import DecodeError, decode, inspect, require_pixels
from tracker_ros.ros import bridge

RgbImage = npt.NDArray[np.uint8]


class _Layout(NamedTuple):
    """The bytes of an encoding's pixels."""

    channels: int
    """Bytes of a pixel in its row."""
    conversion: int | None = None
    """OpenCV's conversion to RGB; none where the pixels are RGB already."""
    half_rows: int = 2
    """Rows of data for two rows of pixels: 3 where colours have a plane of their own, of half the height."""


_ENCODINGS = {
    "rgb8": _Layout(3),
    "bgr8": _Layout(3, cv2.COLOR_BGR2RGB),
    "8UC3": _Layout(3, cv2.COLOR_BGR2RGB),
    "rgba8": _Layout(4, cv2.COLOR_RGBA2RGB),
    "bgra8": _Layout(4, cv2.COLOR_BGRA2RGB),
    "8UC4": _Layout(4, cv2.COLOR_BGRA2RGB),
    "mono8": _Layout(1, cv2.COLOR_GRAY2RGB),
    "8UC1": _Layout(1, cv2.COLOR_GRAY2RGB),
    "yuv422": _Layout(2, cv2.COLOR_YUV2RGB_UYVY),
    "uyvy": _Layout(2, cv2.COLOR_YUV2RGB_UYVY),
    "yuv422_yuy2": _Layout(2, cv2.COLOR_YUV2RGB_YUY2),
    "yuyv": _Layout(2, cv2.COLOR_YUV2RGB_YUY2),
    "nv12": _Layout(1, cv2.COLOR_YUV2RGB_NV12, half_rows=3),
    "nv21": _Layout(1, cv2.COLOR_YUV2RGB_NV21, half_rows=3),
}
# How the names of those begin that cv_bridge turns into colours and that are not read here.
_BRIDGED = ("bayer_", "rgb16", "rgba16", "bgr16", "bgra16")
_CHANNELS = {"rgb8": 3, "bgr8": 3, "mono8": 1}


class ImageError(ValueError):
    """An image message that cannot be used. Says what is wrong with it and, where known, how to fix it."""


def to_rgb(message: Any) -> RgbImage:
    """Convert a sensor_msgs Image or CompressedImage to uint8 [H, W, 3] RGB.

    The array is a view of the message for rgb8; the other encodings are converted into a new one.

    Raises:
        ImageError: for an empty image, an encoding that is not supported, sizes that contradict each
            other, and compressed data that is cut off or not an image.
    """
    if hasattr(message, "format"):
        return _decode(message)
    if message.encoding not in _ENCODINGS:
        return _bridged(message, bridge.convert)
    pixels = _view(message)
    conversion = _ENCODINGS[message.encoding].conversion
    return pixels if conversion is None else cv2.cvtColor(pixels, conversion)


def to_picture(message: Any) -> RgbImage:
    """Convert for display: as `to_rgb`, and depth and raw thermal images, stretched to their range.

    Raises:
        ImageError: as `to_rgb` does.
    """
    if not hasattr(message, "format") and _is_deep(message.encoding):
        return _bridged(message, bridge.display, deep=True)
    return to_rgb(message)


def check(message: Any) -> None:
    """Check an image as `to_rgb` would, without touching pixels: raises as it does, or returns at once.

    A compressed image whose inside is damaged passes, and one that cv_bridge would convert.
    """
    if hasattr(message, "format"):
        try:
            inspect(_bytes_of(message))
        except DecodeError as error:
            raise _refused(message, error) from error
    elif message.encoding not in _ENCODINGS:
        _bridged(message, None)
    else:
        _view(message)


def encoding_of(message: Any) -> str:
    """Return an Image's encoding, or a CompressedImage's format ('jpeg', 'bgr8; jpeg compressed bgr8')."""
    return str(message.format if hasattr(message, "format") else message.encoding)


def size_of(message: Any) -> tuple[int, int]:
    """Return the width and height (pixels) of an Image.

    Zeros for a CompressedImage, which must be decoded first.
    """
    return (0, 0) if hasattr(message, "format") else (message.width, message.height)


def _view(message: Any) -> npt.NDArray[np.uint8]:
    """Return the pixels of an Image as they are, uint8 [rows of data, W, channels], without a copy."""
    encoding, width, height, step = message.encoding, message.width, message.height, message.step
    if width == 0 or height == 0:
        raise ImageError(f"image is empty: {width} x {height} pixels")
    channels, _, half_rows = _ENCODINGS[encoding]
    try:
        require_pixels(width, height)
    except DecodeError as error:
        raise ImageError(str(error)) from error
    if step < width * channels:
        raise ImageError(f"step is {step} bytes, but {width} pixels of {encoding} take {width * channels}")
    if (channels == 2 or half_rows == 3) and width % 2:
        raise ImageError(f"width {width} is odd, but {encoding} stores pixels in pairs")
    if half_rows == 3 and height % 2:
        raise ImageError(f"height {height} is odd, but {encoding} stores the colours of rows in pairs")
    rows = height * half_rows // 2
    if len(message.data) != step * rows:
        whole = f"step {step} x height {height}{' x 3/2' if half_rows == 3 else ''}"
        raise ImageError(f"data holds {len(message.data)} bytes, but {whole} is {step * rows}")
    data = np.frombuffer(message.data, dtype=np.uint8).reshape(rows, step)
    return data[:, : width * channels].reshape(rows, width, channels)


def _bridged(message: Any, convert: Callable[[Any], RgbImage] | None, deep: bool = False) -> RgbImage:
    """Convert by cv_bridge an encoding that is not read here; without `convert`, tell whether it can."""
    encoding = message.encoding
    if message.width == 0 or message.height == 0:
        raise ImageError(f"image is empty: {message.width} x {message.height} pixels")
    if _is_deep(encoding) and not deep:
        raise ImageError(
            f"encoding '{encoding}' is not an 8-bit image (depth or raw thermal data?): convert it to mono8"
            f" first; supported: {', '.join(_ENCODINGS)}"
        )
    known = ", ".join(_ENCODINGS)
    instead = ", or run image_proc's debayer node first" if encoding.startswith("bayer") else ""
    try:
        bridge.find_bridge()
        return np.empty((0, 0, 3), np.uint8) if convert is None else convert(message)
    except bridge.BridgeMissingError as error:
        if not deep and not encoding.startswith(_BRIDGED):  # to install it would not help
            more = "with cv_bridge also Bayer patterns and colours of 16 bits"
            raise ImageError(f"encoding '{encoding}' is not supported; {known} are, {more}") from error
        reason: bridge.BridgeError = error
    except bridge.BridgeError as error:
        reason = error
    raise ImageError(
        f"encoding '{encoding}' is not supported here: {reason}{instead}; without cv_bridge: {known}"
    ) from reason


def _is_deep(encoding: str) -> bool:
    """Return whether a pixel has more than 8 bits that stand for no colours: their range is not known."""
    return not encoding.startswith(_BRIDGED) and any(bits in encoding for bits in ("16", "32", "64"))


def _bytes_of(message: Any) -> RgbImage:
    return np.frombuffer(message.data, dtype=np.uint8)


def _decode(message: Any) -> RgbImage:
    try:
        # The camera's own pixel grid is what boxes refer to.
        return decode(_bytes_of(message))
    except DecodeError as error:
        raise _refused(message, error) from error


def _refused(message: Any, error: DecodeError) -> ImageError:
    hint = ": depth is not an 8-bit image" if "compressedDepth" in message.format else ""
    return ImageError(f"compressed image of format '{message.format}': {error}{hint}")


def fill_image(message: Any, pixels: npt.NDArray[np.uint8], encoding: str) -> Any:
    """Fill a sensor_msgs Image with uint8 [H, W, 3] ('rgb8', 'bgr8') or [H, W] ('mono8'); return it.

    The header is left alone.

    Raises:
        ImageError: when the array's shape or type does not fit the encoding.
    """
    channels = _CHANNELS.get(encoding)
    shape = pixels.shape if pixels.ndim == 3 else (*pixels.shape, 1)
    if pixels.dtype != np.uint8 or len(shape) != 3 or shape[2] != channels:
        raise ImageError(f"array {pixels.dtype} {pixels.shape} is not a '{encoding}' image")
    message.height, message.width = shape[:2]
    message.encoding, message.is_bigendian, message.step = encoding, 0, shape[1] * shape[2]
    message.data = _bytes(np.ascontiguousarray(pixels))
    return message


def fill_compressed(message: Any, pixels: npt.NDArray[np.uint8], quality: int = 90) -> Any:
    """Fill a sensor_msgs CompressedImage with uint8 [H, W, 3] RGB as JPEG; return it."""
    done, data = cv2.imencode(
        ".jpg", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality]
    )
    if not done:
        raise ImageError(f"array {pixels.dtype} {pixels.shape} cannot be stored as JPEG")
    message.format = "rgb8; jpeg compressed bgr8"
    message.data = _bytes(data)
    return message


def _bytes(values: npt.NDArray[np.uint8]) -> array.array[int]:
    # rclpy takes an array.array as it is; a list or a NumPy array it checks element by element.
    data = array.array("B")
    data.frombytes(values.data)
    return data
