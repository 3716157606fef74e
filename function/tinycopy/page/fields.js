// The form's fields: texts, choices, a list of lines, chips. Each is an element with `show(draft)`
// (draw what the draft holds) and `mark(problems)` (say what is wrong).

import { button, h, icon, uid } from "./dom.js";
import { lengthOf } from "./brief.js";
import { choices, errors, fields as texts, form as words } from "./strings.js";

export const labelOf = (name) => texts[name]?.label ?? name.replaceAll("_", " ");
export const choiceOf = (value) => choices[value] ?? value;
const NEAR = 0.8; // of a limit: from there on the count is shown

function label(name, id, optional) {
  const extra = optional ? h("span", { class: "optional" }, words.optional) : null;
  return h("label", { for: id }, labelOf(name), extra);
}

function hint(field, id) {
  const said = texts[field.name]?.hint ?? (texts[field.name] ? null : field.description);
  return said ? h("p", { class: "hint", id }, said) : null;
}

/** Writes a field's error, and ties it to its control for a screen reader. */
function showError(control, node, message) {
  node.textContent = message ?? "";
  node.hidden = !message;
  if (message) control.setAttribute("aria-invalid", "true");
  else control.removeAttribute("aria-invalid");
}

/** A text or number. change(value) is called as it is typed. */
export function textField(field, { change, lines = 1, optional = true }) {
  const id = uid(field.name);
  const number = field.kind !== "text";
  const control = h(lines > 1 ? "textarea" : "input", {
    id,
    dir: number ? null : "auto",
    rows: lines > 1 ? lines : null,
    type: lines > 1 ? null : "text",
    inputmode: number ? "decimal" : null,
    autocomplete: "off",
    name: field.name,
    required: !optional,
    placeholder: texts[field.name]?.example ?? null,
    "aria-describedby": `${id}-hint ${id}-error`,
    oninput: () => {
      count();
      change(control.value);
    },
  });
  const counter = h("span", { class: "counter", hidden: true });
  const error = h("p", { class: "error", id: `${id}-error`, hidden: true });
  const count = () => {
    const now = lengthOf(control.value);
    counter.hidden = number || now < NEAR * field.max_length;
    counter.textContent = counter.hidden ? "" : errors.count(now, field.max_length);
  };
  const head = h("div", { class: "label-line" }, label(field.name, id, optional), counter);
  const node = h("div", { class: "field" }, head, control, hint(field, `${id}-hint`), error);
  return {
    node,
    show: (draft) => {
      if (control.value !== draft[field.name]) control.value = draft[field.name];
      count();
    },
    mark: (problems) => showError(control, error, problems[field.name]),
  };
}

/** One of several, as radio buttons. options: [value, title, detail]. */
export function choiceField(name, options, { change, look = "segments", legend = labelOf(name) }) {
  const group = uid(name);
  const inputs = options.map(([value, title, detail]) => {
    const input = h("input", { type: "radio", name: group, value, class: "unseen", onchange: () => change(value) });
    const small = h("span", { class: "detail" }, detail ?? "");
    return { input, small, node: h("label", { class: "option" }, input, h("span", { class: "option-body" }, h("span", { class: "title" }, title), small)) };
  });
  const node = h("fieldset", { class: `field ${look}` }, h("legend", {}, legend), h("div", { class: "options" }, inputs.map((one) => one.node)));
  return {
    node,
    show: (draft) => inputs.forEach(({ input }) => (input.checked = input.value === String(draft[name]))),
    mark: () => {},
    detail: (value, text) => (inputs.find(({ input }) => input.value === value).small.textContent = text),
  };
}

/** Lines to add, remove and reorder. change(lines) */
export function listField(field, { change }) {
  const error = h("p", { class: "error", id: uid("list-error"), hidden: true });
  const rows = h("ul", { class: "rows" });
  const add = button({ text: words.addFeature, sign: "plus", kind: "plain", onclick: () => insert(lines.length) });
  let lines = [];
  let drawn = [];
  let problems = {};
  const tell = () => change([...lines]);

  function row(line, at) {
    const id = uid("feature");
    const input = h("input", {
      type: "text", dir: "auto", autocomplete: "off", value: line, "aria-label": words.feature(at + 1),
      "aria-describedby": `${id}-error`, placeholder: at ? null : texts[field.name]?.example,
      oninput: () => {
        lines[at] = input.value;
        tell();
      },
      onkeydown: (event) => onKey(event, at, input),
      onpaste: (event) => onPaste(event, at),
    });
    const problem = h("p", { class: "error", id: `${id}-error`, hidden: true });
    const tools = [
      button({ sign: "up", label: words.moveUp(at + 1), kind: "plain", disabled: at === 0, onclick: () => move(at, at - 1, 0) }),
      button({ sign: "down", label: words.moveDown(at + 1), kind: "plain", disabled: at === lines.length - 1, onclick: () => move(at, at + 1, 1) }),
      button({ sign: "cross", label: words.removeFeature(at + 1), kind: "plain", onclick: () => remove(at) }),
    ];
    const node = h("li", { class: "row" }, h("div", { class: "row-line" }, input, h("div", { class: "row-tools" }, tools)), problem);
    return { node, input, mark: () => showError(input, problem, problems[`${field.name}[${at}]`]) };
  }

  function draw(focusAt, tool) {
    drawn = lines.map(row);
    rows.replaceChildren(...drawn.map((one) => one.node));
    drawn.forEach((one) => one.mark());
    add.disabled = lines.length >= field.max_items;
    if (focusAt === undefined) return;
    const target = drawn[focusAt];
    const wanted = tool === undefined ? target?.input : target.node.querySelectorAll("button")[tool];
    (wanted && !wanted.disabled ? wanted : target?.input ?? add).focus();
  }

  function insert(at, ...more) {
    if (lines.length >= field.max_items) return;
    lines.splice(at, 0, ...(more.length ? more.slice(0, field.max_items - lines.length) : [""]));
    draw(at);
    tell();
  }

  function remove(at) {
    lines.splice(at, 1);
    if (!lines.length) lines = [""];
    draw(Math.max(0, at - 1));
    tell();
  }

  function move(from, to, tool) {
    const [line] = lines.splice(from, 1);
    lines.splice(to, 0, line);
    draw(to, tool);
    tell();
  }

  function onKey(event, at, input) {
    if (event.isComposing) return;
    if (event.key === "Enter" && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      if (input.value.trim()) insert(at + 1);
    } else if (event.key === "Backspace" && !input.value && lines.length > 1) {
      event.preventDefault();
      remove(at);
    }
  }

  function onPaste(event, at) {
    const pasted = event.clipboardData.getData("text").split(/\r?\n/).map((line) => line.replace(/^\s*[-•*]\s+/, "").trim()).filter(Boolean);
    if (pasted.length < 2) return;
    event.preventDefault();
    if (!lines[at].trim()) lines.splice(at, 1);
    insert(Math.min(at, lines.length), ...pasted);
  }

  const legend = h("legend", {}, labelOf(field.name), h("span", { class: "optional" }, words.optional));
  return {
    node: h("fieldset", { class: "field", "aria-describedby": error.id }, legend, rows, add, hint(field, uid("hint")), error),
    show: (draft) => {
      if (lines.length && lines.join("\n") === draft[field.name].join("\n")) return;
      lines = draft[field.name].length ? [...draft[field.name]] : [""];
      draw();
    },
    mark: (found) => {
      problems = found;
      drawn.forEach((one) => one.mark());
      error.textContent = found[field.name] ?? "";
      error.hidden = !found[field.name];
    },
  };
}

/** Short words as chips: Enter or a comma adds, Backspace in the empty box takes the last away. */
export function chipField(field, { change }) {
  const id = uid(field.name);
  const error = h("p", { class: "error", id: `${id}-error`, hidden: true });
  const chips = h("ul", { class: "chips" });
  let kept = [];
  const input = h("input", {
    id, type: "text", dir: "auto", autocomplete: "off", "aria-describedby": `${id}-hint ${id}-error`,
    oninput: () => input.value.includes(",") && commit(),
    onkeydown: (event) => {
      if (event.isComposing) return;
      if (event.key === "Enter" && !event.ctrlKey && !event.metaKey && input.value.trim()) {
        event.preventDefault();
        commit();
      } else if (event.key === "Backspace" && !input.value && kept.length) remove(kept.length - 1);
    },
    onblur: () => commit(),
  });

  function commit() {
    const added = input.value.split(",").map((part) => part.trim()).filter(Boolean);
    input.value = "";
    if (!added.length) return;
    kept = [...new Set([...kept, ...added])];
    draw();
    change([...kept]);
  }

  function remove(at) {
    kept.splice(at, 1);
    draw();
    change([...kept]);
    input.focus();
  }

  function draw() {
    chips.replaceChildren(...kept.map((word, at) => {
      const off = h("button", { type: "button", class: "chip-off", "aria-label": words.remove(word), onclick: () => remove(at) }, icon("cross"));
      return h("li", { class: "chip" }, h("span", { dir: "auto" }, word), off);
    }));
    chips.hidden = !kept.length;
  }

  const box = h("div", { class: "chip-box", onclick: (event) => event.target === box && input.focus() }, chips, input);
  return {
    node: h("div", { class: "field" }, h("div", { class: "label-line" }, label(field.name, id, true)), box, hint(field, `${id}-hint`), error),
    commit,
    show: (draft) => {
      kept = [...draft[field.name]];
      draw();
    },
    mark: (found) => {
      const item = kept.findIndex((_, at) => found[`${field.name}[${at}]`]);
      showError(input, error, found[field.name] ?? (item < 0 ? null : `${kept[item]}: ${found[`${field.name}[${item}]`]}`));
      [...chips.children].forEach((chip, at) => chip.classList.toggle("bad", Boolean(found[`${field.name}[${at}]`])));
    },
  };
}
