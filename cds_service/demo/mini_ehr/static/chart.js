import { answerable, ask, listen, post } from "./advice.js";
import "./developer.js";
import { drawCourse } from "./course.js";
import { drawStrips } from "./strip.js";

const hooks = `${location.pathname}/hooks/`;
const place = document.querySelector("#course");
const course = JSON.parse(document.querySelector("#course-data").textContent);

// What the cards judged of the levels stands in the plot as well: its target, and whether the last one may decide.
async function reload() {
  const answer = await ask(`${hooks}patient-view`);
  if (answer?.judged?.length) drawCourse(place, course, answer.judged);
  strips();
}

const strips = () => drawStrips(document.querySelector("#cards"), course, { target: place.dataset.target });

listen(({ go, undo }) => setTimeout(() => location.assign(`${location.pathname}?said=${go}&undo=${undo}`), 300));
document.querySelector("#again").addEventListener("click", reload);
// What a moment brought is shown where the reader looks: the advice comes into view and takes the focus.
async function moment(hook, fields) {
  await ask(hooks + hook, fields);
  strips();
  const heading = document.querySelector("#advice-heading");
  heading.tabIndex = -1;
  heading.focus({ preventScroll: true });
  heading.scrollIntoView({ block: "start" });
}

document.querySelector("button[data-hook]").addEventListener("click", (event) => moment(event.target.dataset.hook));
document.querySelector("form[data-hook]").addEventListener("submit", (event) => {
  event.preventDefault();
  moment(event.target.dataset.hook, new FormData(event.target));
});

const dialog = document.querySelector("#results");
document.querySelector(".laboratory").addEventListener("click", async (event) => {
  const button = event.target.closest("[data-test]");
  if (!button) return;
  const reply = await fetch(`${location.pathname}/tests/${encodeURIComponent(button.dataset.test)}`);
  dialog.innerHTML = await reply.text();
  dialog.showModal();
});
dialog.addEventListener("submit", async (event) => {
  const form = event.target.closest("[data-result]");
  if (!form) return;
  event.preventDefault();
  const answer = await post(form.dataset.result, new FormData(form));
  if (answer.ok) location.assign(`${location.pathname}?said=results.saved&undo=${answer.undo}`);
  else document.querySelector("#results-said").textContent = answer.said;
});
const done = document.querySelector("#said");
if (done.textContent) {
  history.replaceState(null, "", location.pathname);
  done.tabIndex = -1; // the page was loaded anew by what the reader did: the focus stays with what was done
  done.focus();
}

drawCourse(place, course);
answerable();
reload();
