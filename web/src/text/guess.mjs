// Guess first: the reader commits to a number, then sees guess and truth on one logarithmic line, with the factor
// between them, and the answer opens. The guess is remembered.
import { all, element, pageKey, svgElement } from '../dom.mjs';
import { approximately, equal, isLess, over } from '../grammar/rational.mjs';
import { formatExact, formatFactor, formatNumber } from '../numbers.mjs';
import { readNumber } from '../reading.mjs';
import { forget, recall, remember, siteRoot } from '../store.mjs';
import { say } from '../words.mjs';
import { grant, onEnter } from './question.mjs';

// Of the drawing, in px: its greatest and least width, what stands free at its ends, and the height of its axis.
const WIDTH = 560;
const NARROWEST = 220;
const MARGIN = 40;
const AXIS = 58;
const TICK_APART = 70; // at least so far apart are two powers of ten that are written
const LETTER = 7.5; // the width of a letter of a label, about

// Guess and truth, both exact, in one sentence. A guess of nothing is no factor away from anything.
export function compare(guess, truth) {
  const both = { guess: formatExact(guess), truth: formatExact(truth) };
  if (equal(guess, truth)) return say('Exactly {truth}.', both);
  if (!guess.numerator) return say('You said 0; it is {truth}: there is something to count here.', both);
  if (!truth.numerator) return say('You said {guess}; it is 0: there is nothing to count here.', both);
  const isTooLow = isLess(guess, truth);
  const factor = formatFactor(approximately(isTooLow ? over(truth, guess) : over(guess, truth)));
  if (Number(factor) < 1.05) return say('You said {guess}; it is {truth}: within 5 %.', both);
  return isTooLow
    ? say('You said {guess}; it is {truth}: a factor of {factor} too low.', { ...both, factor })
    : say('You said {guess}; it is {truth}: a factor of {factor} too high.', { ...both, factor });
}

const power = (exponent) => (exponent < 4 ? formatNumber(10 ** exponent) : `10${superscript(exponent)}`);
const superscript = (number) => [...String(number)].map((digit) => '⁰¹²³⁴⁵⁶⁷⁸⁹'[digit]).join('');

function decades(guess, truth) {
  const low = Math.floor(Math.log10(Math.min(guess, truth)) - 0.3);
  const high = Math.ceil(Math.log10(Math.max(guess, truth)) + 0.3);
  return { low, high: Math.max(high, low + 2) };
}

// A label stands on the side of its mark that is turned away from the other, where it fits there.
function sideOf(x, other, label, width) {
  const room = label.length * LETTER;
  const [left, right] = [x - room > 0, x + room < width];
  return (x < other && left) || !right ? 'end' : 'start';
}

// Labels of two marks that lie close stand on two lines, so that they never cover each other.
function mark(className, x, other, label, lift, width) {
  const top = AXIS - 14 - lift;
  const anchor = sideOf(x, other, label, width);
  return svgElement('g', { class: className },
    svgElement('line', { x1: x, x2: x, y1: top + 4, y2: AXIS }),
    svgElement('circle', { cx: x, cy: AXIS, r: 6 }),
    svgElement('text', { x, y: top, 'text-anchor': anchor }, label));
}

function ticksOf({ low, high }, at, width) {
  const every = Math.ceil((high - low) / Math.floor(width / TICK_APART));
  const ticks = [];
  for (let exponent = low; exponent <= high; exponent += every) {
    const x = at(10 ** exponent);
    ticks.push(svgElement('g', { class: 'lc-tick' },
      svgElement('line', { x1: x, x2: x, y1: AXIS - 4, y2: AXIS + 4 }),
      svgElement('text', { x, y: AXIS + 22, 'text-anchor': 'middle' }, power(exponent))));
  }
  return ticks;
}

// A number of sixty digits stands in the sentence below, where it can break.
const fitting = (label, brief, width) => (label.length * LETTER < width ? label : brief);

// The line is drawn for the width that it has, so that its letters are as large as the stylesheet wants them.
function drawLine(guessed, told, width) {
  const [guess, truth] = [approximately(guessed), approximately(told)];
  const { low, high } = decades(guess, truth);
  const at = (value) => MARGIN + ((Math.log10(value) - low) / (high - low)) * (width - 2 * MARGIN);
  const [g, t] = [at(guess), at(truth)];
  const between = svgElement('line', { class: 'lc-between', x1: g, x2: t, y1: AXIS, y2: AXIS });
  const axis = svgElement('line', { class: 'lc-axis', x1: MARGIN, x2: width - MARGIN, y1: AXIS, y2: AXIS });
  const guessLabel = fitting(say('your guess {number}', { number: formatExact(guessed) }), say('your guess'), width);
  return svgElement('svg', {
    class: 'lc-log-line', viewBox: `0 0 ${width} ${AXIS + 30}`, role: 'img', 'aria-label': compare(guessed, told),
  }, axis, ...ticksOf({ low, high }, at, width), between,
    mark('lc-mark-guess', g, t, guessLabel, 20, width),
    mark('lc-mark-truth', t, g, say('truth {number}', { number: formatExact(told) }), 0, width));
}

// As wide as the question is inside; where it is folded away and has no width yet, as wide as the window allows.
function widthOf(guessing) {
  const inside = guessing.querySelector('.lc-reveal').clientWidth || innerWidth - 2 * MARGIN;
  return Math.max(NARROWEST, Math.min(WIDTH, inside));
}

const canBeDrawn = (value) => value > 0 && Number.isFinite(value);

function outcome(guess, truth, width) {
  const words = element('p.lc-verdict-words', {}, compare(guess, truth));
  const drawable = [guess, truth].every((exact) => exact.numerator > 0n && canBeDrawn(approximately(exact)));
  return element('div.lc-outcome', { role: 'status' }, ...(drawable ? [drawLine(guess, truth, width)] : []), words);
}

function messageOf(guessing) {
  const found = guessing.querySelector('.lc-message');
  if (found) return found;
  const made = element('p.lc-message', { role: 'alert' });
  guessing.querySelector('.lc-reveal').before(made);
  return made;
}

const anyGuess = () => say('try a number like 30100, 30,100, 3e4, 30k, 1.2M or 300 * 100');

// {value}, or {problem}: why the guess cannot be taken. A guess need not be whole.
function readGuess(text, unit) {
  const { value, problem, isEmpty } = readNumber(text, unit, { whole: false, expected: anyGuess() });
  if (isEmpty) return { problem: say('Any guess will do: {expected}.', { expected: anyGuess() }) };
  if (problem) return { problem };
  if (value.numerator < 0n) return { problem: say('A count is never negative; {expected}.', { expected: anyGuess() }) };
  return { value };
}

function commit(guessing, text, { open }) {
  const { value, problem = '' } = readGuess(text, guessing.dataset.unit);
  guessing.querySelector('input').setAttribute('aria-invalid', String(!value));
  messageOf(guessing).textContent = problem;
  if (!value) return false;
  const reveal = guessing.querySelector('.lc-reveal');
  guessing.querySelector('.lc-outcome')?.remove();
  const truth = readNumber(guessing.dataset.answer, '', { whole: true }).value;
  reveal.before(outcome(value, truth, widthOf(guessing)));
  guessing.classList.add('lc-committed');
  if (open) reveal.open = true;
  return true;
}

function addAgain(guessing, key) {
  if (guessing.querySelector('.lc-again')) return;
  const again = element('button.lc-again', { type: 'button' }, say('Guess again'));
  again.addEventListener('click', () => {
    guessing.classList.remove('lc-committed');
    guessing.querySelector('.lc-outcome')?.remove();
    guessing.querySelector('.lc-reveal').open = false;
    again.remove();
    forget(key);
    guessing.querySelector('input').select();
  });
  guessing.querySelector('.lc-reveal').after(again);
}

function prepare(guessing) {
  const key = `guess:${pageKey(siteRoot)}:${guessing.dataset.id}`;
  const input = guessing.querySelector('input');
  const decide = () => {
    if (!commit(guessing, input.value, { open: true })) return;
    remember(key, input.value);
    addAgain(guessing, key);
  };
  guessing.querySelector('.lc-commit').addEventListener('click', decide);
  onEnter(input, decide);
  grant(guessing, decide);
  recall(key).then((kept) => {
    if (!kept || input.value) return;
    input.value = kept;
    if (commit(guessing, kept, { open: false })) addAgain(guessing, key);
  });
}

export function startGuesses() {
  all('.lc-guess').forEach(prepare);
}
