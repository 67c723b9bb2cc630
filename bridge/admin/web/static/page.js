"use strict";
// The only script. Without it, pages are as they were loaded, and forms work.
(() => {
  // What was pressed shows that it is being done, and is not done twice.
  document.addEventListener("submit", (event) => {
    const button = event.submitter;
    if (!button) return;
    if (button.ariaBusy) event.preventDefault();
    button.ariaBusy = "true";
  });
  window.addEventListener("pageshow", () => {
    for (const button of document.querySelectorAll("button[aria-busy]")) button.ariaBusy = null;
  });

  // The part that changes by itself follows what happens.
  const live = document.getElementById("live");
  if (!live) return;
  let waiting = false;
  const refresh = async () => {
    // What a person is using stays as it is until they have left it.
    if (live.contains(document.activeElement)) {
      waiting = true;
      return;
    }
    waiting = false;
    const answer = await fetch(live.dataset.part, { headers: { "X-Requested-With": "page" } });
    if (answer.status === 401) return location.reload();
    if (!answer.ok) return;
    const parsed = new DOMParser().parseFromString(await answer.text(), "text/html");
    live.replaceChildren(...parsed.body.childNodes);
  };
  live.addEventListener("focusout", () => setTimeout(() => waiting && refresh(), 0));
  new EventSource(live.dataset.events).addEventListener("changed", refresh);
})();
