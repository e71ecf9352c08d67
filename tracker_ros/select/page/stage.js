// SPDX-FileCopyrightText: 2026 tracker_ros developers
// SPDX-License-Identifier: Apache-2.0
// The canvas with the camera's image, the tracker's box, the response map and the box that is being drawn.
// Boxes are x, y, w, h in pixels of the camera's image, whatever the size on the screen.

const COLORS = { TRACKING: "#35d07f", ACQUIRING: "#ffc53d", COASTING: "#ff9447" };
const LABEL_HEIGHT = 22;

export class Stage {
  image = null; // header of the image on the screen
  draft = null; // box that is being drawn
  target = null; // newest state of the tracker
  showsResponse = false;
  #canvas;
  #context;
  #bitmap = null;
  #response = null;
  #asked = false;

  constructor(canvas) {
    this.#canvas = canvas;
    this.#context = canvas.getContext("2d");
    new ResizeObserver(() => this.draw()).observe(canvas);
  }

  // Puts an image on the screen; resolves when it is there.
  async show(header, blob) {
    const bitmap = await createImageBitmap(blob);
    this.#bitmap?.close();
    this.#bitmap = bitmap;
    this.image = header;
    await this.draw();
  }

  async setResponse(header, blob) {
    this.#response = { bitmap: await createImageBitmap(blob), window: header.window };
  }

  forgetResponse() {
    this.#response = null;
    this.draw();
  }

  // Where the image lies on the canvas, in CSS pixels.
  get #view() {
    const { width, height } = this.image;
    const scale = Math.min(this.#canvas.clientWidth / width, this.#canvas.clientHeight / height);
    return {
      scale,
      left: (this.#canvas.clientWidth - width * scale) / 2,
      top: (this.#canvas.clientHeight - height * scale) / 2,
    };
  }

  get scale() {
    return this.image ? this.#view.scale : 1;
  }

  // The image pixel under a pointer event, kept inside the image.
  pixel(event) {
    const { scale, left, top } = this.#view;
    const corner = this.#canvas.getBoundingClientRect();
    const inside = (value, end) => Math.min(Math.max(value, 0), end);
    return [
      inside((event.clientX - corner.left - left) / scale, this.image.width),
      inside((event.clientY - corner.top - top) / scale, this.image.height),
    ];
  }

  // Draws before the next repaint, once however often it was asked for.
  draw() {
    if (!this.#asked) {
      this.#asked = new Promise((done) => {
        requestAnimationFrame(() => {
          this.#asked = null;
          this.#paint();
          done();
        });
      });
    }
    return this.#asked;
  }

  #paint() {
    const ratio = devicePixelRatio;
    const width = Math.round(this.#canvas.clientWidth * ratio);
    const height = Math.round(this.#canvas.clientHeight * ratio);
    if (this.#canvas.width !== width || this.#canvas.height !== height) {
      Object.assign(this.#canvas, { width, height });
    }
    const context = this.#context;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    if (!this.#bitmap) return;
    const { scale, left, top } = this.#view;
    const whole = [left, top, this.image.width * scale, this.image.height * scale];
    context.drawImage(this.#bitmap, ...whole);
    context.save();
    context.beginPath();
    context.rect(...whole);
    context.clip();
    const place = ([x, y, w, h]) => [left + x * scale, top + y * scale, w * scale, h * scale];
    // What the tracker said about an image that is still on the screen goes when the target does.
    const state = this.target?.box ? this.image.state : null;
    if (state && this.showsResponse && this.#response?.window) {
      context.drawImage(this.#response.bitmap, ...place(this.#response.window));
    }
    if (state?.box) this.#paintTarget(place(state.box), state, whole);
    if (this.draft) this.#paintDraft(place(this.draft), whole);
    context.restore();
  }

  #paintTarget(box, state, whole) {
    const context = this.#context;
    const [x, y, w, h] = box;
    const color = COLORS[state.state] ?? "#ff6b6b";
    context.lineJoin = "round";
    for (const [style, thickness] of [["#000a", 4], [color, 2]]) {
      context.strokeStyle = style;
      context.lineWidth = thickness;
      context.setLineDash(state.state === "COASTING" ? [8, 5] : []);
      context.strokeRect(x, y, w, h);
    }
    context.setLineDash([]);
    this.#label(`${state.state} ${(state.score ?? 0).toFixed(2)}`, x, y, h, color, "#08120c", whole);
  }

  #paintDraft(box, whole) {
    const context = this.#context;
    const [x, y, w, h] = box;
    context.fillStyle = "#0007";
    context.beginPath();
    context.rect(...whole);
    context.rect(x, y, w, h);
    context.fill("evenodd");
    context.strokeStyle = "#fff";
    context.lineWidth = 1.5;
    context.strokeRect(x, y, w, h);
    const size = this.draft.slice(2).map((value) => Math.round(value)).join(" × ");
    this.#label(`${size} px`, x, y, h, "#fff", "#111", whole);
  }

  // Above a box or, at the top of the image, below it.
  #label(text, x, y, h, ground, ink, [left, top, width]) {
    const context = this.#context;
    context.font = "600 12.5px system-ui, sans-serif";
    const wide = context.measureText(text).width + 14;
    const at = Math.max(left, Math.min(x - 1, left + width - wide));
    const above = y - LABEL_HEIGHT - 3;
    const line = above >= top ? above : y + h + 3;
    context.fillStyle = ground;
    context.beginPath();
    context.roundRect(at, line, wide, LABEL_HEIGHT, 5);
    context.fill();
    context.fillStyle = ink;
    context.textBaseline = "middle";
    context.fillText(text, at + 7, line + LABEL_HEIGHT / 2 + 0.5);
  }
}
