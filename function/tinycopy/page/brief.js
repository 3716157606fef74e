// The draft of a brief: what is in the form, its limits (the server's), and what is sent of it.

import { errors } from "./strings.js";

const SHARED = "brief=";
const TEXTS = ["product", "category", "prompt", "audience", "opening"];
const LISTS = ["features", "keywords"];
const ONLY = { product: ["product", "category", "features"], prompt: ["prompt"] };

/** Characters as the server counts them: Unicode code points. */
export const lengthOf = (text) => [...text].length;

export const numbersOf = (form) =>
  form.fields.filter((field) => ["integer", "number"].includes(field.kind) && field.name !== "variants");

/** An empty draft. form: the answer of GET /v1/templates. */
export function emptyDraft(form) {
  const draft = { mode: "product", type: form.templates[0].type, variants: 3 };
  for (const name of TEXTS) draft[name] = "";
  for (const name of LISTS) draft[name] = [];
  for (const field of form.fields) {
    if (field.kind === "choice" && field.default) draft[field.name] = field.default;
  }
  for (const field of numbersOf(form)) draft[field.name] = "";
  return draft;
}

/** The draft that a brief (a request, or one that came by a link) fills in. */
export function draftOf(brief, form) {
  const draft = emptyDraft(form);
  for (const { name, kind, choices } of form.fields) {
    const value = brief[name];
    if (kind === "list") {
      if (Array.isArray(value)) draft[name] = value.map(String);
    } else if (kind === "choice") {
      if (choices.includes(value)) draft[name] = value;
    } else if (["string", "number"].includes(typeof value)) {
      draft[name] = name === "variants" ? Number(value) || draft.variants : String(value);
    }
  }
  draft.mode = draft.prompt && !draft.product ? "prompt" : "product";
  return draft;
}

/** The request for a draft: no empty field, and none of the mode that is not chosen. */
export function requestOf(draft, form) {
  const request = { type: draft.type };
  const other = ONLY[draft.mode === "product" ? "prompt" : "product"];
  for (const { name, kind } of form.fields) {
    if (name === "type" || other.includes(name)) continue;
    const value = draft[name];
    if (Array.isArray(value)) {
      const kept = value.map((part) => part.trim()).filter(Boolean);
      if (kept.length) request[name] = kept;
    } else if (kind === "integer" || kind === "number") {
      if (String(value).trim() !== "") request[name] = Number(value);
    } else if (value?.trim()) request[name] = value.trim();
  }
  return request;
}

/** What is wrong with a draft by the server's limits: field -> message; `features[2]` for an item. */
export function problemsOf(draft, form) {
  const found = {};
  const other = ONLY[draft.mode === "product" ? "prompt" : "product"];
  for (const field of form.fields) {
    if (other.includes(field.name)) continue;
    const value = draft[field.name];
    if (field.kind === "text") checkText(field, value, field.name, found);
    else if (field.kind === "list") {
      value.forEach((part, i) => checkText(field, part, `${field.name}[${i}]`, found));
      if (value.filter((part) => part.trim()).length > field.max_items) found[field.name] = errors.tooMany(field.max_items);
    } else if (field.kind !== "choice") checkNumber(field, String(value).trim(), found);
  }
  const needed = draft.mode;
  if (!draft[needed].trim()) found[needed] = errors.needed;
  return found;
}

function checkText(field, text, name, found) {
  const over = lengthOf(text.trim()) - field.max_length;
  if (over > 0) found[name] = errors.tooLong(over, field.max_length);
}

function checkNumber(field, text, found) {
  if (text === "") return;
  const value = Number(text);
  const whole = field.kind === "integer";
  const fits = value >= field.least && value <= field.most && (!whole || Number.isInteger(value));
  if (!fits) found[field.name] = (whole ? errors.whole : errors.range)(field.least, field.most);
}

/** A link that carries the brief after the #, where no server sees it. */
export function linkTo(request) {
  const bytes = new TextEncoder().encode(JSON.stringify(request));
  const text = btoa(String.fromCharCode(...bytes));
  const safe = text.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
  return `${location.href.split("#")[0]}#${SHARED}${safe}`;
}

/** The brief in a link's fragment; null if it has none. Raises SyntaxError if it cannot be read. */
export function briefIn(fragment) {
  const text = fragment.replace(/^#/, "");
  if (!text.startsWith(SHARED)) return null;
  try {
    const packed = atob(text.slice(SHARED.length).replaceAll("-", "+").replaceAll("_", "/"));
    const brief = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(Uint8Array.from(packed, (c) => c.charCodeAt(0))));
    if (typeof brief.type === "string") return brief;
  } catch {
    // what is wrong with a broken link helps nobody; that it is broken is said below
  }
  throw new SyntaxError("no brief in this link");
}
