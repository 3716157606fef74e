"use strict";
const at = (id) => document.getElementById(id);
const [form, request, body, outcome, answer] = ["form", "request", "body", "outcome", "answer"].map(at);
const here = new URL(".", location.href).href.replace(/\/$/, "");

for (const snippet of document.querySelectorAll(".client")) {
  snippet.textContent = snippet.textContent.replaceAll("http://localhost:8080", here);
}

const choose = () => {
  body.value = request.value;
  body.disabled = request.selectedOptions[0].dataset.method === "GET";
};
request.addEventListener("change", choose);
choose();

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const { method, path } = request.selectedOptions[0].dataset;
  outcome.textContent = "Waiting for the answer …";
  answer.hidden = true;
  try {
    const sent = method === "GET" ? {} : { headers: { "Content-Type": "application/json" }, body: body.value };
    const start = performance.now();
    const response = await fetch(path, { method, ...sent });
    const said = await response.json();
    outcome.textContent = `${response.status} after ${Math.round(performance.now() - start)} ms`;
    answer.textContent = JSON.stringify(said, null, 2);
    answer.hidden = false;
  } catch (error) {
    outcome.textContent = `No answer: ${error.message}`;
  }
});
