// Copy as files: .txt, .csv and .json, one or many; and saved copy read back from .json.

import { h } from "./dom.js";
import { checks as checkNames } from "./strings.js";

export const KINDS = ["txt", "csv", "json"];
const MEDIA = { txt: "text/plain", csv: "text/csv", json: "application/json" };
const COLUMNS = ["text", "type", "product", "tone", "length", "character limit", "audience", "keywords", "words", "characters", "failed checks", "rating", "tags"];
const FORMAT = "tinycopy-1";
const MAX_FILE = 20e6;

export const wordsIn = (text) => text.split(/\s+/).filter(Boolean).length;
export const charactersIn = (text) => [...text].length;

/** One cell of CSV. What a spreadsheet would run as a formula is made text by an apostrophe. */
function cell(value) {
  const text = String(value ?? "");
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

function line(item) {
  const { brief } = item;
  const failed = Object.entries(item.checks).filter(([, passed]) => !passed).map(([name]) => checkNames[name] ?? name);
  return [
    item.text, brief.type, brief.product ?? brief.prompt, brief.tone, brief.length, brief.max_characters, brief.audience,
    (brief.keywords ?? []).join("; "), wordsIn(item.text), charactersIn(item.text), failed.join("; "), item.rating, (item.tags ?? []).join("; "),
  ];
}

const outward = ({ text, brief, checks, rating, tags, savedAt, model }) => ({ text, brief, checks, rating, tags, savedAt, model });

/** The content of a file of the kind. Items: {text, brief, checks, rating?, tags?, savedAt?, model?} */
export function fileOf(kind, items) {
  if (kind === "txt") return `${items.map(({ text }) => text).join("\n\n")}\n`;
  // the mark at the start makes spreadsheets read UTF-8
  if (kind === "csv") return `\ufeff${[COLUMNS, ...items.map(line)].map((row) => row.map(cell).join(",")).join("\r\n")}\r\n`;
  return `${JSON.stringify({ format: FORMAT, copy: items.map(outward) }, null, 2)}\n`;
}

export function download(kind, items, name = "tinycopy") {
  const url = URL.createObjectURL(new Blob([fileOf(kind, items)], { type: `${MEDIA[kind]};charset=utf-8` }));
  h("a", { href: url, download: `${name}.${kind}` }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
}

/** The items of an exported .json file. Raises SyntaxError if it is anything else. */
export async function read(file) {
  if (file.size > MAX_FILE) throw new SyntaxError("too large");
  const { format, copy } = JSON.parse(await file.text());
  const whole = (item) => typeof item?.text === "string" && typeof item.brief?.type === "string" && typeof item.checks === "object";
  if (format !== FORMAT || !Array.isArray(copy) || !copy.every(whole)) throw new SyntaxError("not saved copy");
  return copy.map((item) => ({ ...outward(item), checks: item.checks ?? {}, tags: (item.tags ?? []).map(String) }));
}
