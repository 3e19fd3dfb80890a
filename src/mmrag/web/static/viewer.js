// Films at full size: place, zoom, window and level, inversion and heat map go together for all
// films on the page.

const STEP = 1.25;
const view = { zoom: 1, x: 0, y: 0, window: 255, level: 127.5, inverted: false, heat: false, finding: "" };
const films = [];

class Film {
  constructor(figure) {
    this.figure = figure;
    this.canvas = figure.querySelector("canvas");
    this.drawn = new OffscreenCanvas(1, 1);
    this.grey = null;
    this.heat = null;
    this.heatOf = null;
  }

  async load() {
    const answer = await fetch(this.figure.dataset.image);
    if (!answer.ok) throw new Error((await answer.json()).detail);
    const picture = await createImageBitmap(await answer.blob());
    this.drawn = new OffscreenCanvas(picture.width, picture.height);
    const context = this.drawn.getContext("2d", { willReadFrequently: true });
    context.drawImage(picture, 0, 0);
    const { data } = context.getImageData(0, 0, picture.width, picture.height);
    this.grey = new Uint8Array(data.length / 4);
    for (let i = 0; i < this.grey.length; i += 1) this.grey[i] = data[4 * i];
    this.levelled();
    this.draw();
    this.figure.dataset.ready = "true";
  }

  async loadHeat(finding) {
    if (this.heatOf === finding) return;
    const address = `${this.figure.dataset.heatMap}&finding=${encodeURIComponent(finding)}`;
    const answer = await fetch(address);
    if (!answer.ok) throw new Error((await answer.json()).detail);
    const heat = await createImageBitmap(await answer.blob());
    if (finding !== view.finding) return; // another was chosen meanwhile
    this.heat = heat;
    this.heatOf = finding;
  }

  levelled() {
    if (!this.grey) return;
    const table = new Uint32Array(256);
    const low = view.level - view.window / 2;
    for (let value = 0; value < 256; value += 1) {
      const share = Math.min(1, Math.max(0, (value - low) / view.window));
      const shown = Math.round(255 * (view.inverted ? 1 - share : share));
      table[value] = 0xff000000 | (shown << 16) | (shown << 8) | shown;
    }
    const { width, height } = this.drawn;
    const pixels = new Uint32Array(this.grey.length);
    for (let i = 0; i < pixels.length; i += 1) pixels[i] = table[this.grey[i]];
    const image = new ImageData(new Uint8ClampedArray(pixels.buffer), width, height);
    this.drawn.getContext("2d").putImageData(image, 0, 0);
  }

  draw() {
    const box = this.canvas.getBoundingClientRect();
    const dense = window.devicePixelRatio || 1;
    this.canvas.width = Math.max(1, Math.round(box.width * dense));
    this.canvas.height = Math.max(1, Math.round(box.height * dense));
    if (!this.grey) return;
    const { width, height } = this.drawn;
    const scale = view.zoom * Math.min(this.canvas.width / width, this.canvas.height / height);
    const left = (this.canvas.width - width * scale) / 2 + view.x * this.canvas.width;
    const top = (this.canvas.height - height * scale) / 2 + view.y * this.canvas.height;
    const context = this.canvas.getContext("2d");
    context.imageSmoothingEnabled = scale < 3;
    context.drawImage(this.drawn, left, top, width * scale, height * scale);
    const explained = view.heat && this.heatOf === view.finding;
    if (explained) context.drawImage(this.heat, left, top, width * scale, height * scale);
    this.figure.dataset.heat = explained ? this.heatOf : "";
    this.figure.dataset.zoom = view.zoom.toFixed(3);
    this.figure.dataset.place = `${view.x.toFixed(3)} ${view.y.toFixed(3)}`;
  }
}

function show(levels = false) {
  for (const film of films) {
    if (levels) film.levelled();
    film.draw();
  }
  const said = document.querySelector('[data-says="window"]');
  said.textContent = `window ${Math.round(view.window)}, level ${Math.round(view.level)}`;
}

function complain(error) {
  const place = document.querySelector(".viewer-error");
  place.textContent = error.message;
  place.hidden = false;
}

function zoom(factor, x = 0, y = 0) {
  const before = view.zoom;
  view.zoom = Math.min(16, Math.max(0.5, before * factor));
  const ratio = view.zoom / before;
  view.x = x - (x - view.x) * ratio;
  view.y = y - (y - view.y) * ratio;
  show();
}

function toggled(name) {
  const button = document.querySelector(`.tools [data-does="${name}"]`);
  const on = button.getAttribute("aria-pressed") !== "true";
  button.setAttribute("aria-pressed", String(on));
  return on;
}

async function showHeat() {
  const finding = document.querySelector('.tools [data-does="finding"]').value;
  view.finding = finding;
  show(); // the map of the finding before goes at once
  try {
    if (view.heat) await Promise.all(films.map((film) => film.loadHeat(finding)));
  } catch (error) {
    complain(error);
    view.heat = toggled("heat");
  }
  document.querySelector(".heat-note").hidden = !view.heat;
  show();
}

const TOOLS = {
  larger: () => zoom(STEP),
  smaller: () => zoom(1 / STEP),
  whole: () => {
    Object.assign(view, { zoom: 1, x: 0, y: 0, window: 255, level: 127.5 });
    show(true);
  },
  invert: () => {
    view.inverted = toggled("invert");
    show(true);
  },
  level: () => toggled("level"),
  heat: () => {
    view.heat = toggled("heat");
    return showHeat();
  },
};

function dragging(canvas) {
  let from = null;
  canvas.addEventListener("pointerdown", (event) => {
    const byTool = document.querySelector('.tools [data-does="level"][aria-pressed="true"]');
    from = { x: event.clientX, y: event.clientY, levels: byTool || event.shiftKey || event.button === 2 };
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!from) return;
    const box = canvas.getBoundingClientRect();
    const [x, y] = [(event.clientX - from.x) / box.width, (event.clientY - from.y) / box.height];
    if (from.levels) {
      view.window = Math.min(512, Math.max(4, view.window + 255 * x));
      view.level = Math.min(255, Math.max(0, view.level + 255 * y));
    } else {
      view.x += x;
      view.y += y;
    }
    Object.assign(from, { x: event.clientX, y: event.clientY });
    show(Boolean(from.levels));
  });
  for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => (from = null));
  canvas.addEventListener("contextmenu", (event) => event.preventDefault());
  canvas.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      const box = canvas.getBoundingClientRect();
      const x = (event.clientX - box.left) / box.width - 0.5;
      const y = (event.clientY - box.top) / box.height - 0.5;
      zoom(event.deltaY < 0 ? STEP : 1 / STEP, x, y);
    },
    { passive: false },
  );
  canvas.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
    if (!step) return;
    event.preventDefault();
    view.x += 0.05 * step[0];
    view.y += 0.05 * step[1];
    show();
  });
}

export function openViewers() {
  for (const figure of document.querySelectorAll(".viewer")) films.push(new Film(figure));
  if (!films.length) return;
  document.querySelector(".tools").addEventListener("click", ({ target }) => {
    TOOLS[target.closest("button")?.dataset.does]?.();
  });
  document.querySelector('.tools [data-does="finding"]').addEventListener("change", showHeat);
  new ResizeObserver(() => show()).observe(films[0].canvas);
  for (const film of films) {
    dragging(film.canvas);
    film.load().catch(complain);
  }
}
