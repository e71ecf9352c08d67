// SPDX-FileCopyrightText: 2026 tracker_ros developers
// SPDX-License-Identifier: Apache-2.0
// The page: what the server says goes on the screen, what the user does goes to the server.

import { drawBoxes } from "/draw.js";
import { History } from "/history.js";
import { Link } from "/link.js";
import { Stage } from "/stage.js";

const NOTICE_MS = { bad: 10000, plain: 5000, good: 3000 };
const MESSAGES = {
  IDLE: "No target. Drag a box around one.",
  ACQUIRING: "Confirming the target.",
  TRACKING: "The target is in view.",
  COASTING: "Not seen well; the box may be off.",
  LOST: "The target is gone; the tracker searches.",
  ERROR: "The last image could not be used.",
};

const UNVERIFIED = "This may be another object than the one selected.";

const element = (id) => document.getElementById(id);
const stage = new Stage(element("picture"));
const history = new History(element("history"));
let status = { images: "", tracker: "" };
let connection = "";
let arrivals = [];
let hiding = 0;

function say(text, kind) {
  const notice = element("notice");
  notice.textContent = text;
  notice.dataset.kind = kind;
  notice.hidden = false;
  clearTimeout(hiding);
  hiding = setTimeout(() => { notice.hidden = true; }, NOTICE_MS[kind]);
}

function showProblems() {
  // What is wrong with the tracker stands in the place of its state.
  const text = [connection, status.images].filter(Boolean).join("\n");
  element("problem").textContent = text;
  element("problem").hidden = !text || !stage.image;
  element("empty-text").textContent = text || "Waiting for images";
  element("empty").hidden = Boolean(stage.image);
  element("stage").dataset.stale = Boolean(connection || status.images);
}

function showLink(kind, text) {
  element("link").dataset.link = kind;
  element("link-text").textContent = text;
}

function showTexts(texts) {
  for (const [id, text] of Object.entries(texts)) {
    if (element(id).textContent !== text) element(id).textContent = text;
  }
}

function explain(state) {
  if (state.box && !state.verified) return UNVERIFIED;
  // While tracking it tells the score with which that began, which beside today's only confuses.
  const text = (state.state !== "TRACKING" && state.message) || MESSAGES[state.state] || "";
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function showState(state) {
  stage.target = state;
  history.add(state);
  const has = Boolean(state.box);
  document.body.dataset.state = state.state;
  showTexts({
    state: state.state,
    message: explain(state),
    score: has && state.score !== null ? state.score.toFixed(2) : "–",
    target: state.target || "–",
    latency: state.latency_ms === null ? "–" : `${state.latency_ms.toFixed(0)} ms`,
    // Of an image without a stamp it is not known.
    age: state.age_ms ? `${state.age_ms.toFixed(0)} ms` : "–",
    dropped: `${state.dropped} of ${state.processed + state.dropped}`,
    box: has ? `${Math.round(state.box[2])} × ${Math.round(state.box[3])} px` : "–",
    tracker: state.tracker || "–",
  });
  element("stop").disabled = state.state === "IDLE";
  stage.draw();
}

// What a tracker said that is gone holds no longer.
function showAbsence(state, message) {
  stage.target = null;
  delete document.body.dataset.state;
  showTexts({ state, message });
  showTexts(Object.fromEntries(
    ["score", "target", "latency", "age", "dropped", "box", "tracker"].map((id) => [id, "–"])));
  element("stop").disabled = true;
  stage.draw();
}

async function showImage(header, blob) {
  try {
    await stage.show(header, blob);
  } finally {
    link.send({ type: "shown" });
  }
  element("stage").style.setProperty("--aspect", `${header.width} / ${header.height}`);
  showProblems();
  const now = performance.now();
  // Two at least: less than one image a second is a rate too.
  arrivals = [...arrivals, now].filter((at, i, all) => at > now - 2000 || i > all.length - 3);
  const rate = arrivals.length > 1 ? ((arrivals.length - 1) * 1000) / (now - arrivals[0]) : 0;
  showLink("live", `${header.width} × ${header.height} · ${rate.toFixed(rate < 2 ? 1 : 0)} fps`);
}

function look() {
  const visible = document.visibilityState === "visible";
  link.send({ type: "look", images: visible, response: visible && stage.showsResponse });
}

async function select(box) {
  const answer = await link.request({ type: "select", box, stamp: stage.image.stamp });
  if (answer.accepted) say(`Selected ${answer.target_id}.`, "good");
  else say(`Refused: ${answer.reason}`, "bad");
}

const link = new Link({
  opened() {
    connection = "";
    showLink("waiting", "connected");
    showProblems();
    look();
  },
  closed(refused) {
    connection = refused
      ? "The server does not know this page any more. Open the address that it printed when it started."
      : "The connection to the server is lost; trying again.";
    showLink("lost", "not connected");
    showAbsence("–", "");
    showProblems();
  },
  status(message) {
    status = message;
    if (status.tracker) showAbsence("NOT READY", status.tracker);
    else if (!document.body.dataset.state) showAbsence("–", "Waiting for the tracker.");
    if (status.images) showLink("waiting", "no image");
    showProblems();
  },
  state: showState,
  image: showImage,
  response: (header, blob) => stage.setResponse(header, blob),
  error: (message) => say(message.text, "bad"),
});

drawBoxes(element("picture"), stage, {
  chosen: select,
  clicked: () => say("Drag a box around the target.", "plain"),
  moved: ([x, y, w, h]) => say(
    `Box of ${Math.round(w)} × ${Math.round(h)} px at ${Math.round(x + w / 2)}, ${Math.round(y + h / 2)}.`
    + " Enter selects it.", "plain"),
});

element("response").addEventListener("change", (event) => {
  stage.showsResponse = event.target.checked;
  stage.forgetResponse();
  look();
});
element("stop").addEventListener("click", async () => {
  const answer = await link.request({ type: "stop" });
  if (!answer.accepted) say(`Not stopped: ${answer.reason}`, "bad");
});
element("save").addEventListener("click", () => {
  if (!stage.image) {
    say("There is no image yet.", "bad");
    return;
  }
  const [sec, nanosec] = stage.image.stamp;
  element("picture").toBlob((blob) => {
    const address = URL.createObjectURL(blob);
    const anchor = document.createElement("a");
    Object.assign(anchor, { href: address, download: `target-${sec}.${String(nanosec).padStart(9, "0")}.png` });
    anchor.click();
    // Some browsers read it only after this turn of the loop.
    setTimeout(() => URL.revokeObjectURL(address), 10_000);
  }, "image/png");
});
document.addEventListener("visibilitychange", look);
