// The front page asks who needs somebody today; until that is known, and where it cannot be, the plain list stands.

const list = document.querySelector("#ward");

async function sortByNeed() {
  const reply = await fetch(list.dataset.ward, { headers: { Accept: "text/html" } });
  if (!reply.ok) throw new Error(String(reply.status));
  list.innerHTML = await reply.text();
}

if (list) {
  list.setAttribute("aria-busy", "true");
  sortByNeed()
    .catch(() => { document.querySelector("#ward-lost").hidden = false; })
    .finally(() => list.removeAttribute("aria-busy"));
}
