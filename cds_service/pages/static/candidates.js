// The study team's list: filter, sort and search without asking the server again; a change without losing one's place.
"use strict";

const table = document.getElementById("candidates");
const body = table && table.tBodies[0];
const filters = document.querySelector(".filters");
const dialog = document.getElementById("work");
const words = document.getElementById("words");
let chip = "";
let opened = null;
let asked = ""; // a status that changes the advice at the bedside is written at the second press

const rows = () => Array.from(body.rows);
const chips = {
  "": () => true,
  asked: (row) => row.dataset.asked !== "",
  one: (row) => row.dataset.open === "1" && row.dataset.news !== "lost",
};

function fitsChip(row, name) {
  return name in chips ? chips[name](row) : row.dataset.news === name;
}

function fits(row) {
  const wanted = filters.elements;
  const found = wanted.find.value.trim().toLowerCase().split(/\s+/).every((part) => row.dataset.find.includes(part));
  return found && fitsChip(row, chip) && ["status", "question", "department", "owner"].every(
    (name) => wanted[name].value === "" || row.dataset[name] === wanted[name].value);
}

function filter() {
  let shown = 0;
  const all = rows();
  for (const row of all) {
    row.hidden = !fits(row);
    shown += row.hidden ? 0 : 1;
  }
  document.getElementById("nobody").hidden = shown > 0;
  const counted = document.getElementById("counted");
  counted.textContent = counted.dataset.words.replace("{shown}", shown).replace("{all}", all.length);
  for (const button of filters.querySelectorAll("[data-chip]")) {
    button.setAttribute("aria-pressed", String(button.dataset.chip === chip));
    button.querySelector("b").textContent = all.filter((row) => fitsChip(row, button.dataset.chip)).length;
  }
}

const language = new Intl.Collator(document.documentElement.lang, { numeric: true });

function sort(button) {
  const head = button.closest("th"), by = button.dataset.sort;
  const upwards = head.getAttribute("aria-sort") !== "ascending";
  for (const other of head.parentElement.cells) if (other.hasAttribute("aria-sort")) other.setAttribute("aria-sort", "none");
  head.setAttribute("aria-sort", upwards ? "ascending" : "descending");
  const sign = upwards ? 1 : -1;
  body.append(...rows().sort((one, two) => sign * language.compare(one.dataset[by], two.dataset[by])));
}

function open(row) {
  opened = row;
  const form = dialog.querySelector("form"), fields = form.elements;
  fields.key.value = row.dataset.key;
  fields.version.value = row.dataset.version;
  fields.owner.value = row.dataset.owner;
  fields.note.value = "";
  fields.criterion.value = "";
  const name = row.dataset.name || row.querySelector(".name").textContent;
  document.getElementById("work-name").textContent = [name, row.dataset.number].filter(Boolean).join(" · ");
  document.getElementById("work-more").innerHTML = row.querySelector(".more").innerHTML;
  for (const button of form.querySelectorAll(".statuses button"))
    button.setAttribute("aria-current", String(button.dataset.status === row.dataset.status));
  say("");
  asked = "";
  if (!dialog.open) dialog.showModal();
}

function say(text) {
  const said = dialog.querySelector(".said");
  said.textContent = text;
  said.hidden = text === "";
}

function replace(html) {
  const holder = document.createElement("template");
  holder.innerHTML = html;
  const fresh = holder.content.querySelector("tr");
  opened.replaceWith(fresh);
  opened = fresh;
  filter();
  opened.hidden = false; // where somebody works nothing vanishes from under the hand
}

async function send(form, status) {
  if (status === "ineligible" && form.elements.criterion.value === "") {
    say(words.dataset.criterion);
    form.elements.criterion.focus();
    return;
  }
  if (status === "on-study" && asked !== status) {
    asked = status;
    say(words.dataset.enrols);
    return;
  }
  const data = new URLSearchParams(new FormData(form));
  data.set("status", status);
  let answer, text;
  try {
    answer = await fetch(form.action, { method: "POST", body: data });
    text = await answer.text();
  } catch {
    say(words.dataset.failed);
    return;
  }
  const isRow = text.includes("<tr ");
  if (isRow) replace(text);
  if (answer.ok && isRow) {
    dialog.close();
    done(words.dataset.saved);
  } else if (answer.status === 409 && isRow) {
    open(opened);
    say(words.dataset.meanwhile);
  } else {
    say(answer.headers.get("Content-Type").startsWith("text/plain") ? text : words.dataset.failed);
  }
}

function done(text) {
  const place = document.getElementById("done");
  place.textContent = text;
  setTimeout(() => { place.textContent = ""; }, 4000);
}

function step(from, by) {
  const shown = rows().filter((row) => !row.hidden);
  const next = shown[shown.indexOf(from.closest("tr")) + by];
  if (next) next.querySelector("button.open").focus();
}

if (table) {
  filters.addEventListener("input", filter);
  filters.addEventListener("submit", (event) => event.preventDefault());
  filters.addEventListener("click", (event) => {
    const button = event.target.closest("[data-chip]");
    if (button) { chip = button.dataset.chip; filter(); }
  });
  table.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button && button.dataset.sort) sort(button);
    else if (button) open(button.closest("tr"));
  });
  table.addEventListener("keydown", (event) => {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (by && event.target.matches("button.open")) { event.preventDefault(); step(event.target, by); }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && !event.target.matches("input, textarea, select")) { event.preventDefault(); filters.elements.find.focus(); }
  });
  const form = dialog.querySelector("form");
  form.addEventListener("submit", (event) => { event.preventDefault(); send(form, ""); });
  form.addEventListener("click", (event) => {
    const button = event.target.closest("[data-status]");
    if (button) send(form, button.dataset.status);
  });
  dialog.addEventListener("close", () => { if (opened) opened.querySelector("button.open").focus(); });
  dialog.querySelector(".close").addEventListener("click", () => dialog.close());
  dialog.querySelector(".mine").addEventListener("click", (event) => {
    dialog.querySelector("[name=owner]").value = event.target.dataset.me;
  });
  filter();
}
