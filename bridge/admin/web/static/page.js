"use strict";
// The only script: have the part that changes by itself follow what happens. Without it, the page is as it was loaded.
(() => {
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
