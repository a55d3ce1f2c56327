// Exact numbers: {numerator, denominator} of BigInt, in lowest terms, the denominator above nothing.

function divisor(a, b) {
  while (b) [a, b] = [b, a % b];
  return a;
}

export function rational(numerator, denominator = 1n) {
  const common = divisor(numerator < 0n ? -numerator : numerator, denominator < 0n ? -denominator : denominator);
  const shared = denominator < 0n ? -common : common;
  return { numerator: numerator / shared, denominator: denominator / shared };
}

export const plus = (a, b) => rational(a.numerator * b.denominator + b.numerator * a.denominator, a.denominator * b.denominator);
export const negative = ({ numerator, denominator }) => ({ numerator: -numerator, denominator });
export const times = (a, b) => rational(a.numerator * b.numerator, a.denominator * b.denominator);
export const over = (a, b) => rational(a.numerator * b.denominator, a.denominator * b.numerator);

export function power(base, exponent) {
  const { numerator, denominator } = exponent < 0n ? over(rational(1n), base) : base;
  const size = exponent < 0n ? -exponent : exponent;
  return { numerator: numerator ** size, denominator: denominator ** size };
}

export const isWhole = ({ denominator }) => denominator === 1n;
export const equal = (a, b) => a.numerator === b.numerator && a.denominator === b.denominator;

export const isLess = (a, b) => a.numerator * b.denominator < b.numerator * a.denominator;

// The nearest number with which a browser calculates; of long parts only the leading digits count.
export function approximately({ numerator, denominator }) {
  const digits = Math.max(String(numerator).length, String(denominator).length);
  const cut = 10n ** BigInt(Math.max(0, digits - 300));
  return Number(numerator / cut) / Number(denominator / cut);
}

const sizeInBits = (value) => (value < 0n ? -value : value).toString(2).length * Number(value !== 0n);

// How many binary digits the longer of both parts has.
export const bits = ({ numerator, denominator }) => Math.max(sizeInBits(numerator), sizeInBits(denominator));
