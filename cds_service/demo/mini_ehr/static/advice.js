// Cards: asks the mini-EHR to fire a hook, shows what came, and passes on what the user does with it.

const cards = document.querySelector("#cards");
const state = document.querySelector("#advice-state");
const exchanges = document.querySelector("#exchanges");
let latest = 0;

// What only a script can answer is disabled until it is here: a click is never lost, nor a form sent as a plain address.
export function answerable() {
  for (const control of document.querySelectorAll("[data-by-script]")) control.disabled = false;
}

export async function post(address, fields) {
  const reply = await fetch(address, {
    method: "POST",
    headers: { Accept: "application/json" },
    body: fields ?? new FormData(),
  });
  return reply.json();
}

// Fires a hook and shows its cards. Resolves to the answer, or null when a later question overtook it.
export async function ask(address, fields) {
  const mine = ++latest;
  state.textContent = state.dataset.busy;
  cards.setAttribute("aria-busy", "true");
  let answer;
  try {
    answer = await post(address, fields);
  } catch {
    answer = { ok: false, said: state.dataset.lost };
  }
  if (mine !== latest) return null;
  cards.removeAttribute("aria-busy");
  if (answer.field) {
    forget(); // a field that cannot be read: the form says which
    return answer;
  }
  if (!answer.html) {
    fail(answer.said);
    return answer;
  }
  show(answer);
  return answer;
}

// The page itself could not ask: no card on show may be taken for the present answer.
function fail(said) {
  cards.replaceChildren();
  const note = document.createElement("article");
  note.className = "card failure";
  note.setAttribute("role", "alert");
  note.textContent = said;
  cards.append(note);
  state.textContent = "";
}

// What is asked about has changed: no card on show is about it, and no answer still under way will be.
export function forget() {
  latest += 1;
  cards.replaceChildren();
  cards.removeAttribute("aria-busy");
  state.textContent = "";
}

// Cards of the services that answered replace their earlier ones, and so does the same finding of another
// service; the loudest stand first.
function show(answer) {
  const coming = document.createElement("template");
  coming.innerHTML = answer.html;
  const gone = new Set([...answer.services, "nothing"]);
  const told = new Set([...coming.content.children].map(finding));
  for (const card of [...cards.children]) {
    if (!card.dataset.service || gone.has(card.dataset.service) || told.has(finding(card))) card.remove();
  }
  cards.append(coming.content);
  const all = [...cards.children];
  const speaking = all.filter((card) => card.dataset.service !== "nothing");
  const shown = speaking.length ? speaking : all.slice(-1);
  shown.sort((a, b) => a.dataset.rank - b.dataset.rank);
  cards.replaceChildren(...shown);
  state.textContent = answer.said;
  exchanges.insertAdjacentHTML("afterbegin", answer.exchanges);
}

// Details of one finding differ by the moment they name; its heading, its rank and its subject do not.
const finding = (card) =>
  ["h3", ".kind"].map((part) => card.querySelector(part)?.textContent ?? "").join("\n");

// `undo` brings back what was done: it is offered in the line that tells of it, and by Ctrl+Z.
export function say({ said, ok, untold }, undo) {
  const line = document.querySelector("#said");
  line.replaceChildren(Object.assign(document.createElement("span"), { textContent: said }));
  if (undo) {
    const button = Object.assign(document.createElement("button"), { textContent: line.dataset.undo, className: "small" });
    button.setAttribute("aria-keyshortcuts", "Control+Z");
    button.addEventListener("click", undo);
    line.append(" ", button);
  }
  line.hidden = false;
  line.classList.toggle("bad", !ok);
  line.classList.toggle("warn", Boolean(untold));
}

// Text that is being written has an undo of its own.
document.addEventListener("keydown", (event) => {
  if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "z") return;
  if (event.shiftKey || event.target.matches("input, textarea, select")) return;
  const button = document.querySelector("#said:not([hidden]) button");
  if (!button) return;
  event.preventDefault();
  button.click();
});

// A card that was dismissed stands where it stood; where the advice has been asked for anew, at the end.
async function bringBack(key, card, place) {
  const answer = await post(`/undo/${key}`);
  say(answer);
  if (!answer.ok) return;
  card.querySelector(".dismiss").open = false;
  if (place.isConnected) place.replaceWith(card);
  else cards.append(card);
  const heading = card.querySelector("h3");
  heading.tabIndex = -1;
  heading.focus();
}

// `onAccepted` is called with the answer when a suggestion was carried out; `about` gives the fields it is for.
export function listen(onAccepted, about = () => undefined) {
  cards.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-accept]");
    if (!button) return;
    button.disabled = true;
    const key = button.closest(".card").dataset.key;
    const answer = await post(`/cards/${key}/suggestions/${button.dataset.accept}`, about());
    button.disabled = false;
    say(answer);
    if (answer.ok) onAccepted(answer);
  });
  cards.addEventListener("submit", async (event) => {
    const form = event.target.closest("[data-dismiss]");
    if (!form) return;
    event.preventDefault();
    const card = form.closest(".card");
    const answer = await post(`/cards/${card.dataset.key}/dismiss`, new FormData(form));
    if (!answer.ok) return say(answer);
    const place = document.createComment("");
    card.before(place);
    say(answer, () => bringBack(answer.undo, card, place));
    const next = card.nextElementSibling?.querySelector("h3") ?? document.querySelector("#advice-heading");
    card.remove();
    next.tabIndex = -1; // never a button: a second Enter would carry out what nobody has read
    next.focus();
  });
}
