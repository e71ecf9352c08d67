# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Follow a target through a video: python python_track.py flight.mp4 X,Y,W,H [PRESET]."""

import sys

from tracker_ros import track

video, box = sys.argv[1], tuple(float(value) for value in sys.argv[2].split(","))
options = {"tracker": sys.argv[3]} if len(sys.argv) > 3 else {}

for result in track(video, box, **options):
    where = "" if result.box is None else "{:.1f},{:.1f},{:.1f},{:.1f}".format(*result.box.to_xywh())
    print(result.index, result.state.name, where, f"{result.score:.2f}")
