// The sizes of a shape that was typed, as layercost.questions.shapes reads them: 28x28x6, (6, 28, 28), 28 28 6.
import { isDigit, rules, stopped } from './typed.mjs';

const pastSpaces = (text, at) => {
  while (text[at] === ' ') at += 1;
  return at;
};

const withoutSpaces = (text, end) => {
  while (end > 0 && text[end - 1] === ' ') end -= 1;
  return end;
};

const without = (text, sign, end) => withoutSpaces(text, text[end - 1] === sign ? end - 1 : end);

// Where the sizes begin and end, without the brackets around them, a comma behind them or a full stop.
function inside(text) {
  const end = without(text, '.', text.length);
  const closing = Object.values(rules.brackets);
  const [first, last] = [text[0], end > 0 ? text[end - 1] : undefined];
  if (!(first in rules.brackets) && !closing.includes(last)) return [0, end];
  if (rules.brackets[first] !== last) throw stopped('not-closed-shape', text, 0);
  return [1, Math.max(1, without(text, ',', withoutSpaces(text, end - 1)))];
}

function sizeAt(text, at, end) {
  let stop = at;
  while (stop < end && isDigit(text[stop])) stop += 1;
  const found = text.slice(at, stop).join('');
  if (!found) throw stopped(at > 0 && at < end ? 'no-size' : 'no-shape', text, at);
  if (found.length > rules.max_digits_of_a_size || !Number(found)) throw stopped('size', text, at);
  return [Number(found), stop];
}

// What parts two sizes, and where the next one begins; '' at the end.
function separatorAt(text, at, end) {
  const place = pastSpaces(text, at);
  if (place >= end) return ['', place];
  const sign = rules.size_separators[text[place]];
  if (sign) return [sign, place + 1];
  return place > at ? [' ', place] : ['?', place];
}

export function sizesOf(text) {
  const [start, end] = inside(text);
  const found = [];
  for (let [at, sign] = [start, ''], size; ;) {
    [size, at] = sizeAt(text, pastSpaces(text, at), end);
    found.push(size);
    if (found.length > rules.max_axes) throw stopped('axes', text, at);
    const [behind, after] = separatorAt(text, at, end);
    if (!behind) return found;
    if (sign && behind !== sign) throw stopped('mixed-shape', text, at);
    [sign, at] = [behind, after];
  }
}
