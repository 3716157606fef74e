// What is going on: writing (with cancel), and every way in which it can end without copy.

import { announce, button, h } from "./dom.js";
import * as api from "./api.js";
import { states } from "./strings.js";

const LOOK_AFTER_MS = 800; // an answer that takes longer than this may mean a model that loads
const LOOK_EVERY_MS = 1000;

/** Shows in `root` that copy is being written; returns what ends that. */
export function showWriting(root, cancel) {
  const title = h("p", { class: "status-title" }, states.writing);
  const hint = h("p", { class: "hint", hidden: true }, states.wakingHint);
  const time = h("span", { class: "seconds", "aria-hidden": "true" });
  const stop = button({ text: states.cancel, onclick: cancel });
  root.replaceChildren(h("div", { class: "status writing" },
    h("div", { class: "status-line" }, h("div", {}, title, hint), time, stop),
    h("div", { class: "bar", role: "progressbar", "aria-label": states.writing })));
  announce(states.writing);
  const start = performance.now();
  const clock = setInterval(() => (time.textContent = states.seconds(Math.floor((performance.now() - start) / 1000))), 250);
  const looking = new AbortController();
  let timer = setTimeout(look, LOOK_AFTER_MS);

  /** Asks whether the model is loaded. No answer at all also means that an instance starts. */
  async function look() {
    const patience = AbortSignal.any([looking.signal, AbortSignal.timeout(LOOK_EVERY_MS)]);
    const loaded = await api.health(patience).then(({ status }) => status === "ready", () => false);
    if (looking.signal.aborted) return;
    const said = loaded ? states.writing : states.waking;
    if (title.textContent !== said) {
      title.textContent = said;
      announce(said);
    }
    hint.hidden = loaded;
    timer = setTimeout(look, LOOK_EVERY_MS);
  }

  return () => {
    looking.abort();
    clearTimeout(timer);
    clearInterval(clock);
    root.replaceChildren();
  };
}

/** Title and words for an error, and whether asking again can help. */
function explain(error) {
  if (error.kind === "offline") return [states.offlineTitle, states.offline, true];
  if (error.kind === "unreachable") return [states.unreachableTitle, states.unreachable, true];
  if (error.status === 429) return [states.busyTitle, states.busy, true];
  if (error.slug === "abusive") return [states.abusiveTitle, error.detail, false];
  if (error.slug === "no-usable-copy") return [states.unusableTitle, error.detail, true];
  if (error.slug === "not-loaded") return [states.loadingTitle, error.detail, true];
  if (error.status >= 500) return [states.failedTitle, states.failed, true];
  return [states.invalidTitle, error.detail, false];
}

let countdown = 0;

/** Shows an error in `root`, with the time to wait and the request id if the server named them. */
export function showError(root, error, again) {
  clearInterval(countdown);
  const [title, said, retries] = explain(error);
  const actions = h("div", { class: "status-actions" });
  if (retries) actions.append(retry(error.retryAfter, again));
  actions.append(button({ text: states.dismiss, kind: "plain", onclick: () => clearStatus(root) }));
  const id = error.requestId && error.status !== 429
    ? h("p", { class: "hint" }, `${states.requestId}: `, h("code", {}, error.requestId))
    : null;
  root.replaceChildren(h("div", { class: "status failed", role: "alert", "data-kind": error.slug || error.kind },
    h("p", { class: "status-title" }, title), h("p", {}, said), id, actions));
  root.scrollIntoView({ block: "nearest" });
}

function retry(seconds, again) {
  let left = seconds ?? 0;
  const node = button({ text: states.again, kind: "primary", onclick: () => left <= 0 && again() });
  const show = () => {
    node.querySelector("span").textContent = left > 0 ? states.againIn(left) : states.again;
    node.setAttribute("aria-disabled", String(left > 0));
    if (left <= 0) clearInterval(countdown);
  };
  show();
  if (left > 0) {
    countdown = setInterval(() => {
      left -= 1;
      show();
    }, 1000);
  }
  return node;
}

/** A passing word, for instance that writing was cancelled. */
export function showNote(root, said) {
  clearInterval(countdown);
  root.replaceChildren(h("div", { class: "status note", role: "status" }, h("p", {}, said)));
}

export function clearStatus(root) {
  clearInterval(countdown);
  root.replaceChildren();
}
