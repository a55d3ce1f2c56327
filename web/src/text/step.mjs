// A step left out of an example: the reader fills it in and checks (verdict.mjs).
import { all, element, pageKey } from '../dom.mjs';
import { forget, recall, remember, siteRoot } from '../store.mjs';
import { grant, onEnter } from './question.mjs';
import { say } from '../words.mjs';
import { exact, judge } from './verdict.mjs';

const NOT_CLOSER = new Set(['unknown', 'right-magnitude', 'nearly', 'malformed']);
const SIGNS = { right: '✓', wrong: '✗', unclear: '?' };

function show(step, { verdict, words }) {
  const output = step.querySelector('output');
  const sign = element('span.lc-sign', { 'aria-hidden': 'true' }, SIGNS[verdict]);
  output.replaceChildren(sign, ` ${words}`);
  step.dataset.verdict = verdict;
  step.querySelector('input').setAttribute('aria-invalid', String(verdict === 'unclear'));
}

// A wrong number without a name: where Python runs already, it knows more than what the book left on the page.
async function lookCloser(step, text) {
  if (!step.dataset.task || document.documentElement.dataset.lcPython !== 'live') return;
  const { ask } = await import('../python/running.mjs');
  const { id, message } = await ask('judge', JSON.parse(step.dataset.task), text);
  if (NOT_CLOSER.has(id)) return;
  if (step.dataset.verdict === 'wrong' && step.querySelector('input').value === text) {
    show(step, { verdict: 'wrong', words: say('Not yet. {why}', { why: message }) });
  }
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
    else if (result.verdict === 'wrong' && !result.id) lookCloser(step, input.value);
  };
  step.querySelector('.lc-check').addEventListener('click', check);
  onEnter(input, check);
  input.addEventListener('input', () => {
    delete step.dataset.verdict;
    step.querySelector('output').replaceChildren();
    if (!input.value) forget(key);
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
