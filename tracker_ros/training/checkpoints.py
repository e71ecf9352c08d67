# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Checkpoints that are whole or absent, whenever the process dies or the disk fills up."""

from __future__ import annotations

import io
import pickle
from pathlib import Path
from typing import Any

import torch
from lightning.fabric.plugins import TorchCheckpointIO

from tracker_ros.data.sequence import DataError
from tracker_ros.files import write_whole
from tracker_ros.weights.loader import UNREADABLE


class CheckpointError(DataError):
    """A checkpoint that cannot be written or read. The message is one line for people."""


class WholeFiles(TorchCheckpointIO):
    """Writes beside the checkpoint and renames.

    Lightning's own way goes through the system's temporary folder; where that is another disk a process
    that dies, or a full disk, leaves half a checkpoint in place of the last whole one.
    """

    def save_checkpoint(self, checkpoint: dict[str, Any], path: Any, storage_options: Any = None) -> None:
        """Write `checkpoint`.

        Raises:
            tracker_ros.files.WriteError: when there is no room or no permission; the file is as it was.
        """
        # torch.save's own errors about files do not tell what was wrong.
        data = io.BytesIO()
        torch.save(checkpoint, data)
        write_whole(Path(path), data.getvalue())


def read_checkpoint(path: Path) -> dict[str, Any]:
    """Return the contents of a checkpoint: tensors and plain values; a pickle with code in it is not run.

    Raises:
        CheckpointError: when it is missing, cut off, no checkpoint, or holds anything else.
    """
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise CheckpointError(f"{path} does not exist") from None
    except (OSError, RuntimeError, EOFError, ValueError, pickle.UnpicklingError) as error:
        # Not torch's words, which advise to run the code in a pickle.
        why = (error.strerror if isinstance(error, OSError) else "") or UNREADABLE
        raise CheckpointError(f"{path} is no whole checkpoint: {why}") from error
    if not isinstance(content, dict) or "state_dict" not in content:
        raise CheckpointError(f"{path} is no checkpoint of `tracker_ros train`")
    return content
