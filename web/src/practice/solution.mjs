// A worked solution: words, and formulas that Python has written as HTML.
import { element } from '../dom.mjs';
import { say } from '../words.mjs';
import { withCode } from './told.mjs';

function lineOf({ words, html, unit }) {
  const said = words ? [element('span.lc-solution-words', {}, ...withCode(words)), ' '] : [];
  const formula = element('span');
  formula.innerHTML = html; // of layercost.expression, which escapes what it writes
  return element('p.lc-solution-line', {}, ...said, formula, ...(unit ? [' ', element('span.lc-unit', {}, unit)] : []));
}

export const solutionOf = ({ lines }) =>
  element('div.lc-solution', {}, element('p.lc-solution-title', {}, say('Worked solution')), ...lines.map(lineOf));
