// Works out what was typed, exactly and within limits: the grammar stands in layercost.questions.calculation.
import { bits, isWhole, negative, over, plus, power, rational, times } from './rational.mjs';
import { isDigit, isLetter, rules, stopped } from './typed.mjs';

export class Calculation {
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
    if (whole === '0' && this.here().toLowerCase() === 'x' && isDigit(this.here(1))) this.stop('left-over', this.at); // 0x10 is no product
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
