"use strict";
const form = document.getElementById("form");
const example = document.getElementById("example");
const brief = document.getElementById("brief");
const answer = document.getElementById("answer");
example.addEventListener("change", () => { brief.value = example.value; });
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  answer.textContent = "Writing …";
  try {
    const response = await fetch("v1/copy", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: brief.value,
    });
    answer.textContent = response.status + "\n" + JSON.stringify(await response.json(), null, 2);
  } catch (error) {
    answer.textContent = String(error);
  }
});
