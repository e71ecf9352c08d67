// SPDX-FileCopyrightText: 2026 tracker_ros developers
// SPDX-License-Identifier: Apache-2.0
// The WebSocket to the server: messages in and out, pictures taken apart, and new attempts when it breaks.

const LONGEST_PAUSE = 5000;

export class Link {
  #handlers;
  #socket = null;
  #pause = 500;
  #requests = new Map();
  #number = 0;

  // handlers: opened(), closed(refused), and one function for each type of message.
  constructor(handlers) {
    this.#handlers = handlers;
    this.#open();
  }

  send(message) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  // A request that is answered; the promise always ends, with a refusal if the connection does.
  request(message) {
    if (this.#socket?.readyState !== WebSocket.OPEN) {
      return Promise.resolve({ accepted: false, reason: "There is no connection to the server." });
    }
    const id = (this.#number += 1);
    return new Promise((resolve) => {
      this.#requests.set(id, resolve);
      this.send({ ...message, id });
    });
  }

  #open() {
    const url = new URL("/socket", location.href);
    url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    url.search = location.search;
    this.#socket = new WebSocket(url);
    this.#socket.binaryType = "arraybuffer";
    this.#socket.onopen = () => {
      this.#pause = 500;
      this.#handlers.opened();
    };
    this.#socket.onmessage = (event) => this.#receive(event.data);
    this.#socket.onclose = () => this.#again();
  }

  async #again() {
    for (const resolve of this.#requests.values()) {
      resolve({ accepted: false, reason: "The connection broke before the tracker answered." });
    }
    this.#requests.clear();
    this.#handlers.closed(await this.#isRefused());
    setTimeout(() => this.#open(), this.#pause);
    this.#pause = Math.min(this.#pause * 2, LONGEST_PAUSE);
  }

  // Browsers do not tell pages why a WebSocket was refused; the page's own address says it.
  async #isRefused() {
    try {
      return (await fetch(`/${location.search}`)).status === 403;
    } catch {
      return false;
    }
  }

  #receive(data) {
    if (typeof data === "string") {
      const message = JSON.parse(data);
      if (message.type === "answer") {
        this.#requests.get(message.id)?.(message);
        this.#requests.delete(message.id);
      } else {
        this.#handlers[message.type]?.(message);
      }
      return;
    }
    const length = new DataView(data).getUint32(0, true);
    const header = JSON.parse(new TextDecoder().decode(new Uint8Array(data, 4, length)));
    this.#handlers[header.type]?.(header, new Blob([new Uint8Array(data, 4 + length)]));
  }
}
