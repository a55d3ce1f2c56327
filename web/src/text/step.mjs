// A step left out of an example: the reader fills it in and checks. Malformed is not wrong; a wrong number that a
// known mistake gives gets that mistake's sentence.
import { all, element, pageKey } from '../dom.mjs';
import { EXPECTED, formatNumber, parseNumber } from '../numbers.mjs';
import { recall, remember, siteRoot } from '../store.mjs';

const SIGNS = { right: '✓', wrong: '✗', unclear: '?' };

function hint(given, answer) {
  const factor = given / answer;
  if (!(factor > 0)) return 'Not yet.';
  if (factor >= 100) return 'Not yet: that is more than a hundred times too large.';
  if (factor >= 10) return 'Not yet: that is more than ten times too large.';
  if (factor <= 0.01) return 'Not yet: that is less than a hundredth of it.';
  if (factor <= 0.1) return 'Not yet: that is less than a tenth of it.';
  return `Not yet: the right order of magnitude, but ${factor > 1 ? 'too large' : 'too small'}.`;
}

export function judge(text, answer, diagnoses) {
  const given = parseNumber(text);
  if (given === null) return { verdict: 'unclear', words: `Please give ${EXPECTED}.` };
  if (given === answer) return { verdict: 'right', words: `Right: ${formatNumber(answer)}.` };
  const known = diagnoses.find((diagnosis) => parseNumber(diagnosis.answer) === given);
  return { verdict: 'wrong', words: known ? known.text : hint(given, answer), id: known?.id };
}

function show(step, { verdict, words }) {
  const output = step.querySelector('output');
  const sign = element('span.lc-sign', { 'aria-hidden': 'true' }, SIGNS[verdict]);
  output.replaceChildren(sign, ` ${words}`);
  step.dataset.verdict = verdict;
  step.querySelector('input').setAttribute('aria-invalid', String(verdict === 'unclear'));
}

function prepare(step, index) {
  const answer = parseNumber(step.dataset.answer);
  const diagnoses = JSON.parse(step.dataset.diagnoses || '[]');
  const key = `step:${pageKey(siteRoot)}:${step.dataset.id ?? index}`;
  const input = step.querySelector('input');
  const check = () => {
    const result = judge(input.value, answer, diagnoses);
    show(step, result);
    if (result.verdict === 'right') remember(key, input.value);
  };
  step.querySelector('.lc-check').addEventListener('click', check);
  input.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter') return;
    event.preventDefault();
    check();
  });
  input.addEventListener('input', () => {
    delete step.dataset.verdict;
    step.querySelector('output').replaceChildren();
  });
  recall(key).then((kept) => {
    if (!kept || input.value) return;
    input.value = kept;
    check();
  });
}

export function startSteps() {
  all('.lc-step').forEach(prepare);
}
