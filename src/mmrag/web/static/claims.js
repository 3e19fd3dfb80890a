// A claim lights what it cites while it is pointed at or has the focus; a click keeps it lit.

function places(claim) {
  return claim.dataset.lights
    .split(" ")
    .map((id) => id && document.getElementById(id))
    .filter(Boolean);
}

function unfold(place) {
  const folded = place?.closest("details:not([open])");
  if (folded) folded.open = true;
}

function light(claim, name, on) {
  for (const place of places(claim)) {
    if (on) unfold(place);
    place.classList.toggle(name, on);
  }
}

export function watchClaims() {
  for (const [begins, ends] of [["mouseover", "mouseout"], ["focusin", "focusout"]]) {
    for (const [event, on] of [[begins, true], [ends, false]]) {
      document.addEventListener(event, ({ target }) => {
        const claim = target.closest?.(".claim[data-lights]");
        if (claim) light(claim, "lit", on);
      });
    }
  }
  document.addEventListener("click", ({ target }) => {
    const link = target.closest?.('a[href^="#"]');
    if (link) unfold(document.getElementById(link.hash.slice(1)));
    const claim = target.closest?.(".claim[data-lights]");
    const pin = claim?.querySelector("button.pin");
    if (!pin || target.closest("a")) return;
    const on = pin.getAttribute("aria-pressed") !== "true";
    pin.setAttribute("aria-pressed", String(on));
    light(claim, "pinned", on);
    if (on) places(claim)[0]?.scrollIntoView({ block: "nearest" });
  });
}

export function markForComparing() {
  document.addEventListener("change", ({ target }) => {
    if (!target.matches?.(".compare input")) return;
    const boxes = [...document.querySelectorAll(".compare input")];
    const marked = boxes.filter((box) => box.checked).length;
    for (const box of boxes) box.disabled = marked >= 4 && !box.checked;
    document.getElementById("marked").textContent = `${marked || "none"} of 4 marked`;
  });
}
