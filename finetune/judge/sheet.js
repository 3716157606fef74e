
"use strict";

const element = (id) => document.getElementById(id);
const sheet = JSON.parse(element("sheet").textContent);
const store = `tinycopy-judge-${sheet.id}`;
const state = { rater: "", at: 0, answers: {} };

function say(text) {
  element("message").textContent = text;
}

function keep() {
  try {
    localStorage.setItem(store, JSON.stringify(state));
  } catch {
    say("This browser keeps no answers for this page: save them before you close it.");
  }
}

function recall() {
  try {
    const kept = JSON.parse(localStorage.getItem(store) ?? "{}");
    state.rater = String(kept.rater ?? "");
    state.at = Math.min(sheet.items.length - 1, Math.max(0, Number(kept.at) || 0));
    for (const item of sheet.items) {
      const answer = kept.answers?.[item.id];
      if (sheet.choices.some(([choice]) => choice === answer)) state.answers[item.id] = answer;
    }
  } catch {
    // Nothing was kept, or not by this page: begin anew.
  }
}

function make(tag, text) {
  const made = document.createElement(tag);
  made.textContent = text;
  return made;
}

function answered() {
  return Object.keys(state.answers).length;
}

function showProgress() {
  element("progress").max = sheet.items.length;
  element("progress").value = answered();
  element("answered").textContent = `${answered()} of ${sheet.items.length} answered`;
}

function showItem() {
  const item = sheet.items[state.at];
  element("heading").textContent = `Question ${state.at + 1} of ${sheet.items.length}`;
  element("brief").replaceChildren(
    ...item.brief.flatMap(([name, value]) => [make("dt", name), make("dd", value)]),
  );
  element("copies").replaceChildren(
    ...item.texts.map((text, i) => {
      const copy = make("section", "");
      const title = make("h3", item.texts.length > 1 ? `Copy ${i + 1}` : "Copy");
      copy.append(title, make("p", text || "(nothing was written)"));
      return copy;
    }),
  );
  for (const radio of document.querySelectorAll("input[name=choice]")) {
    radio.checked = radio.value === state.answers[item.id];
  }
  element("back").disabled = state.at === 0;
  showProgress();
}

function go(to) {
  state.at = to;
  keep();
  showItem();
  element("heading").focus();
}

function next() {
  const later = state.at + 1;
  const open = sheet.items.findIndex((item) => !(item.id in state.answers));
  if (later < sheet.items.length) go(later);
  else if (open >= 0) go(open);
  else element("save").focus();
}

function download(name, type, text) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

function quoted(value) {
  // A spreadsheet would take a leading sign for a formula.
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return `"${safe.replaceAll('"', '""')}"`;
}

function save(kind) {
  const rater = state.rater.trim();
  if (!rater) {
    say("Give your name or initials first.");
    element("rater").focus();
    return;
  }
  const name = `answers-${sheet.id}-${rater.replace(/[^\p{L}\p{N}]+/gu, "-")}.${kind}`;
  const { id, form } = sheet;
  if (kind === "json") {
    const answers = { sheet: id, form, rater, answers: state.answers };
    download(name, "application/json", `${JSON.stringify(answers, null, 2)}\n`);
  } else {
    const rows = sheet.items
      .filter((item) => item.id in state.answers)
      .map((item) => [id, rater, item.id, state.answers[item.id]]);
    const lines = [["sheet", "rater", "item", "answer"], ...rows];
    download(name, "text/csv", lines.map((line) => `${line.map(quoted).join(",")}\r\n`).join(""));
  }
  const open = sheet.items.length - answered();
  say(`Saved ${name}.${open ? ` ${open} questions are not answered yet.` : ""}`);
}

function clear() {
  if (!confirm("Delete all answers on this sheet?")) return;
  state.answers = {};
  go(0);
}

element("question").textContent = sheet.question;
for (const [choice, name] of sheet.choices) {
  const radio = document.createElement("input");
  Object.assign(radio, { type: "radio", name: "choice", value: choice });
  const label = document.createElement("label");
  label.append(radio, name);
  element("choices").append(label);
}
recall();
element("rater").value = state.rater;
element("rater").addEventListener("input", (event) => {
  state.rater = event.target.value;
  keep();
});
element("choices").addEventListener("change", (event) => {
  state.answers[sheet.items[state.at].id] = event.target.value;
  keep();
  showProgress();
});
element("form").addEventListener("submit", (event) => {
  event.preventDefault();
  next();
});
element("back").addEventListener("click", () => go(state.at - 1));
element("json").addEventListener("click", () => save("json"));
element("csv").addEventListener("click", () => save("csv"));
element("clear").addEventListener("click", clear);
showItem();
