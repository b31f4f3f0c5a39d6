// Ctrl+Enter asks.
document.addEventListener("keydown", event => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) event.target.closest?.("form[data-ask]")?.requestSubmit();
});
