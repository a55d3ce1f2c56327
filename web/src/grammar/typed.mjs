// A text as it is read (layercost.questions.typed): its characters made alike, each with its place in what was typed.
// The tables and sentences are data that the build takes from layercost.questions.exported: it defines NUMBER_RULES.
export const rules = NUMBER_RULES;

const DIGITS = '0123456789';
export const isDigit = (character) => character?.length === 1 && DIGITS.includes(character);
export const isLetter = (character) => /^[a-z]$/i.test(character ?? '');

// Reading stops: why, as the name of a sentence, at which character, and what the sentence repeats.
export class Stopped extends Error {
  constructor(why, at, values = {}) {
    super(why);
    Object.assign(this, { why, at, values });
  }
}

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

export const isEmpty = ({ text, isCut }) => !text.length && !isCut;
export const isTooLong = ({ text, isCut }) => isCut || text.length > rules.max_characters;

export const stopped = (why, text, at, values = {}) =>
  new Stopped(why, at, { text: quoted(text.join('')), rest: quoted(text.slice(at).join('')), ...values });
