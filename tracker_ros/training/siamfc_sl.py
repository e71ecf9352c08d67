# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Training of SiamFC_fl and SiamFC_sl: SiamFC with focal or shrinkage loss (Lu et al., section 3.4)."""

from __future__ import annotations

from torch import Tensor

from tracker_ros.losses.classification import ClassificationLoss, balanced_loss, make_loss
from tracker_ros.training.siamfc import SiamFCTraining


class SiamFCShrinkageTraining(SiamFCTraining):
    """SiamFC's network and labels with another loss.

    Classes are balanced over the batch (eq. 10). Logits are not cut, as the authors' code cuts them at
    +-10: the loss is stable without, and a cut would leave the worst mistakes without a gradient.

    Args:
        loss: the classification loss or its kind: 'bce', 'focal' or 'shrinkage'.
        output_channels, stride, width_multiplier, backbone, background_weight: those of the tracker's
            settings of the same names.
    """

    def __init__(
        self,
        loss: ClassificationLoss | str = "shrinkage",
        output_channels: int = 256,
        stride: int = 8,
        width_multiplier: float = 1.0,
        backbone: str = "alexnet",
        background_weight: float = 1.0,
    ) -> None:
        super().__init__(output_channels, stride, width_multiplier, backbone, background_weight)
        self.loss = make_loss(loss) if isinstance(loss, str) else loss

    def forward(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """Return the class-balanced loss of a batch (eq. 10, 11 or 14)."""
        logits, labels = self.matched(batch)
        return {"loss": balanced_loss(logits, (labels + 1) / 2, self.loss), "response": logits.detach()}
