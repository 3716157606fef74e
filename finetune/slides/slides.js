
"use strict";

// Without this script all slides stand one below another.
const sections = [...document.querySelectorAll("section")];
const back = document.getElementById("back");
const next = document.getElementById("next");
let at = 0;

function show(to) {
  at = Math.min(sections.length - 1, Math.max(0, to));
  sections.forEach((section, i) => section.classList.toggle("shown", i === at));
  document.getElementById("place").textContent = `${at + 1} of ${sections.length}`;
  back.disabled = at === 0;
  next.disabled = at === sections.length - 1;
  history.replaceState(null, "", `#slide-${at + 1}`);
  scrollTo(0, 0);
}

const steps = { ArrowRight: 1, PageDown: 1, ArrowLeft: -1, PageUp: -1 };
const ends = { Home: 0, End: sections.length - 1 };
document.addEventListener("keydown", (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  if (event.key in steps) show(at + steps[event.key]);
  else if (event.key in ends) show(ends[event.key]);
  else return;
  event.preventDefault();
});
back.addEventListener("click", () => show(at - 1));
next.addEventListener("click", () => show(at + 1));
document.body.classList.add("turning");
show(Number(location.hash.replace("#slide-", "")) - 1 || 0);
