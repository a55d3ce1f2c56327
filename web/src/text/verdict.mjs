// What a number that a reader filled in is told. Malformed is not wrong; a wrong number that a known mistake gives gets
// that mistake's sentence, and any other what can be said of it truly.
import { equal, isLess, isWhole, negative, over, plus, rational } from '../grammar/rational.mjs';
import { rules } from '../grammar/typed.mjs';
import { formatExact } from '../numbers.mjs';
import { readNumber } from '../reading.mjs';
import { say } from '../words.mjs';

const HALF = rational(1n, 2n);
const MUCH = [100, 10, rules.same_magnitude]; // what a wrong number is told to be off by, the largest first

const isPowerOfTen = ({ numerator, denominator }) =>
  numerator !== denominator && /^10*$/.test(numerator) && /^10*$/.test(denominator);

// By how much at least a number is too large, or too small where it is turned around: 100, 10, ... or nothing.
const offBy = (factor) => MUCH.find((size) => !isLess(factor, rational(BigInt(size))));

// Whether a number is off by no more than a small part.
function isNear(factor) {
  const [off, most] = [plus(factor, rational(-1n)), rational(1n, BigInt(rules.within))];
  return !isLess(most, off) && !isLess(off, negative(most));
}

// Of a wrong number that no known mistake gives: what the two exact numbers have to do with each other.
export function hint(given, answer) {
  if (given.numerator < 0n) return say('Not yet: a count is never negative.');
  if (!given.numerator) return say('Not yet: there is something to count here.');
  if (!answer.numerator) return say('Not yet: that is too many.');
  const factor = over(given, answer);
  if (isPowerOfTen(factor)) return say('Not yet: the digits are right, but not how many there are. Count the zeros once more.');
  if (equal(factor, rational(2n))) return say('Not yet: that is exactly twice the number. Is something counted twice?');
  if (equal(factor, HALF)) return say('Not yet: that is exactly half of the number. Is something counted once that comes twice?');
  if (isNear(factor)) {
    return say('Not yet: within one percent of the number. You rounded on the way, or a small part is missing or too much.');
  }
  return magnitude(factor, over(answer, given));
}

function magnitude(tooLarge, tooSmall) {
  const [above, below] = [offBy(tooLarge), offBy(tooSmall)];
  if (above) return say('Not yet: that is at least {factor} times too large.', { factor: above });
  if (below) return say('Not yet: that is at least {factor} times too small.', { factor: below });
  return isLess(tooSmall, tooLarge)
    ? say('Not yet: the right order of magnitude, but too large.')
    : say('Not yet: the right order of magnitude, but too small.');
}

export const exact = (written) => readNumber(String(written), '', { whole: false }).value;

// `answer` is exact; whether a whole number is asked for follows from it.
export function judge(text, answer, diagnoses, unit = '') {
  const { value: given, problem } = readNumber(text, unit, { whole: isWhole(answer) });
  if (problem) return { verdict: 'unclear', words: problem };
  if (equal(given, answer)) return { verdict: 'right', words: say('Right: {number}.', { number: formatExact(answer) }) };
  const known = diagnoses.find((diagnosis) => equal(exact(diagnosis.answer), given));
  return { verdict: 'wrong', words: known ? say('Not yet. {why}', { why: known.text }) : hint(given, answer), id: known?.id };
}
