// Saved copy as a page: search, tags, sort, edit, reuse, delete with undo, import and export.

import { button, h, icon, menu, toast, uid } from "./dom.js";
import { makeCard } from "./card.js";
import { download, KINDS, read } from "./export.js";
import { choiceOf } from "./fields.js";
import { typeTitle } from "./form.js";
import { form as words, results, saved as texts } from "./strings.js";

const SORTS = {
  newest: (a, b) => b.savedAt.localeCompare(a.savedAt),
  oldest: (a, b) => a.savedAt.localeCompare(b.savedAt),
  edited: (a, b) => (b.editedAt ?? b.savedAt).localeCompare(a.editedAt ?? a.savedAt),
  alphabet: (a, b) => a.text.localeCompare(b.text),
};

const plain = (text) => text.toLocaleLowerCase().normalize("NFKD").replace(/\p{M}/gu, "");

/** Whether every word of the search stands in the copy, its brief or its tags. */
export function matches(item, search) {
  const all = plain([item.text, ...Object.values(item.brief).flat(), ...item.tags].join(" "));
  return plain(search).split(/\s+/).every((word) => all.includes(word));
}

/** Draws saved copy into `root`. reuse(brief) starts a new brief from one; counted(n) hears of n. */
export function makeSaved(root, form, store, { reuse, counted }) {
  let items = [];
  let search = "";
  let tag = null;
  let sort = "newest";
  const summaries = Object.fromEntries(form.checks.map(({ name, summary }) => [name, summary]));
  const list = h("div", { class: "cards" });
  const tags = h("div", { class: "tag-filter", role: "group", "aria-label": texts.tags });
  const shown = h("p", { class: "hint", role: "status" });
  const picker = h("input", { type: "file", accept: "application/json,.json", hidden: true, onchange: bringIn });
  root.replaceChildren(
    h("div", { class: "results-head" }, h("h1", { id: "saved-title" }, texts.title),
      h("div", { class: "toolbar" },
        menu({ text: results.exportAll, sign: "download" }, KINDS.map((kind) => [results.exportAs(kind), () => download(kind, visible(), "tinycopy-saved")])),
        button({ text: texts.importing, onclick: () => picker.click() }), picker)),
    h("div", { class: "finder" }, searchBox(), sorter()),
    tags, shown, list);

  function searchBox() {
    const id = uid("search");
    return h("div", { class: "field" }, h("label", { for: id }, texts.search), h("input", { id, type: "search", dir: "auto", autocomplete: "off", oninput: (event) => {
      search = event.target.value;
      draw();
    } }));
  }

  function sorter() {
    const id = uid("sort");
    return h("div", { class: "field" }, h("label", { for: id }, texts.sort), h("select", { id, onchange: (event) => {
      sort = event.target.value;
      draw();
    } }, Object.keys(SORTS).map((name) => h("option", { value: name }, texts[name]))));
  }

  const visible = () => items.filter((item) => (!tag || item.tags.includes(tag)) && matches(item, search)).sort(SORTS[sort]);

  async function load() {
    items = await store.list();
    counted(items.length);
    draw();
  }

  async function bringIn() {
    const [file] = picker.files;
    picker.value = "";
    try {
      const found = await read(file);
      const now = new Date().toISOString();
      await store.put(found.map((item) => ({ savedAt: now, ...item, id: crypto.randomUUID(), original: item.text })));
      toast(texts.imported(found.length));
    } catch {
      toast(texts.notImported);
    }
  }

  async function remove(item) {
    await store.remove(item.id);
    toast(texts.removed, { text: words.undo, act: () => store.put([item]) });
  }

  /** Puts an item back without drawing the list anew, so that typing goes on undisturbed. */
  function keep(item) {
    store.put([item], root);
  }

  function tagRow(item) {
    const row = h("ul", { class: "chips" });
    const input = h("input", { type: "text", class: "tag-input", dir: "auto", placeholder: texts.addTag, "aria-label": texts.addTag, autocomplete: "off",
      onkeydown: (event) => {
        if (event.isComposing || (event.key !== "Enter" && event.key !== ",")) return;
        event.preventDefault();
        const added = input.value.trim();
        input.value = "";
        if (added && !item.tags.includes(added)) change([...item.tags, added]);
      } });
    const change = (next) => {
      item.tags = next;
      keep(item);
      show();
      drawTags();
      input.focus();
    };
    const show = () => row.replaceChildren(...item.tags.map((name) => h("li", { class: "chip" }, h("span", { dir: "auto" }, name),
      h("button", { type: "button", class: "chip-off", "aria-label": words.remove(name), onclick: () => change(item.tags.filter((other) => other !== name)) }, icon("cross")))),
      h("li", {}, input));
    show();
    return row;
  }

  function cardOf(item) {
    const { type, tone, length, max_characters: most, product, prompt } = item.brief;
    const title = typeTitle(form, type);
    const day = new Date(item.savedAt).toLocaleDateString();
    const about = h("p", { class: "hint", dir: "auto" }, results.about(product ?? prompt, title, tone && choiceOf(tone), length && choiceOf(length), most && words.characters(most), day));
    return makeCard(item, {
      name: title, summaries, change: keep,
      range: form.templates.find((template) => template.type === type)?.words[length],
      below: [about, tagRow(item)],
      extra: [button({ text: texts.reuse, onclick: () => reuse(item.brief) }), button({ text: texts.remove, onclick: () => remove(item) })],
    });
  }

  function drawTags() {
    const every = [...new Set(items.flatMap((item) => item.tags))].sort((a, b) => a.localeCompare(b));
    if (!every.includes(tag)) tag = null;
    const choose = (name, text) => button({ text, kind: "pill", "aria-pressed": String(tag === name), onclick: () => {
      tag = name;
      draw();
    } });
    tags.replaceChildren(...(every.length ? [choose(null, texts.allTags), ...every.map((name) => choose(name, name))] : []));
  }

  function draw() {
    drawTags();
    const found = visible();
    shown.textContent = items.length ? `${texts.shown(found.length, items.length)} · ${texts.device}` : "";
    list.replaceChildren(...found.map(cardOf));
    if (!found.length) list.append(h("p", { class: "empty" }, items.length ? texts.none : texts.empty));
  }

  store.watch((by) => by !== root && load());
  return load();
}
