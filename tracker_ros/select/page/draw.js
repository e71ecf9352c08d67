// SPDX-FileCopyrightText: 2026 tracker_ros developers
// SPDX-License-Identifier: Apache-2.0
// Drawing a box with mouse, finger or pen, or with the keyboard.

const SMALLEST = 6; // CSS pixels; less is a click and not a box
const FIRST_SIZE = 0.15; // of the image's shorter side, for a box made with the keyboard
const STEP = 0.01; // of the image's width, for one press of a key

// chosen(box): a box was finished. clicked(): the pointer was not dragged.
export function drawBoxes(canvas, stage, { chosen, clicked, moved }) {
  let start = null;

  const setDraft = (box) => {
    stage.draft = box;
    stage.draw();
  };
  const finish = () => {
    const box = stage.draft;
    setDraft(null);
    chosen(box);
  };

  canvas.addEventListener("pointerdown", (event) => {
    if (!stage.image || event.button !== 0) return;
    if (!event.isPrimary) {
      start = null; // a second finger takes the box back
      setDraft(null);
      return;
    }
    canvas.setPointerCapture(event.pointerId);
    start = { point: stage.pixel(event), id: event.pointerId };
    setDraft(null);
  });

  canvas.addEventListener("pointermove", (event) => {
    if (start?.id !== event.pointerId) return;
    const [x, y] = stage.pixel(event);
    const [fromX, fromY] = start.point;
    setDraft([Math.min(x, fromX), Math.min(y, fromY), Math.abs(x - fromX), Math.abs(y - fromY)]);
  });

  canvas.addEventListener("pointerup", (event) => {
    if (start?.id !== event.pointerId) return;
    start = null;
    const smallest = SMALLEST / stage.scale;
    if (stage.draft && Math.min(stage.draft[2], stage.draft[3]) >= smallest) {
      finish();
    } else {
      setDraft(null);
      clicked();
    }
  });

  canvas.addEventListener("pointercancel", () => {
    start = null;
    setDraft(null);
  });

  canvas.addEventListener("keydown", (event) => {
    if (!stage.image) return;
    const arrows = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    if (event.key === "Escape") {
      start = null;
      setDraft(null);
    } else if (event.key === "Enter" && stage.draft && !start) {
      finish();
    } else if (event.key in arrows && !start) {
      setDraft(stage.draft ? changed(stage.draft, arrows[event.key], event.shiftKey) : first());
      moved(stage.draft);
    } else {
      return;
    }
    event.preventDefault();
  });

  function first() {
    const { width, height } = stage.image;
    const side = FIRST_SIZE * Math.min(width, height);
    return [(width - side) / 2, (height - side) / 2, side, side];
  }

  // Moved or, about its centre, resized by one step; its centre stays inside the image.
  function changed([x, y, w, h], [right, down], resize) {
    const { width, height } = stage.image;
    const step = STEP * width;
    if (resize) {
      const wide = Math.max(w + 2 * right * step, 2 * step);
      const high = Math.max(h + 2 * down * step, 2 * step);
      return [x + (w - wide) / 2, y + (h - high) / 2, wide, high];
    }
    const inside = (value, half, end) => Math.min(Math.max(value, -half), end - half);
    return [inside(x + right * step, w / 2, width), inside(y + down * step, h / 2, height), w, h];
  }
}
