# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Random numbers as a pure function of a seed, so that randomness can be part of a tracker's state.

Number i of a seed is a hash of (seed, i): the same in eager mode, in TorchScript and on every device,
and independent of anybody else's use of torch's global generator.
"""

from __future__ import annotations

import torch
from torch import Tensor


def _mix(x: Tensor) -> Tensor:
    """Return a bijection of 32-bit words (held in int64) that flips half of the bits for any change.

    The constants are those of Wellons' "lowbias32" hash.
    """
    x = x ^ (x >> 16)
    x = (x * 0x7FEB352D) & 0xFFFFFFFF
    x = x ^ (x >> 15)
    x = (x * 0x846CA68B) & 0xFFFFFFFF
    return x ^ (x >> 16)


def fork(seed: Tensor, stream: int) -> Tensor:
    """Return a seed (int64 []) whose numbers have nothing to do with those of `seed` or of other streams.

    >>> bool(fork(torch.tensor(7), 0) != fork(torch.tensor(7), 1))
    True
    """
    return _mix((_mix(seed & 0xFFFFFFFF) + (stream + 1) * 0x9E3779B1) & 0xFFFFFFFF)


def words(seed: Tensor, count: int) -> Tensor:
    """Return [count] int64, uniform over the 32-bit words, from `seed` (int64 []).

    >>> bool((words(torch.tensor(7), 100) < 2**32).all())
    True
    """
    index = torch.arange(count, device=seed.device)
    return _mix(_mix(index ^ _mix(seed & 0xFFFFFFFF)))


def uniform(seed: Tensor, count: int) -> Tensor:
    """Return [count] float32, uniform in the open interval (0, 1).

    >>> uniform(torch.tensor(7), 3).shape
    torch.Size([3])
    """
    # 23 bits and a half: every value is exact in float32, so none rounds to 1.
    return ((words(seed, count) >> 9).float() + 0.5) / 8388608.0


def normal(seed: Tensor, count: int) -> Tensor:
    """Return [count] float32 of the standard normal distribution.

    >>> normal(torch.tensor(7), 3).shape
    torch.Size([3])
    """
    return torch.erfinv(uniform(seed, count) * 2 - 1) * 1.4142135623730951


def permutation(seed: Tensor, count: int) -> Tensor:
    """Return [count] int64: 0 to count - 1 in random order.

    >>> permutation(torch.tensor(7), 5).sort().values
    tensor([0, 1, 2, 3, 4])
    """
    return words(seed, count).sort(stable=True).indices
