// A card: one copy with its counts and checks, copied, edited in place and exported.

import { button, debounce, h, icon, menu, toast, toClipboard } from "./dom.js";
import * as api from "./api.js";
import { charactersIn, download, KINDS, wordsIn } from "./export.js";
import { checks as checkNames, checkWords, form as words, results as texts } from "./strings.js";

const FIRST = ["within_characters", "length_in_range", "names_product", "has_keywords", "no_new_numbers"];
const EDIT_PAUSE_MS = 350;
const COPIED_MS = 1600;

/**
 * A card for `item` {text, original, checks, rating, brief}. change(item) is called when it was
 * edited or rated; `extra` are more actions for it, `side` what stands beside its counts.
 * summaries: name of a check -> the server's words; range: the words that the length means.
 */
export function makeCard(item, { change, summaries, range, name, extra = [], below = [] }) {
  let editing = null;
  const body = h("div", { class: "card-body" });
  const counts = h("p", { class: "counts" });
  const marks = h("div", { class: "marks" });
  const copyButton = button({ text: texts.copy, sign: "copy", kind: "tinted", onclick: copyOut });
  const editButton = button({ text: texts.edit, sign: "edit", onclick: edit });
  const good = rate("up", "good", texts.up);
  const bad = rate("down", "bad", texts.down);

  const check = debounce(async () => {
    editing?.abort();
    editing = new AbortController();
    const text = item.text;
    try {
      const { checks } = await api.checks({ ...briefOf(item.brief), text }, editing.signal);
      if (text === item.text) {
        item.checks = checks;
        change(item);
        drawMarks();
      }
    } catch (error) {
      if (error.name !== "AbortError") drawMarks(checkWords.stale);
    }
  }, EDIT_PAUSE_MS);

  async function copyOut() {
    const copied = await toClipboard(item.text);
    if (!copied) return toast(texts.notCopied);
    const label = copyButton.querySelector("span");
    label.textContent = texts.copied;
    setTimeout(() => (label.textContent = texts.copy), COPIED_MS);
    return toast(texts.copied);
  }

  function rate(value, sign, label) {
    const node = button({
      sign, label, kind: "plain", "aria-pressed": String(item.rating === value),
      onclick: () => {
        item.rating = item.rating === value ? null : value;
        good.setAttribute("aria-pressed", String(item.rating === "up"));
        bad.setAttribute("aria-pressed", String(item.rating === "down"));
        change(item);
      },
    });
    return node;
  }

  function edit() {
    const area = h("textarea", {
      class: "copy-edit", dir: "auto", "aria-label": texts.editing, value: item.text,
      oninput: () => {
        setText(area.value);
        fit(area);
      },
      onkeydown: (event) => event.key === "Escape" && close(),
    });
    const close = () => {
      draw();
      editButton.focus();
    };
    const revert = button({ text: texts.revert, kind: "plain", onclick: () => {
      area.value = item.original;
      setText(item.original);
      fit(area);
      area.focus();
    } });
    body.replaceChildren(area, h("div", { class: "edit-actions" }, button({ text: texts.done, kind: "primary", onclick: close }), revert));
    editButton.disabled = true;
    fit(area);
    area.focus();
  }

  function setText(text) {
    item.text = text;
    item.editedAt = new Date().toISOString();
    change(item);
    drawCounts();
    drawMarks(checkWords.pending);
    check();
  }

  function drawCounts() {
    counts.textContent = texts.counts(wordsIn(item.text), charactersIn(item.text));
  }

  function drawMarks(note) {
    marks.replaceChildren(...marksOf(item.checks, { summaries, range, limit: item.brief.max_characters, note }));
  }

  function draw() {
    editButton.disabled = false;
    body.replaceChildren(h("p", { class: "copy", dir: "auto" }, item.text));
    drawCounts();
    drawMarks();
  }

  draw();
  const exporting = menu({ sign: "download", label: texts.export }, KINDS.map((kind) => [texts.exportAs(kind), () => download(kind, [item])]));
  const head = h("div", { class: "card-head" }, counts, h("div", { class: "rating" }, good, bad));
  const node = h("article", { class: "card", "aria-label": name }, head, body, marks, below,
    h("div", { class: "actions" }, copyButton, editButton, ...extra, exporting));
  return node;
}

/** Only what the server takes as a brief: not how it is to be written. */
export function briefOf(request) {
  const { variants, seed, temperature, opening, ...brief } = request;
  return brief;
}

function fit(area) {
  area.rows = 1;
  area.rows = Math.max(2, Math.ceil((area.scrollHeight - 16) / Number.parseFloat(getComputedStyle(area).lineHeight)));
}

/** The checks as plain marks: what failed, then the most telling; the others behind one line. */
function marksOf(checks, { summaries, range, limit, note }) {
  const exact = { length_in_range: range && words.words(range.least, range.most), within_characters: limit && words.characters(limit) };
  const said = (name) => exact[name] ?? checkNames[name] ?? summaries[name] ?? name;
  const mark = ([name, passed]) => h("li", { class: passed ? "mark passed" : "mark failed" },
    icon(passed ? "check" : "cross"), h("span", {}, said(name)),
    h("span", { class: "unseen" }, ` (${passed ? checkWords.passed : checkWords.failed})`));
  const every = Object.entries(checks);
  const failed = every.filter(([, passed]) => !passed);
  const telling = every.filter(([name, passed]) => passed && FIRST.includes(name));
  const rest = every.filter(([name, passed]) => passed && !FIRST.includes(name));
  const passedCount = every.length - failed.length;
  const summary = failed.length ? checkWords.some(passedCount, every.length) : checkWords.all(every.length);
  return [
    h("ul", { class: "mark-list" }, [...failed, ...telling].map(mark)),
    h("details", {}, h("summary", {}, summary), h("ul", { class: "mark-list" }, rest.map(mark))),
    note ? h("p", { class: "hint", role: "status" }, note) : null,
  ].filter(Boolean);
}
