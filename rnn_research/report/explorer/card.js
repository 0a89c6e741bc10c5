"use strict";
// The panel: the concepts, the units of one, and all that is known of a unit.

const VERDICTS = [
  "single cell",
  "few cells",
  "distributed",
  "told by the last characters",
  "told without training",
  "absent",
  "too little in this text",
];
const CONTROLS = {
  interval: "95 % interval of the score",
  p: "p, labels turned around",
  untrained: "the best unit, untrained network",
  untrained_probe: "probe on all units, untrained network",
  last_characters: "from the last characters alone",
  probe_all: "probe on all units",
  probe_all_p: "p of that probe",
  probe_few: "probe on few cells",
  probe_pairs: "probe on products of two",
};

const STATISTICS = {
  sign: "direction",
  mcc: "Matthews correlation",
  point_biserial: "point-biserial correlation",
  spearman: "Spearman correlation",
};

function make(tag, className, ...children) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children.map(child => (typeof child === "number" ? number(child) : (child ?? ""))));
  return element;
}

function number(value) {
  if (typeof value !== "number") return value === null || value === undefined ? "–" : String(value);
  if (Number.isInteger(value)) return value.toLocaleString("en");
  return Math.abs(value) >= 1e-3 && Math.abs(value) < 1e5 ? String(+value.toPrecision(3)) : value.toExponential(1);
}

function chip(verdict) {
  return make("span", `chip ${verdict.split(" ")[0]}`, verdict);
}

// Nested results as rows: {k: 8, score: .9} under "probe" becomes "probe: k", "probe: score".
function flat(values, names = {}, before = "") {
  return Object.entries(values ?? {}).flatMap(([key, value]) => {
    const name = before + (names[key] ?? key.replaceAll("_", " "));
    if (value && typeof value === "object" && !Array.isArray(value)) return flat(value, {}, `${name}: `);
    return [[name, Array.isArray(value) ? value.map(number).join(", ") : number(value)]];
  });
}

const table = rows =>
  make("table", "", ...rows.map(([name, value]) => make("tr", "", make("th", "", name), make("td", "", value))));

function drawConcepts() {
  const order = [...concepts.values()].sort(
    (a, b) => place(a) - place(b) || (b.best?.confirm ?? 0) - (a.best?.confirm ?? 0),
  );
  document.getElementById("concepts").replaceChildren(
    ...order.map(entry => {
      const item = make(
        "button",
        "item",
        make("span", "name", entry.concept),
        make("span", "number", number(entry.best?.confirm ?? "")),
      );
      if (entry.verdict) item.append(chip(entry.verdict));
      item.title = entry.reason ?? "";
      item.dataset.concept = entry.concept;
      item.classList.toggle("chosen", entry.concept === view.concept);
      item.onclick = () => chooseConcept(entry.concept);
      return item;
    }),
  );
}

const place = entry => (VERDICTS.indexOf(entry.verdict) + VERDICTS.length + 1) % (VERDICTS.length + 1);

function drawUnits() {
  const entry = concepts.get(view.concept),
    button = document.getElementById("rank-all");
  document
    .getElementById("units-title")
    .replaceChildren(
      `Units ${entry ? `by ${entry.concept}` : `of ${view.unit.block.name}`} `,
      make("span", "quiet", !entry ? "" : view.ranked ? "scored on the text shown" : "confirmed on other text"),
    );
  const chosen = unitName(view.unit);
  const items = view.list.map(({ unit, value }) => {
    const name = unitName(unit),
      gates = blocks.some(b => b.isGate && b.layer === unit.block.layer && b.place.has(unit.index));
    const item = make(
      "button",
      "item",
      make("span", "name unit", name),
      make("span", "quiet", gates ? "✓ gates" : ""),
      make("span", "number", value === undefined ? "" : number(value)),
    );
    item.dataset.unit = name;
    item.classList.toggle("chosen", name === chosen);
    item.onclick = () => show({ unit });
    return item;
  });
  const box = document.getElementById("units"),
    item = items.find(one => one.dataset.unit === chosen);
  box.replaceChildren(...items);
  // scrollIntoView would move the whole panel.
  if (item)
    box.scrollTop = Math.min(
      item.offsetTop,
      Math.max(box.scrollTop, item.offsetTop + item.offsetHeight - box.clientHeight),
    );
  button.hidden = !entry || !meta.labels[entry.concept] || (view.ranked && !confirmedUnits(entry).length);
  button.textContent = view.ranked
    ? "the confirmed ranking"
    : `rank all ${number(states.reduce((sum, b) => sum + b.units.length, 0))} units on this text`;
}

function drawCard() {
  const { block, index } = view.unit,
    name = unitName(view.unit),
    entry = concepts.get(view.concept),
    card = document.getElementById("card");
  const parts = [make("h2", "mono", name)];
  if (entry) {
    const ranked = (entry.ranking ?? []).find(one => one.unit === name),
      best = entry.best,
      title = make("p", "", `${entry.concept} `);
    parts.push(title);
    if (entry.verdict && best?.unit === name) {
      title.append(chip(entry.verdict));
      parts.push(make("p", "quiet", entry.reason ?? ""));
    }
    if (best && best.unit === name) {
      const { unit: _, statistic, select, confirm, ...others } = best,
        label = STATISTIC_NAME[statistic] ?? statistic;
      if (others.sign) others.sign = `the more ${entry.concept}, the ${others.sign < 0 ? "lower" : "higher"}`;
      const known = Object.entries(others).filter(([, value]) => value !== null && value !== undefined);
      parts.push(
        table([
          [`${label}, confirmed`, number(confirm)],
          [`${label}, where chosen`, number(select)],
          ...flat(Object.fromEntries(known), STATISTICS),
        ]),
      );
    } else if (ranked) {
      parts.push(table([[`${STATISTIC_NAME[best?.statistic] ?? "score"}, confirmed`, number(ranked.confirm)]]));
    }
    if (best && best.unit !== name) {
      const go = make("button", "", best.unit);
      go.onclick = () => parseUnit(best.unit) && show({ unit: parseUnit(best.unit) });
      parts.push(make("p", "quiet", "the best unit of this concept is ", go));
    }
    if (view.labels) {
      const here = score(view.level, block.top, view.labels);
      parts.push(
        make("p", "quiet", `on the text shown: ${STATISTIC_NAME[STATISTIC[view.labels.kind]]} ${number(here.value)}`),
        histogram(),
      );
    }
    if (best && best.unit === name && entry.controls)
      parts.push(make("h2", "", "Controls"), table(flat(entry.controls, CONTROLS)));
    // What was done to a unit stands on that unit's card: of a gate's concept another unit is held.
    if (entry.effect && (entry.effect.unit ?? best?.unit) === name)
      parts.push(make("h2", "", "Causal effect"), table(flat(entry.effect)));
    if (entry.closing && (entry.closing.unit ?? best?.unit) === name) parts.push(...closingTable(entry.closing));
  }
  const at = [-block.top, 0, block.top].map(level => number(block.value(index, level)));
  const key = block.signed
    ? `colours: ${block.quantity} from ${at[0]} (full) over ${at[1]} (none${block.centre ? ", its mean" : ""}) to ${at[2]} (full)`
    : `full colour: ${block.quantity} = ${at[2]}`;
  parts.push(make("p", "quiet", key), make("div", "gates"));
  card.replaceChildren(...parts);
  drawGates(card.lastChild);
}

// How likely the closing symbol is where it comes and before, by distance from the opening, plain and with the unit held.
function closingTable({ unit, value, bins }) {
  const change = ({ plain, intervened, positions }) =>
    positions ? `${number(plain)} → ${number(intervened)}` : "–";
  const rows = bins.map(({ nearest, farthest, at_end, inside }) =>
    [farthest === null ? `${nearest}+` : `${nearest}–${farthest}`, change(at_end), change(inside)].map(each =>
      make("td", "", each),
    ),
  );
  const head = ["distance", "where it comes", "before"].map(each => make("th", "", each));
  return [
    make("h2", "", "Probability of the closing symbol"),
    make("p", "quiet", `plain → with ${unit} held at ${number(value)}`),
    make("table", "closing", ...[head, ...rows].map(cells => make("tr", "", ...cells))),
  ];
}

// Shares of each label's positions by level: rows of cells, the darker the more.
function histogram() {
  const { block } = view.unit,
    { values, kind, classes, largest } = view.labels,
    most = 8;
  const names =
    kind === "binary"
      ? ["without", "with"]
      : kind === "categorical"
        ? [...classes]
        : Array.from({ length: Math.min(largest + 1, most) }, (_, k) => `${countRange(k, largest, most)}`);
  const bin =
    kind === "count" && largest >= most
      ? v => Math.min(most - 1, Math.floor((Math.max(v, 0) * most) / (largest + 1)))
      : v => Math.max(v, 0);
  const counts = levelCounts(
    view.level,
    values.map(bin),
    Math.max(names.length, kind === "count" ? 0 : largest + 1),
    block.top,
  );
  const low = block.signed ? 0 : block.top,
    width = 2 * block.top + 1 - low;
  return picture(
    names,
    counts.map(row => row.slice(low)),
    width,
    block,
  );
}

const countRange = (k, largest, most) => {
  if (largest < most) return k;
  const from = Math.ceil((k * (largest + 1)) / most),
    to = Math.ceil(((k + 1) * (largest + 1)) / most) - 1;
  return from === to ? from : `${from}–${to}`;
};

function picture(names, counts, width, block) {
  const NS = "http://www.w3.org/2000/svg",
    left = 86,
    row = 26,
    W = 380;
  const svg = document.createElementNS(NS, "svg");
  const add = (tag, attributes, text) => {
    const element = document.createElementNS(NS, tag);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    if (text !== undefined) element.textContent = text;
    svg.append(element);
  };
  const cell = (W - left - 4) / width;
  svg.setAttribute("viewBox", `0 0 ${W} ${counts.length * row + 16}`);
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", "the unit's levels by label");
  counts.forEach((levels, k) => {
    const total = levels.reduce((a, b) => a + b, 0),
      most = Math.max(...levels, 1),
      base = (k + 1) * row;
    add("text", { x: left - 6, y: base - 8, "text-anchor": "end" }, names[k] ?? k);
    levels.forEach((count, i) => {
      const height = (count / most) * (row - 5),
        level = i - (block.signed ? block.top : 0);
      const fill = level === 0 ? "#888" : `rgb(${PALETTES[view.palette][level < 0 ? 0 : 1].join(",")})`;
      if (count)
        add("rect", {
          x: left + i * cell,
          y: base - height,
          width: cell - 1,
          height,
          fill,
          opacity: 0.35 + (0.65 * Math.abs(level)) / block.top,
        });
    });
    add("line", { x1: left, x2: W - 4, y1: base, y2: base, stroke: "#8886" });
    add("title", {}, `${names[k]}: ${total} positions`);
  });
  const y = counts.length * row + 12,
    name = block.quantity;
  const end = level => number(block.value(view.unit.index, level));
  add("text", { x: left, y }, `${name} = ${end(block.signed ? -block.top : 0)}`);
  add("text", { x: W - 4, y, "text-anchor": "end" }, `${name} = ${end(block.top)}`);
  return svg;
}

async function drawGates(box) {
  const { block, index } = view.unit;
  const gates = blocks.filter(each => each.isGate && each.layer === block.layer && each.place.has(index));
  await Promise.all(gates.map(each => each.load()));
  if (!gates.length || unitName(view.unit) !== unitName({ block, index })) return;
  const rows = gates.map(gate => {
    const level = gate.of(index),
      share = test => `${((100 * level.reduce((sum, l) => sum + test(gate.value(index, l)), 0)) / N).toFixed(0)} %`;
    const mean = gate.value(index, level.reduce((a, b) => a + b, 0) / N),
      button = make("button", "", gate.quantity);
    button.title = "colours the text by this gate";
    button.onclick = () => show({ unit: { block: gate, index } });
    const cells = gate.signed ? ["", ""] : [share(v => v < 0.1), share(v => v > 0.9)];
    return make("tr", "", ...[button, mean.toFixed(2), ...cells].map(each => make("td", "", each)));
  });
  const head = make("tr", "", ...["gate", "mean", "below 0.1", "above 0.9"].map(each => make("th", "", each)));
  box.append(make("h2", "", "Its gates"), make("table", "", head, ...rows));
}
