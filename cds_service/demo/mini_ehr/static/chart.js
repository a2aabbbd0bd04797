import { ask, listen, post } from "./advice.js";
import "./developer.js";
import { drawCourse } from "./course.js";

const hooks = `${location.pathname}/hooks/`;
const reload = () => ask(`${hooks}patient-view`);

listen(({ go }) => setTimeout(() => location.assign(`${location.pathname}?said=${go}`), 300));
document.querySelector("#again").addEventListener("click", reload);
document.querySelector("button[data-hook]").addEventListener("click", (event) => ask(hooks + event.target.dataset.hook));
document.querySelector("form[data-hook]").addEventListener("submit", (event) => {
  event.preventDefault();
  ask(hooks + event.target.dataset.hook, new FormData(event.target));
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
  if (answer.ok) location.assign(`${location.pathname}?said=results.saved`);
  else document.querySelector("#results-said").textContent = answer.said;
});
if (document.querySelector("#said").textContent) history.replaceState(null, "", location.pathname);

reload();
drawCourse(document.querySelector("#course"), JSON.parse(document.querySelector("#course-data").textContent));
