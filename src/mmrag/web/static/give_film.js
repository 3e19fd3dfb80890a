// A film that is chosen, dropped anywhere or pasted goes through the page's own form.

function send(files) {
  const film = [...(files ?? [])].find((file) => /^image\/(png|jpeg)$/.test(file.type));
  const field = document.getElementById("film-file");
  if (!film || !field) return false;
  const carrier = new DataTransfer();
  carrier.items.add(film);
  field.files = carrier.files;
  field.form.requestSubmit();
  return true;
}

export function giveFilms() {
  document.addEventListener("change", ({ target }) => {
    if (target.id === "film-file" && target.files.length) target.form.requestSubmit();
  });
  document.addEventListener("dragover", (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    document.body.classList.add("dropping");
  });
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) document.body.classList.remove("dropping");
  });
  document.addEventListener("drop", (event) => {
    document.body.classList.remove("dropping");
    if (event.dataTransfer?.types.includes("Files")) {
      event.preventDefault();
      send(event.dataTransfer.files);
    }
  });
  document.addEventListener("paste", (event) => {
    if (send(event.clipboardData?.files)) event.preventDefault();
  });
}
