// The order form: order-select fires while it is edited, order-sign when it is signed.
import { ask, forget, listen, post, say } from "./advice.js";
import "./developer.js";

const form = document.querySelector("#order");
const sign = document.querySelector("#sign");
const verdict = document.querySelector("#verdict");
const signLabel = sign.textContent;
const LOUD = 1; // warnings and critical cards stop the signing once
let timer;
let warned = false;

const fields = () => new FormData(form);
const edited = () => {
  warned = false;
  sign.textContent = signLabel;
  verdict.textContent = "";
};

async function select() {
  if (form.elements.draft || form.elements.product.value) await ask(`${form.dataset.hooks}order-select`, fields());
}

// Orders of the same drug are proposed to be replaced; the user decides.
function proposeReplaced() {
  const option = form.elements.product.selectedOptions[0];
  const word = option.value ? option.textContent.split(" ")[0].toLowerCase() : "";
  for (const box of form.querySelectorAll("[name=stop]")) box.checked = box.dataset.drug === word;
}

form.addEventListener("input", (event) => {
  edited();
  if (event.target.name === "product") proposeReplaced();
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
    location.assign(form.getAttribute("action").replace(/\/orders$/, `?said=${answer.go}`));
    return;
  }
  for (const [name, value] of Object.entries(answer.fields)) form.elements[name].value = value;
  for (const box of form.querySelectorAll("[name=stop]")) box.checked ||= box.value === answer.replaces;
  edited();
  forget();
  select();
}, fields);
select();
