// SPDX-FileCopyrightText: 2026 tracker_ros developers
// SPDX-License-Identifier: Apache-2.0
// The score of the last seconds as a line.

const SECONDS = 10;
const COLORS = { TRACKING: "#35d07f", ACQUIRING: "#ffc53d", COASTING: "#ff9447" };

export class History {
  #canvas;
  #points = [];

  constructor(canvas) {
    this.#canvas = canvas;
  }

  add(state) {
    const now = performance.now() / 1000;
    this.#points.push({ at: now, score: state.box ? state.score : null, state: state.state });
    while (this.#points[0].at < now - SECONDS) this.#points.shift();
    this.#paint(now);
  }

  #paint(now) {
    const ratio = devicePixelRatio;
    const { clientWidth: width, clientHeight: height } = this.#canvas;
    Object.assign(this.#canvas, { width: width * ratio, height: height * ratio });
    const context = this.#canvas.getContext("2d");
    context.scale(ratio, ratio);
    context.fillStyle = "#262e37";
    for (const share of [0, 0.5, 1]) context.fillRect(0, 0.5 + share * (height - 2), width, 1);
    context.lineWidth = 1.75;
    context.lineJoin = "round";
    const place = (point) => [
      width * (1 - (now - point.at) / SECONDS),
      1 + (1 - Math.min(Math.max(point.score, 0), 1)) * (height - 3),
    ];
    for (let i = 1; i < this.#points.length; i += 1) {
      const [before, point] = [this.#points[i - 1], this.#points[i]];
      if (before.score === null || point.score === null) continue;
      context.strokeStyle = COLORS[point.state] ?? "#ff6b6b";
      context.beginPath();
      context.moveTo(...place(before));
      context.lineTo(...place(point));
      context.stroke();
    }
  }
}
