# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Networks as plain modules; torchvision's state-dict names where torchvision has the network."""
