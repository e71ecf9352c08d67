# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Learning a small classifier while tracking, with gradients in closed form; scriptable.

Sessions run trackers under `torch.inference_mode`, where autograd does not work, and a state must not
be changed in place. So the parameters of the three fully connected layers are tensors in the state
([w4, b4, w5, b5, w6, b6]) and training returns new ones.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from tracker_ros.losses.classification import ClassificationLoss, margin_gradient
from tracker_ros.ops.counter_random import fork, permutation, uniform


def head_margin(samples: Tensor, parameters: list[Tensor]) -> Tensor:
    """Log odds [R] of the target for box features [R, D]."""
    # Not `addmm`, which TorchScript takes apart: another rounding picks other hard negatives and boxes.
    x = torch.relu(F.linear(samples, parameters[0], parameters[1]))
    x = torch.relu(F.linear(x, parameters[2], parameters[3]))
    scores = F.linear(x, parameters[4], parameters[5])
    return scores[:, 1] - scores[:, 0]


def head_gradients(
    samples: Tensor,
    signs: Tensor,
    parameters: list[Tensor],
    loss: ClassificationLoss,
    drop4: Tensor,
    drop5: Tensor,
) -> list[Tensor]:
    """Return the gradients of the mean loss (eq. 18) by each of the six parameters.

    Args:
        samples: [R, D] box features.
        signs: [R] 1 for positives and -1 for negatives.
        parameters: as `head_margin` takes them.
        loss: which one.
        drop4: [R, H] factors on the first layer's output: dropout's mask, divided by what it keeps.
        drop5: [R, H] likewise on the second layer's output.
    """
    hidden4 = torch.relu(F.linear(samples, parameters[0], parameters[1])) * drop4
    hidden5 = torch.relu(F.linear(hidden4, parameters[2], parameters[3])) * drop5
    scores = F.linear(hidden5, parameters[4], parameters[5])
    margin = (scores[:, 1] - scores[:, 0]) * signs
    slope = margin_gradient(margin, loss) * signs / samples.shape[0]
    back6 = torch.stack((-slope, slope), dim=1)
    back5 = back6.mm(parameters[4]) * drop5 * (hidden5 > 0)
    back4 = back5.mm(parameters[2]) * drop4 * (hidden4 > 0)
    return [
        back4.t().mm(samples),
        back4.sum(0),
        back5.t().mm(hidden4),
        back5.sum(0),
        back6.t().mm(hidden5),
        back6.sum(0),
    ]


def sgd_step(
    parameters: list[Tensor],
    velocities: list[Tensor],
    gradients: list[Tensor],
    rate: float,
    momentum: float = 0.9,
    decay: float = 5e-4,
    limit: float = 10.0,
    last_layer: float = 10.0,
) -> tuple[list[Tensor], list[Tensor]]:
    """Return the parameters and velocities after one step of SGD.

    The gradient of all parameters together is cut to the norm `limit`. The last layer, which starts
    untrained for every target, learns `last_layer` times as fast as the others.
    """
    square = torch.zeros([], device=parameters[0].device)
    for gradient in gradients:
        square = square + gradient.square().sum()
    shrink = (limit / (square.sqrt() + 1e-6)).clamp(max=1.0)
    moved: list[Tensor] = []
    kept: list[Tensor] = []
    for i, parameter in enumerate(parameters):
        velocity = velocities[i] * momentum + gradients[i] * shrink + parameter * decay
        moved.append(parameter - velocity * (rate * last_layer if i >= 4 else rate))
        kept.append(velocity)
    return moved, kept


def _cycled(count: int, needed: int, seed: Tensor) -> Tensor:
    """Return `needed` indices below `count`: random permutations of all of them, one after the other."""
    rounds: list[Tensor] = []
    for i in range((needed + count - 1) // count):
        rounds.append(permutation(fork(seed, i), count))
    return torch.cat(rounds)[:needed]


def _dropout(shape: list[int], seed: Tensor) -> Tensor:
    """Return the factors that drop half of the units and double the others."""
    return (uniform(seed, shape[0] * shape[1]).view(shape) > 0.5).float() * 2


def train_head(
    positives: Tensor,
    negatives: Tensor,
    parameters: list[Tensor],
    loss: ClassificationLoss,
    steps: int,
    rate: float,
    pool: int,
    seed: Tensor,
    batch: int = 32,
    hard: int = 96,
) -> list[Tensor]:
    """Return the parameters after `steps` steps on `batch` positives and `hard` hard negatives each.

    Args:
        positives: [P, D] box features; each is used before any is used again.
        negatives: [N, D].
        parameters: as `head_margin` takes them; they stay as they are.
        loss: which one.
        steps: SGD steps.
        rate: learning rate.
        pool: negatives out of which a step takes the `hard` that look most like the target (MDNet, sec.
            3.3). No more than there are: the same one twice would teach nothing new.
        seed: int64 [].
    """
    pool = max(min(pool, negatives.shape[0]), hard)
    first = _cycled(positives.shape[0], batch * steps, fork(seed, 0))
    second = _cycled(negatives.shape[0], pool * steps, fork(seed, 1))
    signs = torch.cat((torch.ones(batch), -torch.ones(hard))).to(positives.device)
    velocities = [torch.zeros_like(p) for p in parameters]
    shape = [signs.shape[0], parameters[2].shape[0]]
    for step in range(steps):
        mined = negatives[second[step * pool : (step + 1) * pool]]
        if pool > hard:
            mined = mined[head_margin(mined, parameters).topk(hard).indices]
        samples = torch.cat((positives[first[step * batch : (step + 1) * batch]], mined))
        drop4, drop5 = _dropout(shape, fork(seed, 2 + 2 * step)), _dropout(shape, fork(seed, 3 + 2 * step))
        gradients = head_gradients(samples, signs, parameters, loss, drop4, drop5)
        parameters, velocities = sgd_step(parameters, velocities, gradients, rate)
    return parameters


def fit_boxes(samples: Tensor, offsets: Tensor, penalty: float) -> tuple[Tensor, Tensor]:
    """Fit box offsets by ridge regression: weights [D, 4] and bias [4] (R-CNN's; MDNet, sec. 3.3).

    Args:
        samples: [R, D] box features.
        offsets: [R, 4] `ops.anchors.encode` of the target from each box.
        penalty: weight of the squared norm.

    Solved in the dual, R x R, since there are fewer samples than features.
    """
    center, middle = samples.mean(0), offsets.mean(0)
    x = samples - center
    gram = x.mm(x.t()) + penalty * torch.eye(x.shape[0], device=x.device)
    weights = x.t().mm(torch.linalg.solve(gram, offsets - middle))
    return weights, middle - center @ weights
