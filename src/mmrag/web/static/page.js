// The page's own behaviour: everything here makes easier what works without it.
import { markForComparing, watchClaims } from "./claims.js";
import { giveFilms } from "./give_film.js";
import { listenToKeys } from "./keys.js";
import { showProse } from "./prose.js";
import { openViewers } from "./viewer.js";

const NARROW = "(max-width: 52rem)";

function prepare() {
  const facets = document.getElementById("facets-box");
  if (facets && matchMedia(NARROW).matches) facets.open = false;
}

function announce() {
  const page = document.getElementById("page");
  document.getElementById("live").textContent = page?.dataset.announce ?? "";
}

document.documentElement.classList.add("scripted");
// an answer that says what is wrong with a question is shown like any other
document.addEventListener("htmx:beforeSwap", (event) => {
  const status = event.detail.xhr.status;
  if (status === 400 || status === 401) {
    event.detail.shouldSwap = status === 400;
    if (status === 401) location.reload();
  }
});
// of anything else a part of a page cannot tell: the address itself says what is wrong
for (const failure of ["htmx:responseError", "htmx:sendError"]) {
  document.addEventListener(failure, ({ detail: { target, xhr, pathInfo } }) => {
    if (target.id !== "page") target.textContent = "The counts did not come: load the page again.";
    else if (xhr.status !== 400 && xhr.status !== 401) location.assign(pathInfo.finalRequestPath);
  });
}
document.addEventListener("htmx:afterSettle", (event) => {
  if (event.detail.target?.id !== "page" && event.target?.id !== "page") return;
  prepare();
  announce();
  showProse();
  window.scrollTo(0, 0);
});
prepare();
announce();
showProse();
listenToKeys();
watchClaims();
markForComparing();
giveFilms();
openViewers();
