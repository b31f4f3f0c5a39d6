// The order of models by dragging rows; the arrows do the same without scripts.
function orderable() {
  for (const row of document.querySelectorAll("[data-order] > tr")) row.draggable = document.getElementById("order-form") !== null;
}
document.addEventListener("DOMContentLoaded", orderable);
document.addEventListener("htmx:afterSettle", orderable);
document.addEventListener("dragstart", event => {
  const row = event.target.closest?.("[data-order] > tr");
  if (!row) return;
  row.classList.add("dragged");
  event.dataTransfer.effectAllowed = "move";
});
document.addEventListener("dragover", event => {
  const row = event.target.closest("[data-order] > tr"), dragged = document.querySelector("tr.dragged");
  if (!row || !dragged) return;
  event.preventDefault();
  const {top, height} = row.getBoundingClientRect();
  if (row !== dragged) row[event.clientY < top + height / 2 ? "before" : "after"](dragged);
});
document.addEventListener("drop", event => { if (document.querySelector("tr.dragged")) event.preventDefault(); });
document.addEventListener("dragend", event => {
  const row = event.target.closest?.("tr.dragged");
  if (!row) return;
  row.classList.remove("dragged");
  const form = document.getElementById(row.parentElement.dataset.order);
  for (const old of form.querySelectorAll("[name=order]")) old.remove();
  for (const one of row.parentElement.children) {
    const field = Object.assign(document.createElement("input"), {type: "hidden", name: "order", value: one.dataset.model});
    form.append(field);
  }
  form.requestSubmit();
});
