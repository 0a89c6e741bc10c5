"use strict";
// What the page holds, decoded when it is first asked for.

const meta = JSON.parse(document.getElementById("meta").textContent);
const N = meta.length;
const TOP = { true: 7, false: 15 };

async function unpack(id) {
  const element = document.getElementById(id);
  const binary = atob(element.textContent);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = binary.charCodeAt(i);
  const inflated = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  const buffer = await new Response(inflated).arrayBuffer();
  element.textContent = "";
  return buffer;
}

// A quantity of a layer: `level` holds unit after unit, N levels each.
class Block {
  constructor(entry) {
    Object.assign(this, entry);
    this.units ??= entry.scale.map((_, u) => u);
    this.place = new Map(this.units.map((unit, u) => [unit, u]));
    this.top = TOP[this.signed];
    this.name = `layer${this.layer + 1}.${this.quantity}`;
    this.isGate = !["h", "c"].includes(this.quantity);
  }

  load() {
    this.loading ??= unpack(this.block).then(buffer => {
      const bytes = new Uint8Array(buffer),
        U = this.units.length,
        zero = this.signed ? 8 : 0;
      const level = new Int8Array(U * N);
      for (let u = 0, at = 0; u < U; u++) {
        for (let n = 0, value = 0; n < N; n++, at++) {
          value = (value + (at & 1 ? bytes[at >> 1] : bytes[at >> 1] >> 4)) & 15;
          level[at] = value - zero;
        }
      }
      this.level = level;
      return this;
    });
    return this.loading;
  }

  of(index) {
    const u = this.place.get(index);
    return this.level.subarray(u * N, (u + 1) * N);
  }

  value(index, level) {
    return this.centreOf(index) + (level / this.top) * this.scale[this.place.get(index)];
  }

  // The value without colour: the unit's own mean, 0 of a gate.
  centreOf(index) {
    return this.centre ? this.centre[this.place.get(index)] : 0;
  }
}

const blocks = meta.activations.map(entry => new Block(entry));
const blockNamed = new Map(blocks.map(block => [block.name, block]));
const states = blocks.filter(block => !block.isGate);

const unitName = unit => `${unit.block.name}[${unit.index}]`;

function parseUnit(name) {
  const found = /^(.+)\[(\d+)\]$/.exec(name ?? "");
  const block = found && blockNamed.get(found[1]);
  return block && block.place.has(+found[2]) ? { block, index: +found[2] } : null;
}

const concepts = new Map(meta.concepts.map(entry => [entry.concept, entry]));
for (const name of Object.keys(meta.labels)) {
  if (!concepts.has(name)) concepts.set(name, { concept: name, kind: meta.labels[name].kind });
}

async function labelsOf(name) {
  const labels = meta.labels[name];
  if (!labels) return null;
  labels.loading ??= unpack(labels.block).then(buffer => {
    labels.values = new Int32Array(buffer);
    labels.largest = labels.values.reduce((a, b) => Math.max(a, b), 1);
    return labels;
  });
  return labels.loading;
}

let codes, guessIndex, guessProbability;

async function loadText() {
  codes = new Uint32Array(await unpack("text"));
  if (meta.guesses) {
    guessIndex = new Uint32Array(await unpack("guesses-index"));
    guessProbability = new Uint8Array(await unpack("guesses-probability"));
  }
}

const characterAt = n => String.fromCodePoint(codes[n]);
const textBetween = (from, to) => Array.from(codes.subarray(from, to), code => String.fromCodePoint(code)).join("");
