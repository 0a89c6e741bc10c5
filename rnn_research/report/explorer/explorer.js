"use strict";
// The view, what changes it, and what is drawn again when it does.

const view = {
  unit: null,
  level: null,
  concept: "",
  labels: null,
  list: [],
  ranked: false,
  overlay: "",
  underlined: null,
  palette: "safe",
  shade: "range",
  guesses: false,
  span: null,
  query: "",
  hits: [],
  hit: -1,
};
const control = Object.fromEntries(
  [
    "block",
    "index",
    "previous",
    "next",
    "overlay",
    "palette",
    "shade",
    "guesses",
    "search",
    "found",
    "link",
    "title",
  ].map(id => [id, document.getElementById(id)]),
);

// Changes the view and draws all that depends on it. Later calls overtake earlier ones that still wait for data.
let turn = 0,
  drawnGuesses = false;
async function show(changes) {
  const mine = ++turn;
  Object.assign(view, changes);
  const { unit, overlay, concept } = view;
  const [, labels, underlined] = await Promise.all([unit.block.load(), labelsOf(concept), labelsOf(overlay)]);
  if (mine !== turn) return;
  Object.assign(view, { level: unit.block.of(unit.index), labels, underlined });
  if (!view.concept) view.list = unit.block.units.map(index => ({ unit: { block: unit.block, index } }));
  makeColours();
  if (drawnGuesses !== view.guesses) {
    const first = firstShown(drawnGuesses);
    drawnGuesses = view.guesses;
    drawRows(true);
    goTo(first);
  }
  drawRows();
  dressAll();
  drawMap();
  drawConcepts();
  drawUnits();
  drawCard();
  drawControls();
  remember();
  await drawSpan();
  document.body.dataset.turn = mine;
}

function drawControls() {
  control.block.value = view.unit.block.name;
  control.index.value = view.unit.index;
  control.index.max = view.unit.block.units.at(-1);
  for (const name of ["overlay", "palette", "shade"]) control[name].value = view[name];
  control.guesses.checked = view.guesses;
}

const confirmedUnits = entry =>
  (entry.ranking ?? []).map(one => ({ unit: parseUnit(one.unit), value: one.confirm })).filter(one => one.unit);

async function chooseConcept(name) {
  const again = name === view.concept;
  if (again) return show({ concept: "", overlay: "", ranked: false });
  const entry = concepts.get(name),
    confirmed = confirmedUnits(entry);
  const ranked = !confirmed.length && !!meta.labels[name];
  const list = ranked ? (await rankAll(name)).slice(0, 100) : confirmed;
  const unit = parseUnit(entry.best?.unit) ?? list[0]?.unit ?? view.unit;
  return show({ concept: name, overlay: meta.labels[name] ? name : "", list, ranked, unit });
}

async function toggleRanking() {
  const name = view.concept,
    confirmed = confirmedUnits(concepts.get(name));
  return view.ranked && confirmed.length
    ? show({ ranked: false, list: confirmed })
    : show({ ranked: true, list: (await rankAll(name)).slice(0, 100) });
}

function step(by) {
  const at = view.list.findIndex(one => unitName(one.unit) === unitName(view.unit));
  const next = view.list[at < 0 ? 0 : (at + by + view.list.length) % view.list.length];
  if (next) show({ unit: next.unit });
}

function listen() {
  control.block.onchange = () => {
    const block = blockNamed.get(control.block.value);
    show({ unit: { block, index: block.place.has(view.unit.index) ? view.unit.index : block.units[0] } });
  };
  control.index.onchange = () => {
    const unit = { block: view.unit.block, index: +control.index.value };
    if (unit.block.place.has(unit.index)) show({ unit });
    else drawControls();
  };
  control.previous.onclick = () => step(-1);
  control.next.onclick = () => step(1);
  for (const name of ["overlay", "palette", "shade"])
    control[name].onchange = () => show({ [name]: control[name].value });
  control.guesses.onchange = () => show({ guesses: control.guesses.checked });
  control.link.onclick = () => {
    remember();
    navigator.clipboard?.writeText(location.href).then(() => {
      control.link.textContent = "copied";
      setTimeout(() => {
        control.link.textContent = "copy link";
      }, 1500);
    });
  };
  control.search.onkeydown = event => {
    if (event.key === "Enter") {
      if (control.search.value === view.query) nextHit(event.shiftKey ? -1 : 1);
      else search(control.search.value);
    }
    if (event.key === "Escape") {
      control.search.value = "";
      search("");
      control.search.blur();
    }
  };
  control.search.onsearch = () => {
    if (!control.search.value && view.query) search("");
  };
  document.getElementById("rank-all").onclick = toggleRanking;
  document.addEventListener("keydown", event => {
    if (event.target.matches("input:not([type=checkbox]), select") || event.ctrlKey || event.metaKey || event.altKey) return;
    const act = {
      j: () => step(1),
      ArrowRight: () => step(1),
      k: () => step(-1),
      ArrowLeft: () => step(-1),
      g: () => meta.guesses && show({ guesses: !view.guesses }),
      "/": () => control.search.focus(),
      Escape: () => {
        getSelection().removeAllRanges();
        show({ span: null });
      },
    }[event.key];
    if (act) {
      event.preventDefault();
      act();
    }
  });
  let waiting = 0,
    resting = 0;
  pane.addEventListener("scroll", () => {
    waiting ||= requestAnimationFrame(() => {
      waiting = 0;
      if (view.level) {
        drawRows();
        drawFrame();
      }
    });
    clearTimeout(resting);
    resting = setTimeout(() => {
      if (view.level) remember();
    }, 300);
  });
  const go = event => {
    if (event.buttons & 1)
      goTo(
        starts[Math.min(starts.length - 2, Math.max(0, Math.floor((event.offsetY / map.clientHeight) * map.height)))],
        pane.clientHeight / rowHeight() / 2,
      );
  };
  map.addEventListener("mousedown", go);
  map.addEventListener("mousemove", go);
  rowsBox.addEventListener("mousemove", tip);
  rowsBox.addEventListener("mouseleave", () => {
    document.getElementById("tip").hidden = true;
  });
  addEventListener("resize", () => {
    const first = firstShown();
    layOut();
    drawRows(true);
    goTo(first);
    if (view.level) drawMap();
  });
  addEventListener("hashchange", recall);
  listenToSelection();
}

async function start() {
  control.title.textContent = meta.title;
  control.block.append(...blocks.map(block => new Option(block.name, block.name)));
  control.overlay.append(new Option("nothing", ""), ...Object.keys(meta.labels).map(name => new Option(name, name)));
  document.getElementById("guesses-label").hidden = !meta.guesses;
  document.getElementById("facts").append(...table(flat(meta.facts)).children);
  await loadText();
  layOut();
  listen();
  await recall();
  document.body.dataset.opened = Math.round(performance.now());
}

start();
