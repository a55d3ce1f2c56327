// Guess first: the reader commits to a number, then sees guess and truth on one logarithmic line, with the factor
// between them, and the answer opens. The guess is remembered.
import { all, element, pageKey, svgElement } from '../dom.mjs';
import { EXPECTED, formatFactor, formatNumber, parseNumber } from '../numbers.mjs';
import { forget, recall, remember, siteRoot } from '../store.mjs';

const WIDTH = 560;
const MARGIN = 40;
const AXIS = 58;

function compare(guess, truth) {
  if (guess === truth) return `Exactly ${formatNumber(truth)}.`;
  const factor = guess > truth ? guess / truth : truth / guess;
  const direction = guess > truth ? 'too high' : 'too low';
  const size = factor < 1.05 ? 'within 5 %' : `a factor of ${formatFactor(factor)} ${direction}`;
  return `You said ${formatNumber(guess)}; it is ${formatNumber(truth)}: ${size}.`;
}

const power = (exponent) => (exponent < 4 ? formatNumber(10 ** exponent) : `10${superscript(exponent)}`);
const superscript = (number) => [...String(number)].map((digit) => '⁰¹²³⁴⁵⁶⁷⁸⁹'[digit]).join('');

function decades(guess, truth) {
  const low = Math.floor(Math.log10(Math.min(guess, truth)) - 0.3);
  const high = Math.ceil(Math.log10(Math.max(guess, truth)) + 0.3);
  return { low, high: Math.max(high, low + 2) };
}

// Labels of two marks that lie close stand on two lines, so that they never cover each other.
function mark(className, x, name, value, lift) {
  const top = AXIS - 14 - lift;
  const anchor = x < 110 ? 'start' : x > WIDTH - 110 ? 'end' : 'middle';
  return svgElement('g', { class: className },
    svgElement('line', { x1: x, x2: x, y1: top + 4, y2: AXIS }),
    svgElement('circle', { cx: x, cy: AXIS, r: 6 }),
    svgElement('text', { x, y: top, 'text-anchor': anchor }, `${name} ${formatNumber(value)}`));
}

function drawLine(guess, truth) {
  const { low, high } = decades(guess, truth);
  const at = (value) => MARGIN + ((Math.log10(value) - low) / (high - low)) * (WIDTH - 2 * MARGIN);
  const every = Math.ceil((high - low) / 8);
  const ticks = [];
  for (let exponent = low; exponent <= high; exponent += every) {
    const x = at(10 ** exponent);
    ticks.push(svgElement('g', { class: 'lc-tick' },
      svgElement('line', { x1: x, x2: x, y1: AXIS - 4, y2: AXIS + 4 }),
      svgElement('text', { x, y: AXIS + 22, 'text-anchor': 'middle' }, power(exponent))));
  }
  const [g, t] = [at(guess), at(truth)];
  const between = svgElement('line', { class: 'lc-between', x1: g, x2: t, y1: AXIS, y2: AXIS });
  const axis = svgElement('line', { class: 'lc-axis', x1: MARGIN, x2: WIDTH - MARGIN, y1: AXIS, y2: AXIS });
  const picture = svgElement('svg', {
    class: 'lc-log-line', viewBox: `0 0 ${WIDTH} ${AXIS + 30}`, role: 'img', 'aria-label': compare(guess, truth),
  }, axis, ...ticks, between, mark('lc-mark-guess', g, 'your guess', guess, 20), mark('lc-mark-truth', t, 'truth', truth, 0));
  return picture;
}

function outcome(guess, truth) {
  const words = element('p.lc-verdict-words', {}, compare(guess, truth));
  const drawable = guess > 0 && truth > 0;
  return element('div.lc-outcome', { role: 'status' }, ...(drawable ? [drawLine(guess, truth)] : []), words);
}

function messageOf(form) {
  const found = form.querySelector('.lc-message');
  if (found) return found;
  const made = element('p.lc-message', { role: 'alert' });
  form.querySelector('.lc-reveal').before(made);
  return made;
}

function complaint(text) {
  const given = text.trim();
  return given ? `“${given}” is not a number that can be read here; try ${EXPECTED}.` : `Any guess will do: ${EXPECTED}.`;
}

function commit(form, text, { open }) {
  const guess = parseNumber(text);
  form.querySelector('input').setAttribute('aria-invalid', String(guess === null));
  messageOf(form).textContent = guess === null ? complaint(text) : '';
  if (guess === null) return false;
  const reveal = form.querySelector('.lc-reveal');
  form.querySelector('.lc-outcome')?.remove();
  reveal.before(outcome(guess, parseNumber(form.dataset.answer)));
  form.classList.add('lc-committed');
  if (open) reveal.open = true;
  return true;
}

function addAgain(form, key) {
  if (form.querySelector('.lc-again')) return;
  const again = element('button.lc-again', { type: 'button' }, 'Guess again');
  again.addEventListener('click', () => {
    form.classList.remove('lc-committed');
    form.querySelector('.lc-outcome')?.remove();
    form.querySelector('.lc-reveal').open = false;
    again.remove();
    forget(key);
    form.querySelector('input').select();
  });
  form.querySelector('.lc-reveal').after(again);
}

function prepare(form) {
  const key = `guess:${pageKey(siteRoot)}:${form.dataset.id}`;
  const input = form.querySelector('input');
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    if (!commit(form, input.value, { open: true })) return;
    remember(key, input.value);
    addAgain(form, key);
  });
  recall(key).then((kept) => {
    if (!kept || input.value) return;
    input.value = kept;
    if (commit(form, kept, { open: false })) addAgain(form, key);
  });
}

export function startGuesses() {
  all('form.lc-guess').forEach(prepare);
}
