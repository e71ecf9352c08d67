# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""A double of the package bondpy, for nodes in processes whose path begins with this folder's parent."""
