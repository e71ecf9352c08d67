# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Ending a training before its last step: a limit of time, SIGTERM and Ctrl-C, between two steps."""

from __future__ import annotations

import re
import signal
import threading
import time
from typing import Any

import lightning.pytorch as pl

_UNITS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0}
#: Why a training ended early; '' where it did not.
TIME, SIGNAL, NO_PROGRESS = "time", "signal", "no progress"


class Stopped(Exception):
    """A training was ended between two steps, its last checkpoint written. The text says why."""


def seconds(text: str) -> float:
    """Read a length of time such as '90', '90s', '30m' or '1.5h'.

    Raises:
        ValueError: for anything else, or nothing at all.
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smh]?)", text.strip())
    if not found or float(found[1]) <= 0:
        raise ValueError(f"'{text}' is no length of time: write 90s, 30m or 1.5h")
    return float(found[1]) * _UNITS[found[2]]


class Stopper(pl.Callback):
    """Know after every step whether to end, on all devices alike.

    A first SIGTERM or Ctrl-C ends the training after the step that runs; a second one ends the process
    as it would without this class.

    Args:
        limit: seconds from the first step on; None for none.
    """

    def __init__(self, limit: float | None = None) -> None:
        self.limit = limit
        self.began = 0.0
        self.signalled = False
        self._before: dict[int, Any] = {}

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Start the clock and take the signals over from Lightning."""
        self.began = time.monotonic()
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGINT):
                self._before[number] = signal.signal(number, self._notice)

    def _notice(self, number: int, frame: Any) -> None:
        self.signalled = True
        self._give_back()

    def _give_back(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}

    def reason(self, trainer: pl.Trainer) -> str:
        """Tell why to end now, '' to go on; the same on every device."""
        late = self.limit is not None and time.monotonic() - self.began >= self.limit
        if trainer.world_size > 1:
            self.signalled = trainer.strategy.reduce_boolean_decision(self.signalled, all=False)
            late = trainer.strategy.reduce_boolean_decision(late, all=False)
        return SIGNAL if self.signalled else TIME if late else ""

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Give the signals back."""
        self._give_back()

    def on_exception(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException
    ) -> None:
        """Give the signals back."""
        self._give_back()
