"use strict";
// The text in rows, of which only those near the window are in the document.

const pane = document.getElementById("pane"),
  rowsBox = document.getElementById("rows"),
  map = document.getElementById("map");
const ROW = 24,
  GUESS = 13,
  TAIL = 5,
  MARGIN = 12;
const WIDE = /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\u{1f300}-\u{1faff}]/u;
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{M}\p{Zl}\p{Zp}\p{Cn}\p{Co}]/u;
const PALETTES = {
  safe: [
    [213, 110, 0],
    [0, 114, 178],
  ],
  paper: [
    [222, 45, 38],
    [33, 102, 230],
  ],
};
const HUES = [200, 35, 150, 320, 85, 265, 0, 60];

let starts = []; // of each row, and N at the end
let shown = new Map(); // row number: its element
let colours = []; // by level + top

// What stands for a character: its own shape, or a sign where it has none.
function glyph(text) {
  if (text === "\n") return "⏎";
  if (text === "\t") return "→";
  const code = text.codePointAt(0);
  if (code < 32) return String.fromCodePoint(0x2400 + code);
  if (code === 127) return "␡";
  return UNSEEN.test(text) ? "·" : text;
}

function named(text) {
  const code = text.codePointAt(0);
  if (text === " ") return "space";
  if (text === "\n") return "line break";
  if (text === "\t") return "tab";
  if (code >= 0xdc80 && code <= 0xdcff) return `byte 0x${(code - 0xdc00).toString(16)}`;
  return [...text].length === 1 && UNSEEN.test(text) ? `U+${code.toString(16).toUpperCase().padStart(4, "0")}` : text;
}

const isWide = n => codes[n] > 0x10ff && WIDE.test(characterAt(n));
const rowHeight = (guesses = view.guesses) => ROW + (guesses ? meta.guesses.count * GUESS + TAIL : 0);

function layOut() {
  const ruler = document.createElement("span");
  ruler.textContent = "0".repeat(100);
  rowsBox.append(ruler);
  const columns = Math.max(
    20,
    Math.min(120, Math.floor((pane.clientWidth - 30) / (ruler.getBoundingClientRect().width / 100))),
  );
  ruler.remove();
  starts = [0];
  for (let n = 0, used = 0; n < N; n++) {
    const width = isWide(n) ? 2 : 1;
    if (used + width > columns) {
      starts.push(n);
      used = 0;
    }
    used += width;
    if (codes[n] === 10 && n + 1 < N) {
      starts.push(n + 1);
      used = 0;
    }
  }
  starts.push(N);
  starts.columns = columns;
}

function rowOf(n) {
  let low = 0,
    high = starts.length - 2;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (starts[middle] <= n) low = middle;
    else high = middle - 1;
  }
  return low;
}

const firstShown = guesses =>
  starts[Math.min(starts.length - 2, Math.max(0, Math.round(pane.scrollTop / rowHeight(guesses))))];

function goTo(n, aside = 0) {
  pane.scrollTop = Math.max(0, (rowOf(n) - aside) * rowHeight());
}

function makeColours() {
  const { block, index } = view.unit,
    tops = PALETTES[view.palette];
  colours = [];
  for (let level = -block.top; level <= block.top; level++) {
    const share = view.shade === "tanh" ? Math.tanh(block.value(index, level)) : level / block.top;
    const [r, g, b] = tops[share < 0 ? 0 : 1];
    colours.push(share ? [r, g, b, Math.abs(share) * 0.72] : [0, 0, 0, 0]);
  }
}

const rgba = ([r, g, b, a]) => (a ? `rgba(${r},${g},${b},${a.toFixed(3)})` : "");

function underline(n) {
  const labels = view.underlined;
  if (!labels || !labels.values[n]) return "";
  const value = labels.values[n];
  const colour =
    labels.kind === "categorical"
      ? `hsl(${HUES[value % HUES.length]} 65% 45%)`
      : labels.kind === "count"
        ? `color-mix(in srgb, var(--accent) ${Math.round(25 + (75 * value) / labels.largest)}%, transparent)`
        : "var(--accent)";
  return `inset 0 -2px ${colour}`;
}

function dress(element, n) {
  element.style.backgroundColor = rgba(colours[view.level[n] + view.unit.block.top]);
  element.style.boxShadow = underline(n);
  element.classList.toggle("chosen", !!view.span && n >= view.span[0] && n < view.span[1]);
  element.classList.toggle("hit", isHit(n));
}

function makeRow(number) {
  const row = document.createElement("div"),
    line = document.createElement("div");
  row.className = "row";
  row.style.top = `${number * rowHeight()}px`;
  line.className = "line";
  for (let n = starts[number]; n < starts[number + 1]; n++) {
    const element = document.createElement("span"),
      text = characterAt(n),
      sign = glyph(text);
    element.className = sign === text ? "c" : "c mark";
    if (isWide(n)) element.classList.add("wide");
    element.dataset.n = n;
    element.textContent = sign;
    dress(element, n);
    line.append(element);
  }
  row.append(line);
  if (view.guesses) for (let k = 0; k < meta.guesses.count; k++) row.append(guessLine(number, k));
  return row;
}

function guessLine(number, k) {
  const line = document.createElement("div"),
    K = meta.guesses.count;
  line.className = "guesses";
  for (let n = starts[number]; n < starts[number + 1]; n++) {
    const element = document.createElement("span"),
      symbol = meta.guesses.vocabulary[guessIndex[n * K + k]];
    element.className = isWide(n) ? "g wide" : "g";
    element.textContent = symbol === " " ? "␣" : glyph([...symbol][0] ?? " ");
    element.style.backgroundColor = rgba([222, 45, 38, (guessProbability[n * K + k] / 255) * 0.85]);
    if (n + 1 < N && symbol === characterAt(n + 1)) element.classList.add("right");
    element.dataset.n = n;
    line.append(element);
  }
  return line;
}

function drawRows(anew = false) {
  const height = rowHeight(),
    last = starts.length - 2;
  rowsBox.style.height = `${(last + 1) * height}px`;
  const from = Math.max(0, Math.floor(pane.scrollTop / height) - MARGIN);
  const to = Math.min(last, Math.ceil((pane.scrollTop + pane.clientHeight) / height) + MARGIN);
  if (anew) {
    rowsBox.replaceChildren();
    shown = new Map();
  }
  for (const [number, row] of shown) {
    // A row that a selection began in must stay until the button is up.
    if ((number < from || number > to) && dragged === null) {
      row.remove();
      shown.delete(number);
    }
  }
  const fresh = [];
  for (let number = from; number <= to; number++) {
    if (!shown.has(number)) {
      const row = makeRow(number);
      shown.set(number, row);
      fresh.push(row);
    }
  }
  rowsBox.append(...fresh);
}

function dressAll() {
  for (const row of shown.values()) {
    for (const element of row.firstChild.children) dress(element, +element.dataset.n);
  }
}

// The whole text, a row of it a line, in the colours of the unit; the grey frame is the window.
function drawMap() {
  const rows = starts.length - 1,
    columns = starts.columns,
    image = new ImageData(columns, rows),
    top = view.unit.block.top;
  for (let number = 0; number < rows; number++) {
    for (let n = starts[number], x = 0; n < starts[number + 1] && x < columns; n++, x++) {
      const [r, g, b, a] = colours[view.level[n] + top];
      const marked = isHit(n) || (view.span && n >= view.span[0] && n < view.span[1]);
      image.data.set(marked ? [0, 170, 120, 255] : [r, g, b, a * 350], 4 * (number * columns + x));
    }
  }
  map.width = columns;
  map.height = rows;
  map.image = image;
  drawFrame();
}

function drawFrame() {
  const context = map.getContext("2d"),
    height = rowHeight();
  context.putImageData(map.image, 0, 0);
  context.fillStyle = "rgba(128,128,128,.28)";
  context.fillRect(0, pane.scrollTop / height, map.width, Math.max(2, pane.clientHeight / height));
}
