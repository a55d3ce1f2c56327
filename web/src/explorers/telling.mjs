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

// Why these settings cannot be built, as HTML in Python's words (src/layercost/explorers/refusal.py); empty where none of
// the refusals that the page knows holds.
export function refusalOf(refusals = [], settings) {
  const given = (one) => Object.fromEntries(one.fields.map((field) => [field, settings[field]]));
  const holds = refusals.find((one) => !fits(one, given(one)));
  const numbers = Object.entries(holds ? given(holds) : {}).map(([field, value]) => [field, grouped(value)]);
  return holds ? written(holds.html, Object.fromEntries(numbers)) : '';
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

// ---- times: work at a speed ------------------------------------------------------------------------------------

// A fraction in three digits, halves to the even side, as Python rounds.
function threeDigits(over, under) {
  const places = over < 10n * under ? 2 : over < 100n * under ? 1 : 0;
  const scale = 10n ** BigInt(places);
  const [whole, rest] = [(over * scale) / under, 2n * ((over * scale) % under)];
  const rounded = rest > under || (rest === under && whole % 2n === 1n) ? whole + 1n : whole;
  const digits = String(rounded % scale).padStart(places, '0');
  return places ? `${grouped(rounded / scale)}.${digits}` : grouped(rounded / scale);
}

// The work of a line, and how much of it is done in a second.
const timed = (line, given) => [evaluate(line, given), BigInt(given[line.rate.field]) * BigInt(line.rate.times)];

function lasting([work, speed], units) {
  const [part, said] = units.find(([one]) => work * BigInt(one) >= speed) ?? units.at(-1);
  return written(said, { amount: threeDigits(work * BigInt(part), speed) });
}

function speedSaid([, speed], units) {
  const [size, said] = units.find(([one]) => speed >= BigInt(one)) ?? units.at(-1);
  return written(said, { amount: String(Number((Number(speed) / size).toPrecision(6))) });
}

// Of two lines the one that takes longer; where both take as long, the first.
export function longer(one, other) {
  const [[work, speed], [more, pace]] = [one, other].map(({ line, given }) => timed(line, given));
  return more * speed > work * pace ? other : one;
}

// ---- texts -----------------------------------------------------------------------------------------------------

function timeSaid(line, given, units) {
  const time = timed(line, given);
  return { speed: speedSaid(time, units[line.rate.field]), took: lasting(time, units.time) };
}

// A text with {0}, {1}, ... for the numbers of its line, with the sizes of its rules, or with a time.
export function textOf(line, given, units) {
  if (line.rules) return sizesSaid(line, given);
  const numbers = line.numbers.map((one) => grouped(evaluate(one, given)));
  return written(line.text, { ...numbers, ...(line.rate && timeSaid(line, given, units)) });
}
