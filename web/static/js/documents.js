// How much of an upload was sent.
document.addEventListener("htmx:xhr:progress", event => {
  const form = event.target.closest("[data-upload]");
  const {loaded, total} = event.detail;
  if (!form || !total) return;
  const place = form.querySelector(".sending");
  place.hidden = false;
  place.querySelector("progress").value = loaded / total;
  const whole = Math.floor(100 * loaded / total);
  place.querySelector("p").textContent = whole < 100 ? `${whole} % sent` : "All sent; it is being taken in";
});
