# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The number of CPU threads that tracking takes, wherever no node's parameter says it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def one_thread() -> Iterator[None]:
    """Compute on one thread inside, and on as many as before after it.

    Networks this small gain nothing from more: beside other programs the threads wait for each other, which
    makes a frame many times as long. And sums of one thread do not depend on a machine's number of cores.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
