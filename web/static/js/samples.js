// Filters that are not set do not belong into an address that is shared.
document.addEventListener("htmx:configRequest", event => {
  if (event.detail.verb !== "get" || !event.target.matches(".filters")) return;
  for (const [name, value] of [...event.detail.formData]) if (!value) event.detail.formData.delete(name);
});
// A mark leads to its explanation and back: what is gone to is focused, so that keys go on from there.
addEventListener("hashchange", () => {
  const one = document.getElementById(location.hash.slice(1));
  (one?.matches("input") ? one : one?.querySelector("a, summary"))?.focus();
});
// Without a choice there is nothing to ask whether one is sure of.
function told(form, message) {
  form.querySelector(".told").textContent = message;
  return message !== "";
}
document.addEventListener("submit", event => {
  const form = event.target, pressed = event.submitter;
  if (!form.matches(".chosen")) return;
  const count = form.querySelectorAll("[name=ids]:checked").length;
  const lacking = !count ? "Choose samples first: tick the boxes before them." : pressed?.value === "reject" && !form.reason.value.trim() ? "Say why they are rejected." : "";
  if (told(form, lacking) || (pressed?.value === "delete" && !confirm(`Delete ${count} sample${count === 1 ? "" : "s"}? You can undo it later.`))) event.preventDefault();
  if (lacking && count) form.reason.focus();
}, true);
document.addEventListener("change", event => {
  const form = event.target.closest("form.chosen");
  if (!form) return;
  if (event.target.matches(".choose-all")) for (const box of form.querySelectorAll("[name=ids]")) box.checked = event.target.checked;
  told(form, "");
});
