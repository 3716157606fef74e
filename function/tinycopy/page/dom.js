// Small tools to build the page: elements, icons, menus, messages. Text goes in as text, never as HTML.

const SVG = "http://www.w3.org/2000/svg";
const PATHS = {
  check: "M4 12.5l5 5L20 6.5",
  cross: "M6 6l12 12M18 6L6 18",
  plus: "M12 5v14M5 12h14",
  up: "M12 19V5M6 11l6-6 6 6",
  down: "M12 5v14M6 13l6 6 6-6",
  copy: "M9 9h11v11H9zM5 15H4V4h11v1",
  edit: "M4 20l1-4L16 5l3 3L8 19z",
  save: "M6 4h12v16l-6-4-6 4z",
  caret: "M7 10l5 5 5-5",
  columns: "M4 5h16v14H4zM12 5v14",
  good: "M7 11v9H4v-9zM7 11l4-7c2 0 3 1 2.5 3L13 10h6l-1.5 9H7",
  bad: "M7 13V4H4v9zM7 13l4 7c2 0 3-1 2.5-3L13 14h6l-1.5-9H7",
  link: "M10 14a4 4 0 006 .4l3-3a4 4 0 00-5.7-5.7l-1 1M14 10a4 4 0 00-6-.4l-3 3a4 4 0 005.7 5.7l1-1",
  download: "M12 4v11M7 10l5 5 5-5M5 20h14",
  sparkle: "M12 4l2 6 6 2-6 2-2 6-2-6-6-2 6-2z",
};

/** An element. Keys of props: `on<event>` listens, `class`, any attribute; false and null leave out. */
export function h(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "value") node.value = value;
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return node;
}

export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}

/** A button with text, an icon, or both; `label` names it where there is no text. */
export function button({ text, sign, label, kind = "quiet", ...props }) {
  const look = `button ${kind}${text ? "" : " square"}`;
  const parts = [sign ? icon(sign) : null, text ? h("span", {}, text) : null];
  return h("button", { type: "button", class: look, "aria-label": label, title: label, ...props }, parts);
}

let serial = 0;
export const uid = (prefix) => `${prefix}-${++serial}`;

/** A button that opens a list of actions: Escape, a choice or leaving it closes. */
export function menu({ text, sign, label }, items) {
  const id = uid("menu");
  const list = h("div", { class: "menu-list", id, hidden: true });
  const opener = button({ text, sign, label, "aria-expanded": "false", "aria-controls": id });
  opener.append(icon("caret"));
  const show = (open) => {
    list.hidden = !open;
    opener.setAttribute("aria-expanded", String(open));
  };
  for (const [name, act] of items) {
    const choose = () => {
      show(false);
      opener.focus();
      act();
    };
    list.append(h("button", { type: "button", class: "menu-item", onclick: choose }, name));
  }
  opener.addEventListener("click", () => show(list.hidden));
  return h("div", {
    class: "menu",
    onkeydown: (event) => {
      if (event.key === "Escape" && !list.hidden) {
        show(false);
        opener.focus();
        event.stopPropagation();
      }
    },
    onfocusout: (event) => {
      if (!event.currentTarget.contains(event.relatedTarget)) show(false);
    },
  }, opener, list);
}

const TOAST_MS = 8000;

/** A passing message, with an action if given. It stays while it is pointed at or focused. */
export function toast(message, action) {
  const node = h("div", { class: "toast" }, h("span", {}, message));
  let timer = 0;
  const close = () => node.remove();
  const start = () => (timer = setTimeout(close, TOAST_MS));
  const act = () => {
    close();
    action.act();
  };
  if (action) node.append(button({ text: action.text, kind: "plain", onclick: act }));
  for (const name of ["mouseenter", "focusin"]) node.addEventListener(name, () => clearTimeout(timer));
  for (const name of ["mouseleave", "focusout"]) node.addEventListener(name, start);
  const region = document.getElementById("toasts");
  while (region.children.length > 1) region.firstChild.remove();
  region.append(node);
  start();
}

/** Says something to a screen reader only. */
export function announce(message) {
  document.getElementById("live").textContent = message;
}

/** Calls `act` once its calls have stopped for `ms` milliseconds. */
export function debounce(act, ms) {
  let timer = 0;
  return (...args) => {
    clearTimeout(timer);
    timer = setTimeout(() => act(...args), ms);
  };
}

export async function toClipboard(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
