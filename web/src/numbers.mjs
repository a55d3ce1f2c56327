// Numbers as people type and read them.
import { say } from './words.mjs';

const SCALE = { k: 1e3, m: 1e6, g: 1e9, b: 1e9, t: 1e12 };
const SPACES = /[\s\u00a0\u2009\u202f_]/g;

export const expected = () => say('a number like 30100, 30,100, 3e4, 30k or 1.2M');

// "30,100" "30 100" "3e4" "30k" "1.2M" -> a number; anything else -> null.
export function parseNumber(text) {
  const bare = text.trim().replace(SPACES, '').replace(/^\u2212/, '-');
  const plain = bare.match(/^([+-]?)(\d{1,3}(?:,\d{3})+|\d+)(\.\d+)?(?:e([+-]?\d+))?([kmgbt])?$/i);
  if (!plain) return null;
  const [, sign, whole, fraction = '', exponent = '0', suffix = ''] = plain;
  const scaled = Number(`${whole.replaceAll(',', '')}${fraction}e${exponent}`) * (SCALE[suffix.toLowerCase()] ?? 1);
  if (!Number.isFinite(scaled)) return null;
  return sign === '-' ? -scaled : scaled;
}

// Two decimals below 100, and as many as it takes for two digits of what is smaller than them.
export function formatNumber(value) {
  const size = Math.abs(value);
  const digits = size > 0 && size < 0.01 ? { maximumSignificantDigits: 2 } : { maximumFractionDigits: size < 100 ? 2 : 0 };
  return new Intl.NumberFormat('en-US', digits).format(value);
}

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
  const value = parseNumber(text);
  if (value === null) return { problem: say('“{text}” is not read as a number; try {expected}.', { text, expected: expected() }) };
  if (Number.isInteger(value) && value >= low && value <= high) return { value };
  const ends = { low: formatNumber(low), high: formatNumber(high), value: formatNumber(value) };
  return { problem: say('It takes a whole number from {low} to {high}, not {value}.', ends) };
}
