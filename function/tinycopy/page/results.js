// The copy that was written in this session: groups of variants, newest first, kept over a reload.

import { button, h, menu, toast } from "./dom.js";
import { briefOf, makeCard } from "./card.js";
import { showComparison } from "./compare.js";
import { download, KINDS } from "./export.js";
import { choiceOf } from "./fields.js";
import { typeTitle } from "./form.js";
import { form as words, results as texts } from "./strings.js";

const LIKE = 3; // variants shown for "more like this"
const SAME = 0.8; // two texts that share this part of their words are the same variant, as for the server
const KEPT = 0.4; // of a copy's words, with which more like it start: docs/page.md says what that does
const wordsOf = (text) => new Set(text.toLowerCase().match(/[\p{L}\p{N}']+/gu) ?? []);

/** How many of the words of two texts are in both, 0 to 1. */
export function likeness(one, other) {
  const [a, b] = [wordsOf(one), wordsOf(other)];
  const both = [...a].filter((word) => b.has(word)).length;
  return both / Math.max(1, a.size + b.size - both);
}

/** The first words of a copy, at most `most` characters and no name cut in two: how more like it start. */
export function openingOf(text, { product, keywords = [] }, most) {
  const words = [...text.matchAll(/\S+/g)];
  const ends = words.slice(0, Math.max(1, Math.round(KEPT * words.length))).map((word) => word.index + word[0].length);
  let end = Math.max(0, ...ends.filter((one) => one <= most));
  for (const name of [product, ...keywords].filter(Boolean)) {
    const at = text.indexOf(name);
    if (at >= 0 && at < end && at + name.length <= most) end = Math.max(end, at + name.length);
  }
  return text.slice(0, end);
}

/**
 * Draws groups of copy into `root`. groups: [{id, request, asked, label, model, variants}], kept by
 * keep(groups); write(request, {label, choose}) asks for more; save(item) returns a promise.
 */
export function makeResults(root, form, { groups: first, keep, write, save }) {
  let groups = first;
  let picked = [];
  const summaries = Object.fromEntries(form.checks.map(({ name, summary }) => [name, summary]));
  const longestOpening = form.fields.find(({ name }) => name === "opening").max_length;

  function add(answer, request, { label, choose } = {}) {
    const written = answer.variants.map(({ text, checks }, i) => ({ id: `${answer.id}-${i}`, text, original: text, checks, rating: null, saved: false }));
    const variants = choose ? choose(written) : written;
    groups = [{ id: answer.id, request: choose ? without(request, "opening") : request, label, asked: choose ? LIKE : request.variants ?? 1, model: answer.model, variants }, ...groups];
    keep(groups);
    draw();
    return variants.length;
  }

  function clear() {
    const before = groups;
    groups = [];
    picked = [];
    keep(groups);
    draw();
    toast(texts.cleared, { text: words.undo, act: () => {
      groups = before;
      keep(groups);
      draw();
    } });
  }

  function pick(name, item, node) {
    if (picked.some((one) => one.item === item)) {
      picked = picked.filter((one) => one.item !== item);
      node.setAttribute("aria-pressed", "false");
      return;
    }
    picked.push({ name, item, node });
    node.setAttribute("aria-pressed", "true");
    if (picked.length < 2) return toast(texts.pickOther);
    showComparison(picked.map((one) => ({ name: one.name, text: one.item.text })));
    picked.forEach((one) => one.node.setAttribute("aria-pressed", "false"));
    picked = [];
    return null;
  }

  const itemOf = (group, variant) => ({ ...variant, brief: briefOf(group.request), model: group.model });

  function variations(group, item, name) {
    const { request } = group;
    const like = () => {
      const opening = openingOf(item.text, request, longestOpening);
      write({ ...without(request, "seed"), variants: LIKE + 1, ...(opening && { opening }) }, {
        label: texts.likeLabel(opening),
        choose: (found) => found.filter(({ text }) => likeness(text, item.text) < SAME).slice(0, LIKE),
      });
    };
    const other = (name, value) => () => write({ ...without(request, "seed"), [name]: value });
    const items = [[texts.like, like]];
    for (const tone of form.tones) if (tone !== request.tone) items.push([texts.inTone(choiceOf(tone)), other("tone", tone)]);
    for (const length of form.lengths) if (length !== request.length) items.push([texts.inLength(choiceOf(length)), other("length", length)]);
    return menu({ text: texts.variations, sign: "sparkle", label: `${texts.variations}: ${name}` }, items);
  }

  function cardOf(group, variant, index) {
    const name = texts.variant(index + 1);
    const { type, length } = group.request;
    const saving = button({
      text: variant.saved ? texts.saved : texts.save, sign: "save", disabled: variant.saved,
      onclick: async () => {
        if (!(await save(itemOf(group, variant)))) return;
        variant.saved = true;
        keep(groups);
        saving.querySelector("span").textContent = texts.saved;
        saving.disabled = true;
      },
    });
    const comparing = button({ sign: "columns", label: `${texts.compare}: ${name}`, "aria-pressed": "false", onclick: () => pick(name, variant, comparing) });
    const item = Object.assign(variant, { brief: briefOf(group.request) });
    return makeCard(item, {
      name, summaries,
      range: form.templates.find((template) => template.type === type)?.words[length],
      change: () => {
        variant.saved = false;
        saving.querySelector("span").textContent = texts.save;
        saving.disabled = false;
        keep(groups);
      },
      extra: [saving, variations(group, variant, name), comparing],
    });
  }

  function drawGroup(group) {
    const { type, tone, length, max_characters: most, product, prompt } = group.request;
    const title = h("h3", { dir: "auto" }, product ?? prompt);
    const about = h("p", { class: "hint" }, texts.about(typeTitle(form, type), choiceOf(tone), choiceOf(length), most && words.characters(most), group.label));
    const notes = [];
    if (group.variants.length < group.asked) notes.push(texts.fewer(group.variants.length, group.asked));
    if (group.model?.degraded) notes.push(texts.degraded);
    return h("section", { class: "group" }, h("div", { class: "group-head" }, title, about), notes.map((note) => h("p", { class: "notice" }, note)),
      h("div", { class: "cards" }, group.variants.map((variant, i) => cardOf(group, variant, i))));
  }

  function draw() {
    picked = [];
    if (!groups.length) {
      root.replaceChildren(h("div", { class: "empty" }, h("h2", {}, texts.emptyTitle), h("p", {}, texts.empty)));
      return;
    }
    const every = () => groups.flatMap((group) => group.variants.map((variant) => itemOf(group, variant)));
    const tools = h("div", { class: "toolbar" },
      menu({ text: texts.exportAll, sign: "download" }, KINDS.map((kind) => [texts.exportAs(kind), () => download(kind, every())])),
      button({ text: texts.clear, kind: "plain", onclick: clear }));
    root.replaceChildren(h("div", { class: "results-head" }, h("h2", {}, texts.title), tools), ...groups.map(drawGroup));
  }

  draw();
  return { add };
}

function without(request, name) {
  const { [name]: _, ...rest } = request;
  return rest;
}
