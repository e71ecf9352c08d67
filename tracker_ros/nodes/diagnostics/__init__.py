# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The diagnostics node: /diagnostics, overlays and heat maps."""
