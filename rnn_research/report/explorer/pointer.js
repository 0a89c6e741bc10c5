"use strict";
// What stands under the pointer, in numbers.

const labelName = ({ kind, classes }, value) =>
  kind === "binary" ? (value ? "yes" : "no") : kind === "categorical" ? classes[value] : value;

function tip(event) {
  const box = document.getElementById("tip"),
    element = event.target.closest?.(".c, .g");
  box.hidden = !element || !view.level;
  if (box.hidden) return;
  const n = +element.dataset.n,
    { block, index } = view.unit;
  const lines = [
    `${named(characterAt(n))}   position ${number(n)}`,
    `${unitName(view.unit)} ≈ ${number(block.value(index, view.level[n]))}`,
  ];
  for (const [name, labels] of new Map([
    [view.concept, view.labels],
    [view.overlay, view.underlined],
  ])) {
    if (labels) lines.push(`${name}: ${labelName(labels, labels.values[n])}`);
  }
  if (meta.guesses) {
    const K = meta.guesses.count,
      guesses = Array.from(
        { length: K },
        (_, k) =>
          `${named(meta.guesses.vocabulary[guessIndex[n * K + k]])} ${Math.round(guessProbability[n * K + k] / 2.55)} %`,
      );
    lines.push(`next: ${guesses.join("  ")}`);
  }
  box.textContent = lines.join("\n");
  const { width, height } = box.getBoundingClientRect();
  box.style.left = `${Math.min(event.clientX + 14, innerWidth - width - 8)}px`;
  box.style.top = `${event.clientY + 20 + height > innerHeight ? event.clientY - height - 12 : event.clientY + 20}px`;
}
