// node compute_trees.mjs COMPILED < asked: for each [program, values] the total as text, or null where it throws.
import { readFileSync } from 'node:fs';

const { evaluate, grouped } = await import(process.argv[2]);

const total = ([program, values]) => {
  try {
    return String(evaluate(program, values));
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return null;
  }
};

const asked = JSON.parse(readFileSync(0, 'utf8'));
const started = performance.now();
const totals = asked.map(total);
const each = (performance.now() - started) / Math.max(asked.length, 1);
process.stdout.write(JSON.stringify({ totals, each, grouped: totals.map((text) => text && grouped(BigInt(text))) }));
