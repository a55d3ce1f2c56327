// Numbers as people read them, and the whole numbers that controls take; reading.mjs reads all that is typed.
import { approximately, isWhole } from './grammar/rational.mjs';
import { readNumber } from './reading.mjs';
import { say } from './words.mjs';

// Two decimals below 100, and as many as it takes for two digits of what is smaller than them; a BigInt exactly.
export function formatNumber(value) {
  if (typeof value === 'bigint') return new Intl.NumberFormat('en-US').format(value);
  const size = Math.abs(value);
  const digits = size > 0 && size < 0.01 ? { maximumSignificantDigits: 2 } : { maximumFractionDigits: size < 100 ? 2 : 0 };
  return new Intl.NumberFormat('en-US', digits).format(value);
}

// An exact number: whole ones to the last digit.
export const formatExact = (exact) => formatNumber(isWhole(exact) ? exact.numerator : approximately(exact));

// A factor with two or three digits, and more where these would make a whole number of what is none: 1.997, not 2.
export function formatFactor(factor) {
  if (factor >= 100) return formatNumber(Number(factor.toPrecision(factor >= 1000 ? 2 : 3)));
  let digits = factor < 10 ? 2 : 3;
  while (digits < 12 && Number.isInteger(Number(factor.toPrecision(digits))) && !Number.isInteger(factor)) digits += 1;
  return String(Number(factor.toPrecision(digits)));
}

export const formatMegabytes = (bytes) => say('{size} MB', { size: (bytes / 1e6).toFixed(1) });

// {value}, or {problem}: why a typed text is not one of the whole numbers from `low` to `high`.
export function readTyped(text, low, high) {
  const ends = { low: formatNumber(low), high: formatNumber(high) };
  const { value, problem } = readNumber(text, '', { whole: true, expected: say('write a whole number from {low} to {high}', ends) });
  if (problem) return { problem };
  const { numerator } = value;
  if (numerator >= BigInt(low) && numerator <= BigInt(high)) return { value: Number(numerator) };
  return { problem: say('It takes a whole number from {low} to {high}, not {value}.', { ...ends, value: formatNumber(numerator) }) };
}
