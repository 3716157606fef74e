// Puts the page together: what is kept on the device, the form, the copy, and the two views.

import * as api from "./api.js";
import { announce, h, toast } from "./dom.js";
import { briefIn, draftOf, emptyDraft } from "./brief.js";
import { makeForm } from "./form.js";
import { makeResults } from "./results.js";
import { makeSaved } from "./saved.js";
import { clearStatus, showError, showNote, showWriting } from "./status.js";
import { openStore } from "./store.js";
import { form as words, results as texts, saved as savedTexts, states } from "./strings.js";

const DRAFT = "tinycopy.draft";
const GROUPS = "tinycopy.groups";
const MAX_GROUPS = 20;
const at = (id) => document.getElementById(id);

/** What was kept under a name, or `otherwise` if there is nothing or it cannot be read. */
function recall(name, otherwise) {
  try {
    return JSON.parse(localStorage.getItem(name)) ?? otherwise;
  } catch {
    return otherwise;
  }
}

/** Keeps a value over a reload; a browser that keeps nothing still lets one write copy. */
function keep(name, value) {
  try {
    localStorage.setItem(name, JSON.stringify(value));
  } catch {
    // storage is full or forbidden; the page works on without it
  }
}

function showView() {
  const saved = location.hash === "#saved";
  at("write").hidden = saved;
  at("saved").hidden = !saved;
  for (const link of at("nav").querySelectorAll("a[href^='#']")) {
    if (link.hash === (saved ? "#saved" : "#write")) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

function drawNav(count) {
  const link = (href, text) => h("a", { href }, text);
  at("nav").replaceChildren(link("#write", savedTexts.write), link("#saved", savedTexts.nav(count)), link(api.address("docs"), savedTexts.docs));
  showView();
}

async function start() {
  clearStatus(at("status"));
  let form;
  try {
    form = await api.templates();
  } catch (error) {
    showError(at("status"), error, start);
    return;
  }
  const kept = recall(DRAFT, {});
  let writing = null;
  let ui;

  /** Asks for copy and shows it, or why there is none. */
  async function write(request, about) {
    if (writing) return;
    writing = new AbortController();
    ui.busy(true);
    const ended = showWriting(at("status"), () => writing.abort());
    let outcome;
    try {
      const answer = await api.copy(request, writing.signal);
      const count = results.add(answer, request, about);
      outcome = () => {
        announce(texts.written(count));
        if (at("results").getBoundingClientRect().top > innerHeight / 2) at("results").scrollIntoView();
      };
    } catch (error) {
      if (error.name === "AbortError") outcome = () => showNote(at("status"), states.cancelled);
      else outcome = () => refused(error, () => write(request, about));
    }
    writing = null;
    ui.busy(false);
    ended();
    outcome();
  }

  function refused(error, again) {
    if (error.slug === "invalid" && Object.keys(error.fields).length) ui.refuse(error.fields);
    else showError(at("status"), error, again);
  }

  ui = makeForm(at("form"), form, { draft: { ...emptyDraft(form), ...kept }, keep: (draft) => keep(DRAFT, draft), write });
  const store = await openStore().catch(() => null);
  const results = makeResults(at("results"), form, {
    groups: recall(GROUPS, []),
    keep: (groups) => keep(GROUPS, groups.slice(0, MAX_GROUPS)),
    write,
    save: async (item) => {
      if (!store) toast(savedTexts.failed);
      else await store.put([{ ...item, id: crypto.randomUUID(), tags: [], savedAt: new Date().toISOString() }]);
      return Boolean(store);
    },
  });

  const reuse = (brief) => {
    location.hash = "#write";
    ui.fill(draftOf(brief, form), words.loaded);
  };
  const fromLink = () => {
    try {
      const brief = briefIn(location.hash);
      if (brief) ui.fill(draftOf(brief, form), words.fromLink);
    } catch {
      toast(words.badLink);
    }
    showView();
  };
  addEventListener("hashchange", fromLink);
  addEventListener("online", () => at("status").querySelector("[data-kind='offline']") && showNote(at("status"), states.online));
  fromLink();
  if (store) await makeSaved(at("saved"), form, store, { reuse, counted: drawNav });
  else at("saved").replaceChildren(h("p", { class: "empty" }, savedTexts.failed));
}

drawNav(0);
start();
