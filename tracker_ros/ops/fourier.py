# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Correlation filters in the Fourier domain. Spectra are those of `torch.fft.rfft2`, not normalised."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor


def context_aware_filter(features: Tensor, context: Tensor, label_spectrum: Tensor, penalty: float,
                         context_penalty: float) -> Tensor:
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


def background_aware_filter(spectrum: Tensor, label_spectrum: Tensor, support: Tensor, penalty: float,
                            growth: float, iterations: int) -> Tensor:
    """Filter [C, h, w/2+1] that answers the label and is zero outside `support`.

    Minimises |sum_l x_l * w_l - y|^2 over filters w inside the support, so that every circular shift
    of the region is a real example of background (Galoogahi et al., 2017, eq. 3), by the alternating
    direction method of multipliers. As a product of spectra stands for a convolution, the filter lies
    mirrored about cell (0, 0): a target in the middle of the region needs support in the middle.

    Args:
        spectrum: [C, h, w/2+1], rfft2 of the windowed features.
        label_spectrum: [h, w/2+1], rfft2 of the wanted response.
        support: [h, w], 1 where the filter may differ from 0.
        penalty: weight that ties the unconstrained filter to the one inside the support.
        growth: factor on the penalty after each iteration.
        iterations: at least 1.
    """
    energy = (spectrum.real.square() + spectrum.imag.square()).sum(0)
    conjugate = torch.conj(spectrum).resolve_conj()
    occupied = support.amax(1).nonzero()
    first, last = int(occupied[0].item()), int(occupied[-1].item()) + 1
    mask = support[first:last]
    rho = penalty * support.shape[0] * support.shape[1]
    # Per frequency the system matrix is x x^H + rho I. Its inverse by Sherman-Morrison, put in, leaves one
    # plane for all channels: the unconstrained filter is z + conj(x) (y - x z) / (|x|^2 + rho), where z is
    # the filter inside the support less the scaled dual variable. Both are zero at first.
    free = conjugate * (label_spectrum / (energy + rho))
    inside = _masked(free, mask, first)
    for _ in range(iterations - 1):
        # The scaled dual variable is divided by rho, so it shrinks as rho grows.
        rho *= growth
        anchor = inside + (inside - free) * (1 / growth)
        missed = label_spectrum - (spectrum * anchor).sum(0)
        # With the dual variable added, which the projection needs: anchor + dual is `inside`.
        free = inside + conjugate * (missed / (energy + rho))
        inside = _masked(free, mask, first)
    return inside


def _masked(spectrum: Tensor, mask: Tensor, first: int) -> Tensor:
    """Spectrum [C, h, w/2+1] of the planes times a mask [rows, w] from row `first` on, and 0 elsewhere.

    Rows that the mask leaves out need no transform along them.
    """
    height, rows = spectrum.shape[1], mask.shape[0]
    planes = torch.fft.irfft(torch.fft.ifft(spectrum, dim=1)[:, first : first + rows], mask.shape[1], 2)
    rest = height - first - rows
    return torch.fft.fft(F.pad(torch.fft.rfft(planes * mask, dim=2), [0, 0, first, rest]), dim=1)


def shifted(spectrum: Tensor, shift: Tensor, width: int) -> Tensor:
    """Spectrum of the planes moved by `shift` cells, circularly; between cells by Fourier interpolation.

    Args:
        spectrum: [C, h, w/2+1].
        shift: [2] (rows, columns), not necessarily whole.
        width: w of the planes.
    """
    rows = torch.fft.fftfreq(spectrum.shape[1], device=spectrum.device).unsqueeze(1)
    angle = (rows * shift[0] + torch.fft.rfftfreq(width, device=spectrum.device) * shift[1]) * (2 * math.pi)
    return spectrum * torch.complex(angle.cos(), -angle.sin())
