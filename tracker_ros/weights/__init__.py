# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Network parameters: where they come from, whether they are what they claim, and loading them."""

from tracker_ros.weights.loader import WeightsError, load_weights, read_state_dict

__all__ = ["WeightsError", "load_weights", "read_state_dict"]
