// The brief in a language model's words: each sentence comes once it is held against its claims.

let coming = null;

function leave() {
  coming?.close();
  coming = null;
}

export function showProse() {
  leave();
  const place = document.getElementById("prose");
  if (!place) return;
  const said = place.querySelector(".said");
  const state = place.querySelector('[role="status"]');
  place.hidden = false;
  state.textContent = "Being written …";
  coming = new EventSource(place.dataset.events);
  coming.addEventListener("sentence", ({ data }) => {
    said.querySelector("ul").insertAdjacentHTML("beforeend", data);
  });
  coming.addEventListener("done", ({ data }) => {
    said.innerHTML = data;
    state.textContent = "";
    leave();
  });
  coming.addEventListener("error", ({ data }) => {
    state.textContent = data ? JSON.parse(data).detail : "No more sentences: the connection broke off.";
    leave();
  });
}
