# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""A target that is hidden, told from its usual score; scriptable.

Scores of a runner on a clear background lie about .8, of a car of ten pixels about .4, and behind a pole
the runner has .5: no single threshold tells both. A share of the target's own usual score does.
"""

from __future__ import annotations

import torch
from torch import Tensor

RATE = 0.03
"""Share of the newest score in the usual one: half of it are the last 23 frames."""


def is_hidden(score: Tensor, usual: Tensor, share: float) -> bool:
    """Return whether a score [] is below `share` of the usual one []."""
    return bool(score < share * usual)


def usual_score(usual: Tensor, score: Tensor, rate: float = RATE) -> Tensor:
    """Return the usual score [] after a frame of `score` []; 0 before the first.

    Every frame counts, those of a hidden target too: a target that looks different for good is found again
    once its lower scores have become usual.
    """
    return torch.where(usual > 0, torch.lerp(usual, score, rate), score)
