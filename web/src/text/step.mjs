// A step left out of an example: the reader fills it in and checks (verdict.mjs).
import { all, element, pageKey } from '../dom.mjs';
import { recall, remember, siteRoot } from '../store.mjs';
import { grant, onEnter } from './question.mjs';
import { exact, judge } from './verdict.mjs';

const SIGNS = { right: '✓', wrong: '✗', unclear: '?' };

function show(step, { verdict, words }) {
  const output = step.querySelector('output');
  const sign = element('span.lc-sign', { 'aria-hidden': 'true' }, SIGNS[verdict]);
  output.replaceChildren(sign, ` ${words}`);
  step.dataset.verdict = verdict;
  step.querySelector('input').setAttribute('aria-invalid', String(verdict === 'unclear'));
}

function prepare(step) {
  const answer = exact(step.dataset.answer);
  const diagnoses = JSON.parse(step.dataset.diagnoses || '[]');
  const key = `step:${pageKey(siteRoot)}:${step.dataset.id}`;
  const input = step.querySelector('input');
  const check = () => {
    const result = judge(input.value, answer, diagnoses, step.dataset.unit);
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
