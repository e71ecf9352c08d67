# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The papers' tables and figures by command, the paper's value beside the one measured here."""
