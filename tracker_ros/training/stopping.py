# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Ending a training before its last step: a limit of time, SIGTERM and Ctrl-C, between two steps."""

from __future__ import annotations

import signal
import threading
import time
from typing import Any

import lightning.pytorch as pl

#: Why a training ended early; '' where it did not.
TIME, SIGNAL, NO_PROGRESS = "time", "signal", "no progress"


class Stopped(Exception):
    """A training was ended between two steps, its last checkpoint written. The text says why."""


def anywhere(trainer: pl.Trainer, here: bool) -> bool:
    """Return whether something is true on any device, so that all decide alike."""
    return (
        here if trainer.world_size == 1 else bool(trainer.strategy.reduce_boolean_decision(here, all=False))
    )


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
        """Return why to end now, '' to go on; the same on every device."""
        late = self.limit is not None and time.monotonic() - self.began >= self.limit
        self.signalled = anywhere(trainer, self.signalled)
        return SIGNAL if self.signalled else TIME if anywhere(trainer, late) else ""

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Restore the signal handlers."""
        self._give_back()

    def on_exception(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException
    ) -> None:
        """Restore the signal handlers."""
        self._give_back()
