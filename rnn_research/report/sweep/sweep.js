// Tables that are sorted by a click on a column's head and filtered by words and comparisons.
// Rows are only moved and hidden: every text stands in the page already, escaped.
"use strict";

// Numbers before words, what is missing last, whichever way the order goes.
function compare(a, b, sign) {
  const missing = (cell) => cell.dataset.value === undefined && cell.textContent === "";
  if (missing(a) || missing(b)) return missing(a) - missing(b);
  const x = a.dataset.value, y = b.dataset.value;
  if ((x === undefined) !== (y === undefined)) return sign * (x === undefined ? 1 : -1);
  if (x !== undefined) return sign * (Number(x) - Number(y));
  return sign * a.textContent.localeCompare(b.textContent, "en", {numeric: true});
}

function sort(table, column) {
  const heads = [...table.tHead.rows[0].cells];
  const way = heads[column].ariaSort === "ascending" ? "descending" : "ascending";
  for (const head of heads) head.ariaSort = "none";
  heads[column].ariaSort = way;
  const rows = [...table.tBodies[0].rows];
  rows.sort((a, b) => compare(a.cells[column], b.cells[column], way === "ascending" ? 1 : -1));
  table.tBodies[0].append(...rows);
}

// A column by its full name, or by the last part of it.
function columnOf(table, name) {
  const names = [...table.tHead.rows[0].cells].map((head) => head.dataset.name.toLowerCase());
  const exact = names.indexOf(name);
  return exact >= 0 ? exact : names.findIndex((known) => known.split(".").pop().replaceAll(" ", "_") === name);
}

const COMPARED = {
  "<": (a, b) => a < b, "<=": (a, b) => a <= b, ">": (a, b) => a > b, ">=": (a, b) => a >= b,
  "=": (a, b) => a === b, "!=": (a, b) => a !== b,
};

// From one term of a filter to a function of a row: a word, -word, or column<number.
function test(table, term) {
  const [, name, sign, value] = /^([^<>=!]+)(<=|>=|!=|=|<|>)(.+)$/.exec(term) ?? [];
  const column = name === undefined ? -1 : columnOf(table, name);
  if (column >= 0) {
    const number = Number(value);
    return (row) => {
      const cell = row.cells[column];
      const both = cell.dataset.value !== undefined && !Number.isNaN(number);
      if (!both && !"!=".includes(sign)) return false;
      return both ? COMPARED[sign](Number(cell.dataset.value), number)
        : COMPARED[sign](cell.textContent.toLowerCase(), value);
    };
  }
  if (term.startsWith("-") && term.length > 1) return (row) => !row.textContent.toLowerCase().includes(term.slice(1));
  return (row) => row.textContent.toLowerCase().includes(term);
}

function filter(section) {
  const table = section.querySelector("table");
  const terms = section.querySelector("input").value.toLowerCase().split(/\s+/).filter(Boolean);
  const tests = terms.map((term) => test(table, term));
  const rows = [...table.tBodies[0].rows];
  let left = 0;
  for (const row of rows) {
    row.hidden = !tests.every((holds) => holds(row));
    left += !row.hidden;
  }
  section.querySelector("output").textContent =
    `${left === rows.length ? "" : `${left} of `}${rows.length} row${rows.length === 1 ? "" : "s"}`;
}

for (const section of document.querySelectorAll("section.table")) {
  const table = section.querySelector("table");
  [...table.tHead.rows[0].cells].forEach((head, column) => {
    head.querySelector("button").addEventListener("click", () => sort(table, column));
  });
  section.querySelector("input").addEventListener("input", () => filter(section));
  filter(section);
}
document.body.dataset.opened = Math.max(1, Math.round(performance.now()));
