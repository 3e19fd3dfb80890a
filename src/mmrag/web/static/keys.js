// Keys, wherever nothing is being typed.

const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

function isTyping(target) {
  return target.matches?.("input:not([type=checkbox]), textarea, select, pre");
}

function goTo(films, from, [across, down]) {
  if (from < 0) return films[0]?.focus();
  const top = films[from].getBoundingClientRect().top;
  const columns = films.filter((film) => Math.abs(film.getBoundingClientRect().top - top) < 2);
  films[from + across + down * columns.length]?.focus();
}

function press(name) {
  const button = document.querySelector(`.tools [data-does="${name}"]`);
  button?.click();
  return Boolean(button);
}

function closeNumber() {
  const edited = document.querySelector(".chip .edit[open]");
  if (!edited) return false;
  edited.open = false;
  edited.querySelector("summary").focus();
  return true;
}

function handle(event) {
  const { key } = event;
  if (key === "?") {
    document.getElementById("help").showModal();
    return true;
  }
  if (key === "/") {
    const field = document.getElementById("q");
    field?.focus();
    field?.select();
    return Boolean(field);
  }
  if (key === "Escape") {
    const back = document.querySelector("a[data-back]");
    back?.click();
    return Boolean(back);
  }
  if (key === "i") return press("invert");
  if (key === "h") return press("heat");
  if (key === "+") return press("larger");
  if (key === "-") return press("smaller");
  if (key === "0") return press("whole");
  const films = [...document.querySelectorAll("a[data-film]")];
  const at = films.findIndex((film) => film === document.activeElement);
  if (key === "c" && at >= 0) {
    films[at].closest(".film").querySelector(".compare input").click();
    return true;
  }
  const onFilms = at >= 0 || document.activeElement === document.body;
  if (STEPS[key] && films.length && onFilms) {
    goTo(films, at, STEPS[key]);
    return true;
  }
  return false;
}

export function listenToKeys() {
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && closeNumber()) {
      event.preventDefault();
      return;
    }
    const modified = event.ctrlKey || event.metaKey || event.altKey;
    if (modified || isTyping(event.target) || document.querySelector("dialog[open]")) return;
    if (handle(event)) event.preventDefault();
  });
  document.getElementById("help-button").addEventListener("click", () => {
    document.getElementById("help").showModal();
  });
}
