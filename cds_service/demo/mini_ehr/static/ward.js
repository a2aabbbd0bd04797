// The front page asks who needs somebody today; until that is known, and where it cannot be, the plain list stands.

const list = document.querySelector("#ward");

async function sortByNeed() {
  const reply = await fetch(list.dataset.ward, { headers: { Accept: "text/html" } });
  if (!reply.ok) throw new Error(String(reply.status));
  const sorted = await reply.text();
  const held = list.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
  list.innerHTML = sorted;
  if (held) [...list.querySelectorAll("a")].find((one) => one.getAttribute("href") === held)?.focus(); // wherever it now stands
}

if (list) {
  list.setAttribute("aria-busy", "true");
  sortByNeed()
    .catch(() => { document.querySelector("#ward-lost").hidden = false; })
    .finally(() => list.removeAttribute("aria-busy"));
}
