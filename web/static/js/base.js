// What HTML cannot do alone: asking before what cannot be undone, keys of the review, dragging. All else is htmx.
"use strict";
document.addEventListener("submit", event => {
  const sure = event.target.dataset.sure;
  if (sure && !window.confirm(sure)) event.preventDefault();
});
// A control whose change alone is an answer sends its form; without scripts the form has a button for that.
document.addEventListener("change", event => {
  const form = event.target.closest("form[data-auto]");
  if (form) form.requestSubmit();
});
document.addEventListener("htmx:sendError", () => {
  const notice = Object.assign(document.createElement("p"), {className: "notice problem", textContent: "The service could not be reached. Nothing is lost: try again in a moment."});
  document.getElementById("notices").replaceChildren(notice);
});
// Single keys press the control that names them: data-key="a". Not while one writes.
document.addEventListener("keydown", event => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select, dialog[open]")) return;
  const control = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
  if (!control) return;
  event.preventDefault();
  if (control.matches("input, textarea, select, details")) control.focus(); else control.click();
});
// Live parts: every message is HTML, each element of it takes the place of the one with its id. What is focused or
// unfolded stays so. The event "end" says that no more come.
function take(html) {
  const parts = document.createElement("template");
  parts.innerHTML = html;
  for (const part of [...parts.content.children]) {
    const old = document.getElementById(part.id);
    if (!old) continue;
    const focused = old.contains(document.activeElement) ? document.activeElement.id : "";
    for (const one of old.querySelectorAll("details[open][id]")) part.querySelector(`#${CSS.escape(one.id)}`)?.setAttribute("open", "");
    old.replaceWith(part);
    htmx.process(part);
    if (focused) document.getElementById(focused)?.focus();
  }
}
function listen() {
  const place = document.querySelector("[data-stream]");
  if (!place) return;
  const source = new EventSource(place.dataset.stream);
  source.onmessage = message => take(message.data);
  source.addEventListener("end", () => source.close());
  source.onopen = () => place.classList.remove("cut");
  // A browser tries again by itself after a lost connection, but not after an answer that is no stream.
  source.onerror = () => {
    place.classList.add("cut");
    if (source.readyState === EventSource.CLOSED) setTimeout(listen, 3000);
  };
  addEventListener("pagehide", () => source.close(), {once: true});
}
document.documentElement.classList.add("scripted");
document.addEventListener("DOMContentLoaded", listen);
