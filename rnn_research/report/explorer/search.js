"use strict";
// Search: every place of a string in the text, in either case.

let hitSet = new Set();
const isHit = n => hitSet.has(n);

function search(query) {
  const text = textBetween(0, N),
    folded = text.toLowerCase(),
    wanted = query.toLowerCase();
  const same = folded.length === text.length,
    hits = [];
  // Positions are characters, indices are UTF-16 units: they differ where the text has characters above U+FFFF.
  const position = text.length === N ? i => i : i => [...text.slice(0, i)].length;
  for (let i = 0; query && (i = (same ? folded : text).indexOf(same ? wanted : query, i)) >= 0; i += query.length)
    hits.push(position(i));
  const length = [...query].length;
  hitSet = new Set(hits.flatMap(from => Array.from({ length }, (_, k) => from + k)));
  Object.assign(view, { query, hits, hit: -1 });
  control.found.textContent = query ? `${number(hits.length)} found` : "";
  if (hits.length) nextHit(1);
  else show({});
}

function nextHit(by) {
  if (!view.hits.length) return;
  view.hit =
    view.hit < 0
      ? Math.max(
          0,
          view.hits.findIndex(n => n >= firstShown()),
        )
      : (view.hit + by + view.hits.length) % view.hits.length;
  control.found.textContent = `${number(view.hit + 1)} of ${number(view.hits.length)}`;
  goTo(view.hits[view.hit], 4);
  show({});
}
