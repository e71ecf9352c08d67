# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Text files as any system writes them: UTF-8 or UTF-16, with a byte order mark or without."""

from __future__ import annotations

import codecs
from pathlib import Path

from tracker_ros.data.sequence import DataError

# The mark of UTF-32 (little endian) begins with that of UTF-16: the longer ones come first.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def read_text(path: Path) -> str:
    """Read a text file without its byte order mark.

    Raises:
        DataError: naming the file that is missing, may not be read or is no text.
    """
    if path.is_fifo():  # reading would wait for somebody to write into it
        raise DataError(f"{path} is a pipe, no file")
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise DataError(f"{path} is missing") from None
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from None
    try:
        return data.decode(_encoding(data))
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is no text in UTF-8 or UTF-16: see byte {error.start}") from None


def _encoding(data: bytes) -> str:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return encoding
    # Digits and separators in UTF-16 have a zero in every other byte, which UTF-8 never has in a text.
    if data[1:2] == b"\0":
        return "utf-16-le"
    return "utf-16-be" if data[:1] == b"\0" else "utf-8"
