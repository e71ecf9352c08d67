# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The interface of a training module: a forward pass from a batch of image pairs to a loss.

A pair is two frames of one target (or, for a negative pair, of two), each cut to a fixed size. The
data side cuts the crops that `PairSpec` asks for; the module turns a batch into losses; the trainer
knows neither's insides.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn


@dataclass(frozen=True)
class PairSpec:
    """The geometry of exemplar and search crops around a box of w x h pixels.

    Attributes:
        exemplar: side of the square exemplar crop in pixels.
        search: side of the square search crop in pixels.
        context: the region that the exemplar crop covers. 'siamfc': a square of side
            sqrt((w + p)(h + p)) with p = amount * (w + h); 'padding': w * (1 + amount) by
            h * (1 + amount), stretched to the square; 'area': a square of side amount * sqrt(w h).
        amount: see `context`.
        border: border strategy of `tracker_ros.ops.crop`.
        frames: crops of each kind in one sample; more than one for methods that learn from sets.
        max_shift: greatest offset of the target from the middle of the search crop, in its pixels.
        max_scale: greatest factor by which the search region's scale differs from the exemplar's.
        exemplar_shift: greatest offset of the target from the middle of the exemplar crop, in its pixels.

    The search region covers search / exemplar times the exemplar's region, at the same resolution.
    """

    exemplar: int
    search: int
    context: str = "siamfc"
    amount: float = 0.5
    border: str = "mean"
    frames: int = 1
    max_shift: float = 0.0
    max_scale: float = 1.0
    exemplar_shift: float = 0.0


class PairTraining(nn.Module):
    """Base of training modules. Subclasses hold the networks that the tracker later loads.

    The batch holds float32 tensors of N samples (with T = `spec.frames` > 1 every one of them has a
    second dimension T; with T = 1 it is absent):
        exemplar [N, 3, E, E] and search [N, 3, S, S]: RGB in 0-255.
        exemplar_box and search_box [N, 4]: (cx, cy, w, h) in pixels of the crop.
        positive [N]: 1 where both crops show the same target, else 0.

    `forward` returns named scalars; 'loss' is what is minimised, the others are its parts. A key
    'response' ([N, h, w], detached) is drawn by the trainer.
    """

    spec: PairSpec
    #: Parts whose weights the constructor took from a file, as a recipe's 'initial' does for others.
    begun: tuple[str, ...] = ()
    #: Whether it learns something for each recording, so that it has no loss on others.
    by_domain: bool = False
    #: Parts that never learn and from which `features` follow.
    frozen: tuple[str, ...] = ()

    def prepare(self, domains: int) -> None:
        """Get ready for data of so many domains: videos' targets, or whatever `batch["domain"]` counts.

        Called once, before training and before a checkpoint is loaded. Most methods do nothing here.
        """

    def forward(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """Return the losses of a batch."""
        raise TypeError(f"{type(self).__name__} does not define forward()")

    def features(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """Compute the frozen parts' outputs for a batch's crops, [N, ...] by name.

        A batch of a cache holds these in place of 'exemplar' and 'search', and `forward` takes them.
        """
        raise TypeError(f"{type(self).__name__} does not define features()")

    def tracker_state(self) -> dict[str, Tensor]:
        """Return the parameters under the names that the tracker loads."""
        raise TypeError(f"{type(self).__name__} does not define tracker_state()")
