// What an explorer says in sight that is no formula with a total (src/layercost/explorers/telling.py).
import { compute, evaluate, grouped, valuesOf } from '../live/compiled.mjs';

// Whether a line holds for these numbers: nothing that it needs is negative, and each of its sizes is one at least.
export function fits(line, given) {
  if (!line.needs) return true;
  try {
    const values = valuesOf(line, given);
    return line.needs.every((tree) => compute(tree, values) >= 0n);
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

const written = (text, values) => text.replace(/\{(\w+)\}/g, (_whole, name) => values[name]);

// The distinct sizes that rules give, the least first. A rule is several formulas, of which the first that holds
// counts; where none does, or where no window fits, it refuses.
function sizesOf(rules, given) {
  const found = rules.map((formulas) => formulas.find((one) => fits(one, given)))
    .filter(Boolean).map((one) => evaluate(one, given)).filter((size) => size > 0n);
  return [...new Set(found)].sort((one, other) => Number(one - other)).map(grouped);
}

function sizesSaid({ rules, alike, text }, given) {
  const sizes = sizesOf(rules, given);
  return sizes.length === 1
    ? written(alike, { size: sizes[0] })
    : written(text, { n: sizes.length, sizes: sizes.join(', ') });
}

// A text with {0}, {1}, ... for the numbers of its line, or with the sizes of its rules.
export const textOf = (line, given) => (line.rules
  ? sizesSaid(line, given)
  : written(line.text, line.numbers.map((one) => grouped(evaluate(one, given)))));
