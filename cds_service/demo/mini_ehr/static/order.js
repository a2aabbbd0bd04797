// The order form: order-select fires while it is edited, order-sign when it is signed.
import { answerable, ask, forget, listen, post, say } from "./advice.js";
import "./developer.js";

const form = document.querySelector("#order");
const sign = document.querySelector("#sign");
const verdict = document.querySelector("#verdict");
const signLabel = sign.textContent;
const LOUD = 1; // warnings and critical cards stop the signing once
const line = document.querySelector("#answer");
let timer;
let warned = false;

const fields = () => new FormData(form);
const edited = () => {
  warned = false;
  sign.textContent = signLabel;
  verdict.textContent = "";
};

// What stands beside Sign is never empty: what is missing, that it is being asked, or how the order fits.
function tell(text, tone = "unknown") {
  line.textContent = text;
  line.dataset.tone = tone;
}

function told(answer) {
  for (const field of form.elements) field.removeAttribute("aria-invalid");
  if (!answer) return;
  rule(answer.ruler);
  if (answer.field) {
    form.elements[answer.field].setAttribute("aria-invalid", "true");
    tell(answer.said, "critical");
  } else if (answer.answer) {
    tell([answer.answer.sum, answer.answer.said].filter(Boolean).join("  ·  "), answer.answer.tone);
  } else tell(answer.said, "critical");
}

// The ruler: where the drafted dose lies beside what the advice allows. Moving its handle writes the amount.
const ruler = document.querySelector("#ruler");
const handle = ruler.querySelector("input");
const ends = ruler.querySelectorAll(".ends-of-scale span");
let ruled = null;

function rule(found) {
  ruled = found ?? null;
  ruler.hidden = !ruled;
  if (!ruled) return;
  const part = (mg) => `${(100 * mg) / ruled.most}%`;
  handle.max = ruled.most;
  handle.step = Number.isInteger(ruled.dose / ruled.step) ? ruled.step : "any"; // half a tablet is shown as it is drafted
  handle.value = ruled.dose;
  ruler.style.setProperty("--low", part(ruled.low));
  ruler.style.setProperty("--high", part(ruled.high));
  [ruled.low, ruled.high, ruled.most].forEach((mg, place) => {
    ends[place + 1].textContent = mg;
    ends[place + 1].style.left = part(mg);
  });
  ends[2].hidden = ruled.low === ruled.high;
  ends[3].hidden = ruled.most === ruled.high;
  measure(ruled.dose);
  ruler.querySelector("#zone").textContent = ruled.said;
}

function measure(mg) {
  ruler.querySelector("output").textContent = `${mg} mg`;
  handle.setAttribute("aria-valuetext", `${mg} mg`);
  ruler.dataset.tone = ruled.low <= mg && mg <= ruled.high ? "good" : "critical";
}

handle.addEventListener("input", () => {
  const count = Math.round(handle.value / ruled.step), mg = count * ruled.step;
  form.elements.amount.value = form.elements.unit.value === "mg" ? mg : count;
  measure(mg);
});

// Until drug and amount are there, nothing can be said of the order; the line says which is missing.
function missing() {
  if (form.elements.draft) return "";
  return ["product", "amount"].find((name) => !form.elements[name].value.trim()) ?? "";
}

async function select() {
  if (missing()) {
    rule(null);
    return tell(line.dataset[missing()]);
  }
  tell(line.dataset.checking);
  told(await ask(`${form.dataset.hooks}order-select`, fields()));
}

// Orders of the same drug are proposed to be replaced; the user decides.
function proposeReplaced() {
  const option = form.elements.product.selectedOptions[0];
  const word = option.dataset.drug ?? "";
  for (const box of form.querySelectorAll("[name=stop]")) box.checked = box.dataset.drug === word;
}

// Typing in the search leaves the products whose name has these letters; one that is left alone is chosen.
document.querySelector("#find")?.addEventListener("input", (event) => {
  event.stopPropagation();
  const letters = event.target.value.trim().toLowerCase(), list = form.elements.product;
  const fitting = [...list.options].filter((one) => one.value && one.textContent.toLowerCase().includes(letters));
  for (const one of list.options) one.hidden = Boolean(one.value) && !fitting.includes(one);
  const only = letters && fitting.length === 1 ? fitting[0].value : list.value;
  if (only === list.value) return;
  list.value = only;
  list.dispatchEvent(new Event("input", { bubbles: true }));
});

form.addEventListener("input", (event) => {
  edited();
  tell(line.dataset[missing() || "checking"]);
  if (event.target.name === "product") proposeReplaced();
  if (["product", "often"].includes(event.target.name)) rule(null); // the zone was another order's
  forget();
  clearTimeout(timer);
  timer = setTimeout(select, 250);
});

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  clearTimeout(timer);
  sign.disabled = true;
  try {
    if (!warned) {
      const answer = await ask(`${form.dataset.hooks}order-sign`, fields());
      if (!answer) return;
      told(answer);
      if (answer.field) return form.elements[answer.field].focus();
      if (!answer.ok || answer.loudest <= LOUD) {
        warned = true;
        verdict.textContent = form.dataset.ask;
        sign.textContent = form.dataset.anyway;
        return;
      }
    }
    const done = await post(form.getAttribute("action"), fields());
    say(done);
    if (done.ok) location.assign(done.go);
  } finally {
    sign.disabled = false;
  }
});

document.querySelector("#again").addEventListener("click", select);
listen((answer) => {
  if (!answer.fields) {
    location.assign(form.getAttribute("action").replace(/\/orders$/, `?said=${answer.go}&undo=${answer.undo}`));
    return;
  }
  for (const [name, value] of Object.entries(answer.fields)) form.elements[name].value = value;
  for (const box of form.querySelectorAll("[name=stop]")) box.checked ||= box.value === answer.replaces;
  edited();
  forget();
  select();
}, fields);
answerable();
select();
