
"use strict";
(() => {
  const shown = [...document.querySelectorAll("[data-standing]")];
  const checks = shown.filter((item) => item.matches("details"));
  const bar = document.getElementById("filter");
  if (!checks.length) return;
  const boxes = new Map();
  const search = document.createElement("input");
  search.type = "search";
  search.placeholder = "Find a clause";
  search.setAttribute("aria-label", "Find a clause");
  const apply = () => {
    const text = search.value.trim().toLowerCase();
    for (const item of shown) {
      item.hidden = !(boxes.get(item.dataset.standing).checked && item.dataset.words.includes(text));
    }
  };
  search.addEventListener("input", apply);
  bar.append(search);
  const counts = new Map();
  for (const check of checks) counts.set(check.dataset.standing, (counts.get(check.dataset.standing) ?? 0) + 1);
  for (const [standing, count] of counts) {
    const box = document.createElement("input");
    box.type = "checkbox";
    box.checked = true;
    box.addEventListener("change", apply);
    boxes.set(standing, box);
    const label = document.createElement("label");
    label.append(box, ` ${standing.replace("_", " ")} (${count})`);
    bar.append(label);
  }
  bar.hidden = false;
  const reveal = () => {
    const check = document.querySelector(":target");
    if (check?.matches("details")) check.open = true;
  };
  addEventListener("hashchange", reveal);
  reveal();
  let closed = [];
  addEventListener("beforeprint", () => {
    closed = checks.filter((check) => !check.open);
    for (const check of closed) check.open = true;
  });
  addEventListener("afterprint", () => {
    for (const check of closed) check.open = false;
  });
})();
