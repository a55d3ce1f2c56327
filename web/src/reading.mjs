// Reads what a person typed as an answer, exactly, as layercost.questions.reading does, and says the same of the rest.
import { Calculation } from './grammar/calculation.mjs';
import { isWhole, rational, times } from './grammar/rational.mjs';
import { sizesOf } from './grammar/shapes.mjs';
import { isEmpty, isLetter, isTooLong, rules, Stopped, stopped, typed } from './grammar/typed.mjs';
import { say } from './words.mjs';

function expectedNumber(unit, whole) {
  const { expected } = rules;
  if (!unit) return say(whole ? expected.whole : expected.number);
  return say(whole ? expected['whole-of-unit'] : expected['of-unit'], { unit: say(unit) });
}

const malformed = (why, values, position = null) =>
  ({ problem: say(rules.sentences[why], values), position, isEmpty: why === 'empty' });

// The place of the number: behind a sign that says that it is not exact.
function pastApproximately(text) {
  const lower = text.join('').toLowerCase();
  const sign = rules.approximately.find((each) =>
    lower.startsWith(each) && !(isLetter(each.at(-1)) && isLetter(text[each.length])));
  return sign ? sign.length : 0;
}

function spellings() {
  const found = new Map();
  for (const [prefix, factor] of Object.entries(rules.prefixes)) {
    for (const unit of rules.prefixed) {
      for (const spelling of rules.units[unit]) found.set(prefix + spelling, [unit, factor]);
    }
  }
  for (const [unit, every] of Object.entries(rules.units)) every.forEach((spelling) => found.set(spelling, [unit, 1]));
  return found;
}

// A unit in many or in one, and one that is told for another: tokens a second, token/s.
function waysToWrite(word) {
  const [between] = rules.rate;
  const [counted, ...behind] = word.split(between);
  const each = behind.join(between);
  return [counted, counted.replace(/s$/, '')].flatMap((one) => (each
    ? rules.rate.flatMap((sign) => [each, rules.short[each] ?? each].map((per) => one + sign + per))
    : [one]));
}

function withThatAskedFor(known, unit) {
  if (rules.of_bytes.includes(unit)) known.set(rules.byte, ['bytes', 1]);
  if (rules.percentages.includes(unit)) rules.percentages.forEach((spelling) => known.set(spelling, [unit, 1]));
  for (const word of unit ? [unit.toLowerCase(), say(unit).toLowerCase()] : []) {
    for (const way of waysToWrite(word)) known.set(way, [unit, 1]);
  }
  return known;
}

function unitBehind(text, at, asked) {
  const word = text.slice(at).join('').replace(/\.$/, '').replace(/ +$/, '').toLowerCase();
  if (!word) return ['', 1];
  const known = withThatAskedFor(spellings(), asked);
  if (known.has(word)) return known.get(word);
  throw stopped(whyNot(word, known), text, at);
}

function whyNot(rest, known) {
  if (rest.startsWith(rules.percent)) return 'percent';
  if (rest.startsWith(')')) return 'not-opened';
  const [first] = rest.match(/^[a-z]*/);
  return first.length < rest.length && known.has(first) ? 'unit-inside' : 'left-over';
}

function anotherUnit(text, at, given, asked) {
  if (!asked) return stopped('left-over', text, at);
  return stopped('other-unit', text, at, { unit: say(asked), other: say(given) });
}

function quantity(text, asked, anyUnit) {
  const start = pastApproximately(text);
  const calculation = new Calculation(text, start, asked);
  const value = calculation.sum();
  const [unit, factor] = unitBehind(text, calculation.at, asked);
  if (unit && unit !== asked && !anyUnit) throw anotherUnit(text, calculation.at, unit, asked);
  return { value: times(value, rational(BigInt(factor))), unit, isApproximate: start > 0 };
}

// What `understand` makes of a text, or why it stopped.
function reading(raw, expected, understand) {
  const text = typed(raw);
  if (isEmpty(text)) return malformed('empty');
  if (isTooLong(text)) return malformed('too-long', { expected });
  try {
    return understand(text.text);
  } catch (error) {
    if (!(error instanceof Stopped)) throw error;
    return malformed(error.why, { ...error.values, expected, most: rules.max_axes }, text.places[error.at]);
  }
}

// {value, unit, isApproximate}, or {problem, position, isEmpty}: `position` counts characters, not code units.
export function readQuantity(raw, unit = '', whole = false) {
  return reading(raw, expectedNumber(unit, whole), (text) => quantity(text, unit, true));
}

// The same where behind the number may stand only the unit that is asked for; `expected` ends what is said otherwise.
export function readNumber(raw, unit, { whole, expected = expectedNumber(unit, whole) }) {
  const found = reading(raw, expected, (text) => quantity(text, unit, false));
  return found.value && whole && !isWhole(found.value) ? malformed('whole', { expected }) : found;
}

// {sizes}, or {problem, position, isEmpty}: a shape, in which a comma parts sizes and never thousands.
export function readShape(raw) {
  return reading(raw, say(rules.expected.shape), (text) => ({ sizes: sizesOf(text) }));
}
