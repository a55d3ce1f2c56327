// A step left out of an example: the reader fills it in and checks. Malformed is not wrong; a wrong number that a
// known mistake gives gets that mistake's sentence, and any other what can be said of it truly.
import { all, element, pageKey } from '../dom.mjs';
import { expected, formatNumber, parseNumber } from '../numbers.mjs';
import { recall, remember, siteRoot } from '../store.mjs';
import { say } from '../words.mjs';
import { grant, onEnter } from './question.mjs';

const SIGNS = { right: '✓', wrong: '✗', unclear: '?' };

const powerOfTen = (factor) => {
  const exponent = Math.round(Math.log10(factor));
  return exponent !== 0 && Math.abs(factor / 10 ** exponent - 1) < 1e-12;
};

// Of a wrong number that no known mistake gives: what the two numbers have to do with each other.
export function hint(given, answer) {
  if (given < 0) return say('Not yet: a count is never negative.');
  if (given === 0) return say('Not yet: there is something to count here.');
  if (answer === 0) return say('Not yet: that is too many.');
  const factor = given / answer;
  if (powerOfTen(factor)) return say('Not yet: the digits are right, but not how many there are. Count the zeros once more.');
  if (factor === 2) return say('Not yet: that is exactly twice the number. Is something counted twice?');
  if (factor === 0.5) return say('Not yet: that is exactly half of the number. Is something counted once that comes twice?');
  if (factor >= 100) return say('Not yet: that is more than a hundred times too large.');
  if (factor >= 10) return say('Not yet: that is more than ten times too large.');
  if (factor <= 0.01) return say('Not yet: that is less than a hundredth of it.');
  if (factor <= 0.1) return say('Not yet: that is less than a tenth of it.');
  return factor > 1
    ? say('Not yet: the right order of magnitude, but too large.')
    : say('Not yet: the right order of magnitude, but too small.');
}

export function judge(text, answer, diagnoses) {
  const given = parseNumber(text);
  if (given === null) return { verdict: 'unclear', words: say('Please give {expected}.', { expected: expected() }) };
  if (given === answer) return { verdict: 'right', words: say('Right: {number}.', { number: formatNumber(answer) }) };
  const known = diagnoses.find((diagnosis) => parseNumber(diagnosis.answer) === given);
  return { verdict: 'wrong', words: known ? say('Not yet. {why}', { why: known.text }) : hint(given, answer), id: known?.id };
}

function show(step, { verdict, words }) {
  const output = step.querySelector('output');
  const sign = element('span.lc-sign', { 'aria-hidden': 'true' }, SIGNS[verdict]);
  output.replaceChildren(sign, ` ${words}`);
  step.dataset.verdict = verdict;
  step.querySelector('input').setAttribute('aria-invalid', String(verdict === 'unclear'));
}

function prepare(step) {
  const answer = parseNumber(step.dataset.answer);
  const diagnoses = JSON.parse(step.dataset.diagnoses || '[]');
  const key = `step:${pageKey(siteRoot)}:${step.dataset.id}`;
  const input = step.querySelector('input');
  const check = () => {
    const result = judge(input.value, answer, diagnoses);
    show(step, result);
    if (result.verdict === 'right') remember(key, input.value);
  };
  step.querySelector('.lc-check').addEventListener('click', check);
  onEnter(input, check);
  input.addEventListener('input', () => {
    delete step.dataset.verdict;
    step.querySelector('output').replaceChildren();
  });
  grant(step, check);
  recall(key).then((kept) => {
    if (!kept || input.value) return;
    input.value = kept;
    check();
  });
}

export function startSteps() {
  all('.lc-step').forEach(prepare);
}
