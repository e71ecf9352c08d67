# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The tracker node with shorter limits, so that tests need not wait as long as an operator would."""

from __future__ import annotations

from tracker_ros.nodes.tracker import node

node.REQUEST_TIMEOUT = 2.0

if __name__ == "__main__":
    raise SystemExit(node.main())
