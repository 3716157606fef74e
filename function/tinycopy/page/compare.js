// Two variants side by side, with the words of one side only marked.

import { button, h, uid } from "./dom.js";
import { charactersIn, wordsIn } from "./export.js";
import { compare as texts, results } from "./strings.js";

/**
 * The words of two texts, those in common found by their longest common subsequence: two lists of
 * [text, isCommon], white space kept with the word before it.
 */
export function differences(left, right) {
  const a = left.match(/\S+\s*/g) ?? [];
  const b = right.match(/\S+\s*/g) ?? [];
  const same = (i, j) => a[i].trim() === b[j].trim();
  const longest = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      longest[i][j] = same(i, j) ? longest[i + 1][j + 1] + 1 : Math.max(longest[i + 1][j], longest[i][j + 1]);
    }
  }
  const sides = [[], []];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && same(i, j)) {
      sides[0].push([a[i++], true]);
      sides[1].push([b[j++], true]);
    } else if (j >= b.length || (i < a.length && longest[i + 1][j] >= longest[i][j + 1])) sides[0].push([a[i++], false]);
    else sides[1].push([b[j++], false]);
  }
  return sides;
}

/** Opens the comparison. sides: two of {name, text}. */
export function showComparison(sides) {
  const id = uid("compare");
  const [left, right] = differences(sides[0].text, sides[1].text);
  const column = ({ name, text }, parts, tag) => h("div", { class: "side" },
    h("h3", {}, name),
    h("p", { class: "copy", dir: "auto" }, parts.map(([word, common]) => (common ? word : h(tag, {}, word)))),
    h("p", { class: "counts" }, results.counts(wordsIn(text), charactersIn(text))));
  const close = button({ sign: "cross", label: texts.close, kind: "plain", onclick: () => dialog.close() });
  const dialog = h("dialog", { class: "compare", "aria-labelledby": id, onclose: () => dialog.remove() },
    h("div", { class: "dialog-head" }, h("h2", { id }, texts.title), close),
    h("div", { class: "sides" }, column(sides[0], left, "del"), column(sides[1], right, "ins")),
    h("p", { class: "hint" }, texts.same));
  document.body.append(dialog);
  dialog.showModal();
}
