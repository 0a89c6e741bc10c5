"use strict";
// Counts over the text shown: how a unit's levels go with a label. All exact on the levels, none on held-out text.

function levelCounts(level, labels, classes, top) {
  const width = 2 * top + 1,
    counts = Array.from({ length: classes }, () => new Float64Array(width));
  for (let n = 0; n < N; n++) counts[labels[n]][level[n] + top]++;
  return counts;
}

// The share of pairs (one position with the label, one without) that the unit puts in order, ties half.
function auc(counts) {
  const [no, yes] = counts;
  let below = 0,
    won = 0,
    positives = 0;
  for (let i = 0; i < no.length; i++) {
    won += yes[i] * (below + no[i] / 2);
    below += no[i];
    positives += yes[i];
  }
  return below && positives ? won / (below * positives) : 0.5;
}

function mutualInformation(counts) {
  const width = counts[0].length,
    byLevel = new Float64Array(width);
  const byClass = counts.map(row => row.reduce((a, b) => a + b, 0));
  for (const row of counts)
    row.forEach((count, i) => {
      byLevel[i] += count;
    });
  let nats = 0;
  counts.forEach((row, k) =>
    row.forEach((count, i) => {
      if (count) nats += (count / N) * Math.log((count * N) / (byClass[k] * byLevel[i]));
    }),
  );
  return nats;
}

function squaredCorrelation(level, values) {
  let x = 0,
    y = 0,
    xx = 0,
    yy = 0,
    xy = 0;
  for (let n = 0; n < N; n++) {
    const a = level[n],
      b = values[n];
    x += a;
    y += b;
    xx += a * a;
    yy += b * b;
    xy += a * b;
  }
  const vx = N * xx - x * x,
    vy = N * yy - y * y,
    cov = N * xy - x * y;
  return vx > 0 && vy > 0 ? (cov * cov) / (vx * vy) : 0;
}

const STATISTIC = { binary: "auc", count: "r2", categorical: "mutual_information" };
const STATISTIC_NAME = { auc: "AUC", r2: "R²", mutual_information: "mutual information, nats" };

// One unit against one concept: the statistic of the concept's kind, and +1 or -1 where it has a direction.
function score(level, top, labels) {
  if (labels.kind === "count") return { value: squaredCorrelation(level, labels.values) };
  const counts = levelCounts(level, labels.values, labels.largest + 1, top);
  if (labels.kind === "categorical") return { value: mutualInformation(counts) };
  const area = auc(counts);
  return { value: Math.max(area, 1 - area) };
}

async function rankAll(concept) {
  const labels = await labelsOf(concept),
    ranking = [];
  await Promise.all(states.map(block => block.load()));
  for (const block of states) {
    for (const index of block.units)
      ranking.push({ unit: { block, index }, ...score(block.of(index), block.top, labels) });
  }
  return ranking.sort((a, b) => b.value - a.value);
}

// Units that hold one sign at `threshold` of their range or more all over [from, to).
// `outside`: at none of the three characters before and after are they on with that sign.
function unitsOn(from, to, threshold, outside) {
  const found = [],
    edges = [];
  for (let k = 1; k <= 3; k++) edges.push(from - k, to - 1 + k);
  const near = edges.filter(n => n >= 0 && n < N);
  for (const block of states) {
    const least = threshold * block.top;
    for (const index of block.units) {
      const level = block.of(index),
        sign = level[from] < 0 ? -1 : 1;
      let inside = 0,
        n = from;
      for (; n < to && level[n] * sign >= least; n++) inside += level[n] * sign;
      if (n < to || (outside && near.some(m => level[m] * sign >= least))) continue;
      let elsewhere = 0;
      for (let m = 0; m < N; m++) if (level[m] * sign >= least) elsewhere++;
      const share = N > to - from ? (elsewhere - (to - from)) / (N - (to - from)) : 0;
      found.push({ unit: { block, index }, sign, mean: inside / (to - from) / block.top, share });
    }
  }
  return found.sort((a, b) => a.share - b.share || b.mean - a.mean);
}

// The places whose activations are most like those over [from, to). Of one unit: its course over the span, by root
// mean square difference. Of all units: their means over the span, each about its mean over the text, by cosine.
function similarSpans(from, to, unit, count = 8) {
  const L = to - from,
    likeness = new Float64Array(N - L + 1);
  if (unit) {
    const level = unit.block.of(unit.index);
    for (let n = 0; n < likeness.length; n++) {
      let sum = 0;
      for (let k = 0; k < L; k++) sum += (level[n + k] - level[from + k]) ** 2;
      likeness[n] = 1 - Math.sqrt(sum / L) / (2 * unit.block.top);
    }
  } else {
    const dot = new Float64Array(likeness.length),
      norm = new Float64Array(likeness.length);
    let own = 0;
    for (const block of states)
      for (const index of block.units) {
        const level = block.of(index);
        let total = 0,
          window = 0,
          target = 0;
        for (let n = 0; n < N; n++) total += level[n];
        for (let n = from; n < to; n++) target += level[n];
        const mean = total / N;
        target = (target / L - mean) / block.top;
        own += target * target;
        for (let n = 0; n < N; n++) {
          window += level[n] - (n >= L ? level[n - L] : 0);
          if (n >= L - 1) {
            const here = (window / L - mean) / block.top;
            dot[n - L + 1] += here * target;
            norm[n - L + 1] += here * here;
          }
        }
      }
    for (let n = 0; n < likeness.length; n++) likeness[n] = dot[n] / Math.sqrt(norm[n] * own || 1);
  }
  const order = Array.from(likeness.keys()).sort((a, b) => likeness[b] - likeness[a]),
    kept = [[from, to]],
    found = [];
  for (const n of order) {
    if (found.length === count) break;
    if (kept.some(([a, b]) => n < b && n + L > a)) continue;
    kept.push([n, n + L]);
    found.push({ from: n, to: n + L, likeness: likeness[n] });
  }
  return found;
}
