// Reads what a person typed as an answer, exactly: the grammar of layercost.questions (calculation.py, reading.py,
// shapes.py), which says what is read and why. Its tables and sentences are data that the build takes from there
// (layercost.questions.exported): whoever runs this has NUMBER_RULES.
import { bits, isWhole, negative, over, plus, power, rational, times } from './rational.mjs';
import { say } from './words.mjs';

export const rules = NUMBER_RULES; // eslint-disable-line no-undef -- the bundle defines it

const DIGITS = '0123456789';
const isDigit = (character) => character !== undefined && character.length === 1 && DIGITS.includes(character);
const isLetter = (character) => /^[a-z]$/i.test(character ?? '');

class Stopped extends Error {
  constructor(why, at, values = {}) {
    super(why);
    Object.assign(this, { why, at, values });
  }
}

// ---- what was typed ---------------------------------------------------------------------------------------------

export function quoted(text) {
  const characters = [...text];
  return characters.length > rules.shown ? `“${characters.slice(0, rules.shown).join('')}…”` : `“${text}”`;
}

function charactersRead(typed) {
  let character = typed;
  for (const [first, last, reads] of rules.rows) {
    const [low, high, code] = [first, last, character].map((each) => each.codePointAt(0));
    if (code >= low && code <= high) character = String.fromCodePoint(reads.codePointAt(0) + code - low);
  }
  const read = rules.characters[character] ?? character;
  const code = read.codePointAt(0);
  return code < 0x20 || (code >= 0x7f && code <= 0x9f) ? '\ufffd' : read;
}

// Characters made alike, each with its place in what was typed: {text: an array, places, isCut}.
export function typed(raw) {
  const longest = 10 * rules.max_characters;
  const all = [...raw];
  const found = all.slice(0, longest).map((character, place) => [charactersRead(character), place])
    .flatMap(([read, place]) => [...read].map((character) => [character, place]));
  let [start, end] = [0, found.length];
  while (start < end && found[start][0] === ' ') start += 1;
  while (end > start && found[end - 1][0] === ' ') end -= 1;
  const kept = found.slice(start, end);
  const behind = kept.length ? kept.at(-1)[1] + 1 : Math.min(all.length, longest);
  return { text: kept.map(([character]) => character), places: [...kept.map(([, place]) => place), behind], isCut: all.length > longest };
}

const isEmpty = ({ text, isCut }) => !text.length && !isCut;
const isTooLong = ({ text, isCut }) => isCut || text.length > rules.max_characters;

const stopped = (why, text, at, values = {}) =>
  new Stopped(why, at, { text: quoted(text.join('')), rest: quoted(text.slice(at).join('')), ...values });

// ---- calculations -----------------------------------------------------------------------------------------------

class Calculation {
  constructor(text, at, unit) {
    Object.assign(this, { text, at, numbers: 0, depth: 0, countsBytes: rules.of_bytes.includes(unit) });
  }

  stop(why, at, values) {
    throw stopped(why, this.text, at, values);
  }

  sum() {
    let value = this.product();
    while (rules.signs.includes(this.hereBehindSpaces())) {
      const [place, sign] = [this.at, this.take(1)];
      const other = this.product();
      value = this.bounded(plus(value, sign === '+' ? other : negative(other)), place);
    }
    return value;
  }

  product() {
    let value = this.factor(true);
    for (let sign = this.signOfProduct(); sign; sign = this.signOfProduct()) {
      const place = this.spaces();
      const other = this.factor(true);
      if (rules.times.includes(sign)) value = this.bounded(times(value, other), place);
      else if (other.numerator) value = this.bounded(over(value, other), place);
      else this.stop('zero', place);
    }
    return value;
  }

  signOfProduct() {
    this.spaces();
    const sign = this.word().toLowerCase() || this.here();
    if (!rules.times.includes(sign) && !rules.divided.includes(sign)) return '';
    this.take(1);
    return sign;
  }

  factor(scaled) {
    this.spaces();
    const sign = rules.signs.includes(this.here()) ? this.take(1) : '';
    this.depth += 1;
    if (this.depth > rules.max_depth) this.stop('too-deep', this.at);
    const value = this.power(scaled);
    this.depth -= 1;
    return sign === '-' ? negative(value) : value;
  }

  power(scaled) {
    let value = this.superscript(this.hereBehindSpaces() === '(' ? this.bracket() : this.number());
    if (scaled) value = this.scaled(value);
    this.spaces();
    const sign = rules.power.find((each) => this.startsWith(each));
    if (!sign) return value;
    this.take(sign.length);
    const place = this.spaces();
    value = this.raised(value, this.factor(false), place);
    return scaled ? this.scaled(value) : value;
  }

  bracket() {
    const opened = this.at;
    this.take(1);
    const value = this.sum();
    if (this.here() !== ')') {
      if (this.at === this.text.length) this.stop('not-closed', opened);
      this.stop('left-over', this.at);
    }
    this.take(1);
    return value;
  }

  superscript(value) {
    const place = this.at;
    const sign = rules.superscript_signs[this.here()] ?? 0;
    this.at += Math.abs(sign);
    const digits = [...rules.superscripts];
    const found = this.run((character) => digits.includes(character));
    if (!found.length) {
      this.at = place;
      return value;
    }
    const exponent = this.exponent(found.map((character) => digits.indexOf(character)).join(''), place);
    return this.raised(value, rational(BigInt(exponent * (sign || 1))), place);
  }

  raised(value, exponent, place) {
    if (!isWhole(exponent)) this.stop('power', place);
    if (!value.numerator && exponent.numerator < 0n) this.stop('zero', place);
    const size = exponent.numerator < 0n ? -exponent.numerator : exponent.numerator;
    if (size > BigInt(rules.max_exponent) || BigInt(bits(value) - 1) * size > BigInt(rules.max_bits)) this.stop('too-large', place);
    return this.bounded(power(value, exponent.numerator), place);
  }

  bounded(value, place) {
    if (bits(value) > rules.max_bits) this.stop('too-large', place);
    return value;
  }

  // ---- numbers

  number() {
    const start = this.at;
    const whole = this.grouped();
    let part = '';
    if (this.here() === rules.point && (whole || isDigit(this.here(1)))) {
      this.take(1);
      part = this.digits();
      this.checkWhatFollows();
    }
    if (!whole && !part) this.nothingToRead(start);
    this.numbers += 1;
    const exponent = this.exponentBehind() - part.length;
    return this.bounded(times(rational(BigInt(whole + part)), power(rational(10n), BigInt(exponent))), start);
  }

  nothingToRead(at) {
    if (!this.numbers) this.stop('no-number', at);
    this.stop(at === this.text.length ? 'ends-early' : 'no-operand', at);
  }

  grouped() {
    const first = this.digits();
    let [found, sign] = [first, ''];
    while (found && rules.separators.includes(this.here()) && isDigit(this.here(1))) {
      this.checkSeparator(first, sign);
      const place = this.at;
      sign = this.take(1);
      const group = this.digits();
      if (group.length !== rules.group) this.stop('group', place);
      found += group;
    }
    return found;
  }

  checkSeparator(first, sign) {
    const here = this.here();
    if (sign && here !== sign) this.stop('mixed', this.at);
    if (first.length > rules.group) {
      this.stop(here === ' ' ? 'group' : 'first-group', this.at, { sign: `“${here}”`, digits: first.length });
    }
    if (first.startsWith('0')) this.stop('leading-zero', this.at);
  }

  checkWhatFollows() {
    if (!isDigit(this.here(1))) return;
    if (this.here() === rules.point) this.stop('points', this.at);
    if (rules.separators.includes(this.here())) this.stop('after-point', this.at);
  }

  exponentBehind() {
    const place = this.at;
    if (this.here().toLowerCase() !== rules.exponent) return 0;
    this.take(1);
    const sign = rules.signs.includes(this.here()) ? this.take(1) : '';
    const found = this.digits();
    if (!found) {
      this.at = place;
      return 0;
    }
    const exponent = this.exponent(found, place);
    return sign === '-' ? -exponent : exponent;
  }

  exponent(found, place) {
    if (found.length > rules.max_digits_of_an_exponent || Number(found) > rules.max_exponent) this.stop('too-large', place);
    return Number(found);
  }

  scaled(value) {
    const place = this.at;
    this.spaces();
    for (const [suffix, factor] of Object.entries(rules.ideographs)) {
      if (this.startsWith(suffix)) {
        this.take(suffix.length);
        return this.bounded(times(value, rational(BigInt(factor))), place);
      }
    }
    const word = this.word();
    const scale = word.toLowerCase();
    if (!Object.hasOwn(rules.scales, scale) || (scale === rules.byte && this.countsBytes)) {
      this.at = place;
      return value;
    }
    this.take(word.length);
    return this.bounded(times(value, rational(BigInt(rules.scales[scale]))), place);
  }

  // ---- moving on

  here(ahead = 0) {
    return this.text[this.at + ahead] ?? '\0';
  }

  take(many) {
    this.at += many;
    return this.text.slice(this.at - many, this.at).join('');
  }

  run(belongs) {
    const start = this.at;
    while (this.at < this.text.length && belongs(this.text[this.at])) this.at += 1;
    return this.text.slice(start, this.at);
  }

  digits() {
    return this.run(isDigit).join('');
  }

  word() {
    const start = this.at;
    const word = this.run(isLetter).join('');
    this.at = start;
    return word;
  }

  spaces() {
    this.run((character) => character === ' ');
    return this.at;
  }

  hereBehindSpaces() {
    this.spaces();
    return this.here();
  }

  startsWith(sign) {
    return [...sign].every((character, ahead) => this.here(ahead) === character);
  }
}

// ---- numbers with what stands around them -----------------------------------------------------------------------

// Units are the same in every language; these are read as words.
const WORDS_OF_UNITS = { parameters: () => say('parameters'), values: () => say('values'), bytes: () => say('bytes') };
const unitInWords = (unit) => WORDS_OF_UNITS[unit]?.() ?? unit;

function expectedNumber(unit, whole) {
  const { expected } = rules;
  if (!unit) return say(whole ? expected.whole : expected.number);
  return say(whole ? expected['whole-of-unit'] : expected['of-unit'], { unit: unitInWords(unit) });
}

const malformed = (why, values, position = null) =>
  ({ problem: say(rules.sentences[why], values), why, position, isEmpty: why === 'empty' });

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

function withThatAskedFor(known, unit) {
  if (rules.of_bytes.includes(unit)) known.set(rules.byte, ['bytes', 1]);
  for (const word of unit ? [unit.toLowerCase(), unitInWords(unit).toLowerCase()] : []) {
    known.set(word, [unit, 1]).set(word.replace(/s$/, ''), [unit, 1]);
  }
  return known;
}

function unitBehind(text, at, asked) {
  const word = text.slice(at).join('').replace(/\.$/, '').replace(/ +$/, '').toLowerCase();
  if (!word) return ['', 1];
  if (word === rules.percent && asked === rules.percent) return [rules.percent, 1];
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
  return stopped('other-unit', text, at, { unit: unitInWords(asked), other: unitInWords(given) });
}

function quantity(text, asked, anyUnit) {
  const start = pastApproximately(text);
  const calculation = new Calculation(text, start, asked);
  const value = calculation.sum();
  const [unit, factor] = unitBehind(text, calculation.at, asked);
  if (unit && unit !== asked && !anyUnit) throw anotherUnit(text, calculation.at, unit, asked);
  return { value: times(value, rational(BigInt(factor))), unit, isApproximate: start > 0 };
}

// Only what stopped reading is a sentence; an error of ours stays one.
function caught(error, text, values) {
  if (!(error instanceof Stopped)) throw error;
  return malformed(error.why, { ...error.values, ...values }, text.places[error.at]);
}

function read(raw, unit, whole, anyUnit) {
  const text = typed(raw);
  const expected = expectedNumber(unit, whole);
  if (isEmpty(text)) return malformed('empty');
  if (isTooLong(text)) return malformed('too-long', { expected });
  try {
    return quantity(text.text, unit, anyUnit);
  } catch (error) {
    return caught(error, text, { expected });
  }
}

// {value, unit, isApproximate}, or {problem, position, why, isEmpty}: `position` counts characters, not code units.
export function readQuantity(raw, unit = '', whole = false) {
  return read(raw, unit, whole, true);
}

// The same where behind the number may stand only the unit that is asked for.
export function readNumber(raw, unit, { whole }) {
  const found = read(raw, unit, whole, false);
  if (!found.value || !whole || isWhole(found.value)) return found;
  return malformed('whole', { expected: expectedNumber(unit, whole) });
}
