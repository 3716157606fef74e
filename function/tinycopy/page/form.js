// The form: drawn from the answer of GET /v1/templates, which knows the types, fields and limits.

import { button, h, toClipboard, toast } from "./dom.js";
import { chipField, choiceField, choiceOf, listField, textField } from "./fields.js";
import { draftOf, emptyDraft, linkTo, numbersOf, problemsOf, requestOf } from "./brief.js";
import { errors, form as words, types } from "./strings.js";

export const typeTitle = (form, type) =>
  types[type]?.[0] ?? form.templates.find((template) => template.type === type)?.title ?? type;

/**
 * Draws the form into `root`. keep(draft) is called with every change, write(request) to send.
 * Returns {fill(draft, message), refuse(fields), busy(isBusy)}.
 */
export function makeForm(root, form, { draft: first, keep, write }) {
  let draft = first;
  let busy = false;
  let touched = new Set();
  let server = {}; // what the server said of the fields, until they change
  const known = Object.fromEntries(form.fields.map((field) => [field.name, field]));

  const set = (name) => (value) => {
    draft = { ...draft, [name]: value };
    touched.add(name);
    server = Object.fromEntries(Object.entries(server).filter(([field]) => field.split("[")[0] !== name));
    refresh();
    keep(draft);
  };

  const parts = {
    type: choiceField("type", form.templates.map(({ type }) => [type, typeTitle(form, type), types[type]?.[1]]), { change: set("type"), look: "cards" }),
    mode: choiceField("mode", [["product", words.product], ["prompt", words.prompt]], { change: set("mode"), legend: words.mode }),
    product: textField(known.product, { change: set("product"), optional: false }),
    category: textField(known.category, { change: set("category") }),
    features: listField(known.features, { change: set("features") }),
    prompt: textField(known.prompt, { change: set("prompt"), lines: 5, optional: false }),
    tone: choiceField("tone", form.tones.map((tone) => [tone, choiceOf(tone)]), { change: set("tone") }),
    length: choiceField("length", form.lengths.map((length) => [length, choiceOf(length)]), { change: set("length") }),
    audience: textField(known.audience, { change: set("audience") }),
    keywords: chipField(known.keywords, { change: set("keywords") }),
    variants: choiceField("variants", Array.from({ length: known.variants.most }, (_, i) => [i + 1, String(i + 1)]), { change: (value) => set("variants")(Number(value)) }),
  };
  parts.opening = textField(known.opening, { change: set("opening") });
  for (const field of numbersOf(form)) parts[field.name] = textField(field, { change: set(field.name) });
  const rare = [known.opening, ...numbersOf(form).filter(({ name }) => name !== "max_characters")];
  const tight = h("p", { class: "hint", role: "status", hidden: true });

  const modes = {
    product: h("div", { class: "stack" }, parts.product.node, parts.category.node, parts.features.node),
    prompt: h("div", { class: "stack" }, parts.prompt.node),
  };
  const summary = h("p", { class: "error", role: "alert", hidden: true });
  const submit = button({ text: words.submit, kind: "primary wide", type: "submit", "aria-keyshortcuts": "Control+Enter" });
  const advanced = h("details", { class: "advanced" }, h("summary", {}, words.advanced), h("div", { class: "pair" }, rare.map((field) => parts[field.name].node)));

  const node = h("form", {
    novalidate: true,
    "aria-label": words.submit,
    onsubmit: (event) => {
      event.preventDefault();
      send();
    },
    onkeydown: (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
        event.preventDefault();
        send();
      }
    },
    onfocusout: (event) => {
      if (event.target.name) touched.add(event.target.name);
      refresh();
    },
  },
    examples(),
    parts.type.node, parts.mode.node, modes.product, modes.prompt, parts.tone.node,
    parts.length.node, h("div", { class: "limit" }, parts.max_characters.node, tight),
    parts.audience.node, parts.keywords.node, parts.variants.node, advanced,
    h("div", { class: "send" }, summary, submit,
      h("div", { class: "send-more" },
        button({ text: words.share, sign: "link", kind: "plain", onclick: share }),
        button({ text: words.clear, kind: "plain", onclick: () => replace(emptyDraft(form), words.cleared) }),
        h("kbd", {}, words.submitHint))));
  addEventListener("pagehide", parts.keywords.commit); // a word still being typed survives a reload too
  root.replaceChildren(node);
  root.classList.remove("skeleton");
  show();

  function examples() {
    const choose = (template) => button({
      text: template.example.product ?? typeTitle(form, template.type),
      label: words.exampleOf(template.example.product ?? typeTitle(form, template.type)),
      kind: "pill",
      onclick: () => replace({ ...draftOf(template.example, form), variants: draft.variants }, words.loaded),
    });
    return h("div", { class: "examples", role: "group", "aria-label": words.examples }, h("span", { class: "examples-title" }, words.examples), form.templates.map(choose));
  }

  /** Another draft in place of this one, which can be had back. */
  function replace(next, message) {
    const before = draft;
    fill(next);
    toast(message, { text: words.undo, act: () => fill(before) });
  }

  function fill(next) {
    draft = next;
    touched = new Set();
    server = {};
    summary.hidden = true;
    show();
    keep(draft);
  }

  function show() {
    for (const part of Object.values(parts)) part.show(draft);
    if (rare.some(({ name }) => draft[name] !== "")) advanced.open = true;
    refresh();
  }

  /** Marks what is wrong: limits at once, what is missing only where one has been. */
  function refresh(all = false) {
    modes.product.hidden = draft.mode !== "product";
    modes.prompt.hidden = draft.mode !== "prompt";
    const ranges = form.templates.find(({ type }) => type === draft.type).words;
    for (const [length, { least, most }] of Object.entries(ranges)) parts.length.detail(length, words.words(least, most));
    const found = { ...problemsOf(draft, form), ...server };
    const { least, most, characters } = ranges[draft.length];
    tight.hidden = "max_characters" in found || !draft.max_characters.trim() || Number(draft.max_characters) >= characters;
    tight.textContent = tight.hidden ? "" : words.tight(least, most);
    const shown = Object.entries(found).filter(([name, message]) => all || touched.has(name) || message !== errors.needed);
    for (const part of Object.values(parts)) part.mark(Object.fromEntries(shown));
    if (!Object.keys(found).length) summary.hidden = true;
    return found;
  }

  function refuse(found) {
    const count = Object.keys(found).length;
    summary.textContent = Object.entries(found).map(([name, message]) => (name in parts ? null : `${name}: ${message}`)).filter(Boolean)[0] ?? errors.summary(count);
    summary.hidden = false;
    const wrong = [...node.querySelectorAll("[aria-invalid]")].find((control) => control.offsetParent);
    if (rare.some(({ name }) => name in found)) advanced.open = true;
    (wrong ?? submit).focus();
  }

  function send() {
    if (busy) return null;
    parts.keywords.commit();
    const found = refresh(true);
    if (Object.keys(found).length) return refuse(found);
    summary.hidden = true;
    return write(requestOf(draft, form));
  }

  async function share() {
    parts.keywords.commit();
    const link = linkTo(requestOf(draft, form));
    history.replaceState(null, "", link);
    toast((await toClipboard(link)) ? words.shared : words.inAddress);
  }

  return {
    fill: replace,
    refuse: (fields) => {
      server = fields;
      refresh(true);
      refuse(fields);
    },
    busy: (isBusy) => {
      busy = isBusy;
      submit.setAttribute("aria-disabled", String(busy));
    },
  };
}
