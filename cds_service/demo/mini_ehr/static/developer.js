// The developer panel: shows a request and its response when asked, and stays open across pages.

const panel = document.querySelector("#developer");
const OPEN = "mini-ehr-developer-open";

panel.open = sessionStorage.getItem(OPEN) === "yes";
panel.addEventListener("toggle", () => sessionStorage.setItem(OPEN, panel.open ? "yes" : "no"));

document.querySelector("#exchanges").addEventListener("click", async (event) => {
  const button = event.target.closest("[data-exchange]");
  if (!button) return;
  const reply = await fetch(`/exchanges/${button.dataset.exchange}`, { headers: { Accept: "application/json" } });
  const wire = await reply.json();
  document.querySelector("#wire-request").textContent = wire.request ?? wire.said;
  document.querySelector("#wire-response").textContent = wire.response ?? "";
  document.querySelector("#wire").hidden = false;
});
