# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The demonstration: real nodes in processes of their own, flown, watched, recorded and judged."""
