# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Correlation filters in the Fourier domain. Spectra are those of `torch.fft.rfft2`, not normalised."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor


def context_aware_filter(
    features: Tensor, context: Tensor, label_spectrum: Tensor, penalty: float, context_penalty: float
) -> Tensor:
    """Filter [C, h, w/2+1] that answers the label on the target and zero on k context patches.

    w_l = conj(x_l) y / (sum_c |x_c|^2 + lambda1 + lambda2 sum_i sum_c |z_ic|^2) (Mueller et al.,
    2017; EDCF, eq. 7), summed over channels as in a multi-channel filter.

    Args:
        features: [C, h, w] of the target.
        context: [k, C, h, w] of its surroundings.
    """
    target = torch.fft.rfft2(features)
    around = torch.fft.rfft2(context)
    energy = (target.real.square() + target.imag.square()).sum(0)
    clutter = (around.real.square() + around.imag.square()).sum(0).sum(0)
    return torch.conj(target) * label_spectrum / (energy + penalty + context_penalty * clutter)


class Support(NamedTuple):
    """A rectangle of cells inside an [h, w] plane, as the parts of the Fourier transform that reach it.

    Attributes:
        rows: [k, h] complex, forward transform from its k rows.
        columns: [n, w/2+1] complex, forward transform from its n columns.
        inverse: [w/2+1, n] complex, inverse transform of rfft2 to its columns, 1 / (h w) included.
    """

    rows: Tensor
    columns: Tensor
    inverse: Tensor


def centered_support(rows: int, columns: int, height: int, width: int, device: torch.device) -> Support:
    """Return the rectangle of rows x columns cells about cell (height // 2, width // 2) of a plane.

    >>> centered_support(3, 5, 16, 16, torch.device('cpu')).rows.shape
    torch.Size([3, 16])
    """
    row = torch.arange(rows, device=device).unsqueeze(1) + (height // 2 - rows // 2)
    column = torch.arange(columns, device=device).unsqueeze(1) + (width // 2 - columns // 2)
    down = row * torch.arange(height, device=device) * (2 * math.pi / height)
    across = column * torch.arange(width // 2 + 1, device=device) * (2 * math.pi / width)
    # Half a spectrum stands for all of it: what has a mirror image counts twice.
    twice = torch.full([width // 2 + 1], 2.0, device=device)
    twice[0] = 1.0
    if width % 2 == 0:
        twice[width // 2] = 1.0
    across_back = torch.complex(across.cos(), across.sin()) * (twice / (height * width))
    return Support(
        torch.complex(down.cos(), -down.sin()),
        torch.complex(across.cos(), -across.sin()),
        across_back.t().contiguous(),
    )


def background_aware_filter(
    spectrum: Tensor, label_spectrum: Tensor, support: Support, penalty: float, growth: float, iterations: int
) -> Tensor:
    """Filter [C, h, w/2+1] that answers the label and is zero outside `support`.

    Minimises |sum_l x_l * w_l - y|^2 over filters w inside the support, so that every circular shift
    of the region is a real example of background (Galoogahi et al., 2017, eq. 3), by the alternating
    direction method of multipliers. As a product of spectra stands for a convolution, the filter lies
    mirrored about cell (0, 0): a target in the middle of the region needs support in the middle.

    Args:
        spectrum: [C, h, w/2+1], rfft2 of the windowed features.
        label_spectrum: [h, w/2+1], rfft2 of the wanted response.
        support: where the filter may differ from 0.
        penalty: weight that ties the unconstrained filter to the one inside the support, in units of the
            spectra: h w times what it is for planes.
        growth: factor on the penalty after each iteration.
        iterations: at least 1.
    """
    energy = (spectrum.real.square() + spectrum.imag.square()).sum(0)
    conjugate = torch.conj(spectrum).resolve_conj()
    rho = penalty
    # Per frequency the system matrix is x x^H + rho I. Its inverse by Sherman-Morrison, put in, makes the
    # unconstrained filter the one inside the support plus conj(x) times one plane for all channels,
    # `gain`; so all that an iteration needs of the filters is what they answer, one plane as well.
    gain = label_spectrum / (energy + rho)
    solved = _confined(conjugate * gain, support)
    before, answer = torch.zeros_like(label_spectrum), (spectrum * solved).sum(0)
    for _ in range(iterations - 1):
        # The scaled dual variable is divided by rho, so it shrinks as rho grows.
        rho *= growth
        excess = answer - before - energy * gain
        gain = (label_spectrum - answer - excess * (1 / growth)) / (energy + rho)
        step = _confined(conjugate * gain, support)
        solved = solved + step
        before, answer = answer, answer + (spectrum * step).sum(0)
    return solved


def _confined(spectrum: Tensor, support: Support) -> Tensor:
    """Return the spectrum [C, h, w/2+1] of the planes set to 0 outside the support.

    For a small rectangle these matrix products take half the time of fast transforms of whole planes.
    """
    planes = (torch.conj(support.rows) @ spectrum @ support.inverse).real
    return support.rows.t() @ (planes.to(spectrum.dtype) @ support.columns)


def shifted(spectrum: Tensor, shift: Tensor, width: int) -> Tensor:
    """Shift a spectrum's planes circularly by `shift` cells; between cells by Fourier interpolation.

    Args:
        spectrum: [C, h, w/2+1].
        shift: [2] (rows, columns), not necessarily whole.
        width: w of the planes.

    >>> plane = torch.zeros(1, 4, 4)
    >>> plane[0, 0, 0] = 1.0
    >>> moved = torch.fft.irfft2(shifted(torch.fft.rfft2(plane), torch.tensor([1.0, 2.0]), 4), [4, 4])
    >>> int(moved.argmax()), round(float(moved.max()), 4)
    (6, 1.0)
    """
    rows = torch.fft.fftfreq(spectrum.shape[1], device=spectrum.device).unsqueeze(1)
    angle = (rows * shift[0] + torch.fft.rfftfreq(width, device=spectrum.device) * shift[1]) * (2 * math.pi)
    return spectrum * torch.complex(angle.cos(), -angle.sin())
