// Improves pages that work without it: dates in the browser's own language, and forms that are sent once.

const language = navigator.language || "en";

function localise(element) {
  const value = element.getAttribute("datetime");
  const zone = element.dataset.zone;
  const isDay = !value.includes("T");
  const at = new Date(isDay ? `${value}T12:00:00Z` : value);
  if (Number.isNaN(at.getTime())) return;
  const how = isDay
    ? { dateStyle: "medium", timeZone: "UTC" }
    : { dateStyle: "medium", timeStyle: "short", timeZone: zone || "UTC" };
  element.textContent = new Intl.DateTimeFormat(language, how).format(at);
  if (zone) element.title = zone;
}

for (const element of document.querySelectorAll("time[datetime]")) localise(element);

// A mark on a goal's line leads to its event: open it, where the browser does not by itself.
function openTarget() {
  const target = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
  const details = target && target.closest("details");
  if (details) details.open = true;
}
window.addEventListener("hashchange", openTarget);
openTarget();

for (const form of document.querySelectorAll("form[method=post]")) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
  });
}

// A page that the browser shows again, as by its button back, can be sent again: its key records it once.
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});
