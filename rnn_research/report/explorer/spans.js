"use strict";
// A span of the text that the user has drawn: the units on across it, and the spans like it.

let dragged = null; // where the button went down
let settings = { threshold: 0.5, outside: false, all: true };

const positionOf = node => {
  const element = (node instanceof Element ? node : node?.parentElement)?.closest(".c");
  return element ? +element.dataset.n : null;
};

function listenToSelection() {
  rowsBox.addEventListener("mousedown", event => {
    if (event.button === 0) dragged = positionOf(event.target);
  });
  // A press inside selected text would drag the text away instead of beginning a new selection.
  rowsBox.addEventListener("dragstart", event => event.preventDefault());
  document.addEventListener("mouseup", event => {
    if (dragged === null) return;
    const selection = getSelection(),
      end = positionOf(event.target) ?? positionOf(selection.focusNode),
      from = dragged;
    dragged = null;
    // One character alone is chosen by a double click: a click is no selection.
    if (end !== null && (end !== from || !selection.isCollapsed))
      show({ span: [Math.min(from, end), Math.max(from, end) + 1] });
  });
  document.addEventListener("copy", event => {
    if (view.span && !getSelection().isCollapsed && rowsBox.contains(getSelection().anchorNode)) {
      event.clipboardData.setData("text/plain", textBetween(...view.span));
      event.preventDefault();
    }
  });
}

const snippet = (from, to) => [...textBetween(from, Math.min(to, from + 60))].map(glyph).join("");

let drawnSpan = ""; // what the panel shows: it is made anew only where that has changed

async function drawSpan() {
  const box = document.getElementById("span"),
    wanted = spanKey();
  box.hidden = !view.span;
  if (!view.span) return;
  if (wanted === drawnSpan) return markUnit(box);
  const [from, to] = view.span;
  await Promise.all(states.map(block => block.load()));
  if (wanted !== spanKey()) return;
  drawnSpan = wanted;
  const found = unitsOn(from, to, settings.threshold, settings.outside);
  const close = make("button", "", "drop");
  close.onclick = () => show({ span: null });
  const list = make(
    "div",
    "list",
    ...found.slice(0, 200).map(one => {
      const item = make(
        "button",
        "item",
        make("span", "name unit", unitName(one.unit)),
        make("span", "number", one.sign > 0 ? "+" : "−"),
        make("span", "number", `${(100 * one.share).toFixed(1)} % elsewhere`),
      );
      item.dataset.unit = unitName(one.unit);
      item.onclick = () => show({ unit: one.unit });
      return item;
    }),
  );
  list.id = "units-on";
  const alike = make(
    "div",
    "list",
    ...similarSpans(from, to, settings.all ? null : view.unit).map(one => {
      const item = make(
        "button",
        "item mono",
        make("span", "snippet", snippet(one.from, one.to)),
        make("span", "number", one.likeness.toFixed(2)),
      );
      item.onclick = () => {
        goTo(one.from, 4);
        flash(one.from, one.to);
      };
      return item;
    }),
  );
  alike.id = "similar";
  if (box.dataset.span !== String(view.span)) box.closest("aside").scrollTop = 0;
  box.dataset.span = String(view.span);
  box.replaceChildren(
    make("h2", "", `${number(to - from)} characters from ${number(from)} `, close),
    make("p", "quiet mono", `“${snippet(from, to)}”`),
    make("div", "controls", threshold(), tick("off just outside", "outside")),
    make(
      "p",
      "quiet",
      `${number(found.length)} units hold one sign all over it; those that are on least elsewhere first.`,
    ),
    list,
    make("h2", "", "Most similar elsewhere"),
    make("div", "controls", tick("by all units (else by the one shown)", "all")),
    alike,
  );
  markUnit(box);
}

const spanKey = () => JSON.stringify([view.span, settings, settings.all ? "" : unitName(view.unit)]);

function markUnit(box) {
  for (const item of box.querySelectorAll("#units-on .item")) {
    item.classList.toggle("chosen", item.dataset.unit === unitName(view.unit));
  }
}

function threshold() {
  const slider = make("input"),
    label = make(
      "label",
      "",
      "at least ",
      slider,
      make("output", "", `${Math.round(100 * settings.threshold)} %`),
      " of its range",
    );
  Object.assign(slider, { type: "range", min: 0.1, max: 1, step: 0.05, id: "threshold" });
  slider.value = settings.threshold;
  slider.onchange = () => {
    settings.threshold = +slider.value;
    show({});
  };
  return label;
}

function tick(text, name) {
  const box = make("input");
  Object.assign(box, { type: "checkbox", checked: settings[name], id: name });
  box.onchange = () => {
    settings[name] = box.checked;
    show({});
  };
  return make("label", "", box, ` ${text}`);
}

function flash(from, to) {
  drawRows();
  for (const row of shown.values())
    for (const element of row.firstChild.children) {
      if (+element.dataset.n >= from && +element.dataset.n < to) {
        element.animate([{ outline: "3px solid var(--accent)" }, { outline: "3px solid transparent" }], 2500);
      }
    }
}
