# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""A tracker as a TraX process: ``python -m tracker_ros.evaluation.trax_server NAME``.

Started by vot-toolkit, which sends image paths and one rectangle and is answered with rectangles. Needs
the package ``vot-trax``.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from tracker_ros.data.sequence import read_image
from tracker_ros.evaluation.drivers import Driver
from tracker_ros.evaluation.options import add_tracker_options, make_spec


def serve(driver: Driver, name: str) -> None:
    """Answer requests until the client quits."""
    import trax

    with trax.Server([trax.Region.RECTANGLE], [trax.Image.PATH], tracker_name=name) as server:
        while True:
            request = server.wait()
            if request.type == trax.TraxStatus.QUIT:
                return
            frame = read_image(Path(request.image["color"].path()))
            if request.type == trax.TraxStatus.INITIALIZE:
                region = request.objects[0][0]
                driver.start(frame, tuple(region.bounds()))
                answer, properties = region, {}
            else:
                box, score = driver.track(frame)
                answer, properties = trax.Rectangle.create(*box), {"confidence": score}
            server.status([(answer, properties)])


def main(argv: Sequence[str] | None = None) -> int:
    """Serve the tracker that the command line names."""
    parser = argparse.ArgumentParser(description="Serve a tracker to a TraX client, as vot-toolkit.")
    parser.add_argument("name")
    add_tracker_options(parser)
    args = parser.parse_args(argv)
    spec = make_spec(args.name, args)
    serve(spec.driver(), spec.label)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
