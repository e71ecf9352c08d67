# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""A session of your own around a tracker, as for a camera that is read frame by frame.

Reads a video with OpenCV (any source of images serves), selects the target in the first frame, looks at the
state in every frame, and prints when the target is lost. The session itself searches for a lost target; this
program selects in IDLE only, that is before the first frame:

    python session.py flight.mp4 X,Y,W,H
"""

import sys

import cv2

from tracker_ros import Box, Session, State, load, to_tensor


def main(video: str, x: float, y: float, w: float, h: float) -> int:
    """Track through the video; the number of frames in which the target was tracked."""
    session = Session(load(), {"coast_seconds": 2.0})
    camera, tracked, index = cv2.VideoCapture(video), 0, 0
    fps = camera.get(cv2.CAP_PROP_FPS) or 30.0
    while True:
        read, image = camera.read()
        if not read:
            break
        frame = to_tensor(image, "bgr")  # OpenCV gives BGR
        stamp = index / fps  # a session has no clock: it is told the time
        if session.state is State.IDLE:
            session.select(frame, Box.from_xywh(x, y, w, h), stamp)
        report = session.step(frame, stamp)
        tracked += report.state is State.TRACKING
        if report.state is State.LOST:
            print(f"{stamp:.2f} s: lost ({report.message})")
        index += 1
    print(f"tracked in {tracked} of {index} frames")
    return tracked


if __name__ == "__main__":
    main(sys.argv[1], *map(float, sys.argv[2].split(",")))
