"use strict";
// The address holds the view, so that a copy of it shows the same.

function remember() {
  const words = { unit: unitName(view.unit), at: firstShown() };
  for (const name of ["concept", "overlay", "query"]) if (view[name]) words[name] = view[name];
  if (view.palette !== "safe") words.palette = view.palette;
  if (view.shade !== "range") words.shade = view.shade;
  if (view.guesses) words.guesses = 1;
  if (view.ranked) words.ranked = 1;
  if (view.span) Object.assign(words, { span: view.span.join("-"), ...settings });
  history.replaceState(null, "", `#${new URLSearchParams(words)}`);
}

async function recall() {
  const words = new URLSearchParams(location.hash.slice(1)),
    among = (name, values, other) => (values.includes(words.get(name)) ? words.get(name) : other);
  view.palette = among("palette", Object.keys(PALETTES), "safe");
  view.shade = among("shade", ["range", "tanh"], "range");
  view.guesses = !!meta.guesses && words.has("guesses");
  view.span = null;
  const span = /^(\d+)-(\d+)$/.exec(words.get("span") ?? "");
  if (span && +span[1] < +span[2] && +span[2] <= N) {
    view.span = [+span[1], +span[2]];
    const threshold = +words.get("threshold");
    settings = {
      threshold: threshold > 0 && threshold <= 1 ? threshold : 0.5,
      outside: words.get("outside") === "true",
      all: words.get("all") !== "false",
    };
  }
  const first = { block: states[0] ?? blocks[0], index: (states[0] ?? blocks[0]).units[0] };
  view.unit = parseUnit(words.get("unit")) ?? first;
  view.concept = view.overlay = "";
  rowsBox.replaceChildren();
  shown = new Map();
  drawnGuesses = view.guesses;
  rowsBox.style.height = `${(starts.length - 1) * rowHeight()}px`;
  const named = concepts.has(words.get("concept"))
    ? words.get("concept")
    : words.has("unit")
      ? ""
      : concepts.keys().next().value;
  if (named) await chooseConcept(named);
  if (words.has("ranked") && named) await toggleRanking();
  await show({
    unit: parseUnit(words.get("unit")) ?? view.unit,
    overlay: meta.labels[words.get("overlay")] ? words.get("overlay") : view.overlay,
  });
  if (words.get("query")) {
    control.search.value = words.get("query");
    search(words.get("query"));
  }
  goTo(Math.min(N - 1, Math.max(0, Math.floor(+words.get("at")) || 0)));
  drawRows();
  remember();
}
