// The marks of a mock exam: the whole, each skill, each question with its diagnosis and solution, what to read; and
// how the results have changed from exam to exam.
import { button, element, svgElement } from '../dom.mjs';
import { saveAs } from '../save.mjs';
import { say } from '../words.mjs';
import { chapterOf, inGroups, percent, skillWords } from './bank.mjs';
import { sentence, verdictOf } from './card.mjs';
import { solutionOf } from './solution.mjs';
import { bar } from './standing.mjs';
import { toldBlocks } from './told.mjs';

const SIGNS = { right: '✓', partly: '½', wrong: '✗' };

const dayOf = (time) => new Intl.DateTimeFormat('en-CA', { dateStyle: 'short' }).format(new Date(time));
const points = (number) => String(Math.round(100 * number) / 100);

// ---- marking ----------------------------------------------------------------------------------------------------

async function markedQuestion(posed, given, factor, ask) {
  const marked = await ask('mark', posed.state, given, factor);
  const solved = await ask('solve', posed.state);
  return { posed, given, marks: marked.fields, share: marked.share, solved };
}

export function bySkill(questions) {
  const found = new Map();
  for (const { posed, share } of questions) {
    for (const skill of posed.skills) {
      const sum = found.get(skill) ?? { skill, earned: 0, of: 0 };
      found.set(skill, { skill, earned: sum.earned + share, of: sum.of + 1 });
    }
  }
  return [...found.values()].sort((a, b) => a.earned / a.of - b.earned / b.of);
}

export async function markedResult({ exam, questions, kept, ends }, ask) {
  const marked = [];
  for (const [place, posed] of questions.entries()) marked.push(await markedQuestion(posed, kept.answers[place], exam.factor, ask));
  const earned = marked.reduce((sum, { share }) => sum + share, 0);
  const ended = Math.min(Date.now(), ends);
  return { title: exam.title, exam: exam.id, began: kept.began, ended, earned, of: marked.length, skills: bySkill(marked), questions: marked };
}

// ---- showing ----------------------------------------------------------------------------------------------------

function skillsTable(skills) {
  const rows = skills.map(({ skill, earned, of }) => element('tr', {},
    element('th', { scope: 'row' }, skillWords(skill)), element('td', {}, bar(earned / of)),
    element('td.lc-n', {}, say('{earned} of {all}', { earned: points(earned), all: of })), element('td.lc-n', {}, percent(earned / of))));
  const head = element('tr', {}, ...[say('Skill'), '', say('Points'), say('Share')].map((words, place) =>
    element(place > 1 ? 'th.lc-n' : words ? 'th' : 'td', words ? { scope: 'col' } : {}, words)));
  return element('table.lc-table.lc-skills', {}, element('caption', {}, say('Marks by skill, the weakest first; a question counts for each skill that it trains.')),
    element('thead', {}, head), element('tbody', {}, ...rows));
}

function inWords(posed, name, answer) {
  const { options } = posed.fields.find(({ id }) => id === name);
  if (!options.length) return inGroups(answer.trim());
  const words = answer.split(',').map((id) => options.find((option) => option.id === id.trim())?.words);
  return words.every(Boolean) ? words.join(', ') : answer;
}

function given({ posed, given: typed }) {
  const said = posed.fields.map(({ id }) => (typed[id]?.trim() ? inWords(posed, id, typed[id]) : say('nothing')));
  return element('p.lc-given', {}, say('You answered: {answers}', { answers: said.join('; ') }));
}

// What is handed in is not asked for again: no "not yet", and what could not be read is wrong.
const final = (mark) => ({ ...mark, said: mark.message, id: verdictOf(mark) === 'unclear' ? 'unanswered' : mark.id });

function question(one, place) {
  const verdict = one.share === 1 ? 'right' : one.share > 0 ? 'partly' : 'wrong';
  const title = say('Question {place}: {points}', { place: place + 1, points: verdict === 'right' ? say('right') : verdict === 'partly' ? say('partly right') : say('not right') });
  const sign = element('span.lc-sign', { 'aria-hidden': 'true' }, SIGNS[verdict]);
  const marks = one.marks.map((mark, index) => sentence(one.posed, index, final(mark)));
  const answers = Object.entries(one.solved.answers).map(([name, answer]) => inWords(one.posed, name, answer));
  return element('details.lc-marked', { 'data-verdict': verdict, open: verdict !== 'right' },
    element('summary', {}, sign, ' ', title),
    element('div.lc-told', {}, ...toldBlocks(one.posed.told)), given(one), ...(verdict === 'right' ? [] : marks),
    element('p.lc-right-answer', {}, say('Right: {answers}', { answers: answers.join('; ') })), solutionOf(one.solved));
}

function reading(skills) {
  const weak = skills.filter(({ earned, of }) => earned < of);
  if (!weak.length) return [];
  const items = weak.map(({ skill }) => element('li', {}, element('a', { href: chapterOf(skill) }, skillWords(skill))));
  return [element('h3', {}, say('What to read')), element('ul.lc-to-read', {}, ...items)];
}

const STYLE = 'body{font:16px/1.5 serif;max-width:40rem;margin:2rem auto;padding:0 1rem}table{border-collapse:collapse}td,th{padding:.2rem .6rem;text-align:left}caption{text-align:left}.lc-fraction{display:inline-flex;flex-direction:column;vertical-align:middle;text-align:center}.lc-fraction>:first-child{border-bottom:1px solid}.lc-actions,.lc-mastery-bar{display:none}';

function saved(result, shown) {
  const page = `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${result.title}</title><style>${STYLE}</style><body>${shown.outerHTML}</body></html>`;
  saveAs(`mock-exam-${dayOf(result.ended)}.html`, page, 'text/html');
}

export function showResult(result, { onDone }) {
  const { title, earned, of, began, ended, skills, questions } = result;
  const minutes = Math.max(1, Math.round((ended - began) / 60_000));
  const shown = element('section.lc-result', {},
    element('h2', { tabindex: '-1' }, say('{title}: {earned} of {all} points', { title, earned: points(earned), all: of })),
    element('p.lc-facts', {}, say('{share}, on {day}, in {minutes} min.', { share: percent(earned / of), day: dayOf(ended), minutes })));
  shown.append(element('p.lc-actions', {}, button(say('Save as a file'), () => saved(result, shown)), button(say('Print'), () => print()),
    button(say('Back to the exams'), onDone)), skillsTable(skills), ...reading(skills), element('h3', {}, say('Question by question')), ...questions.map(question));
  return shown;
}

// ---- from exam to exam --------------------------------------------------------------------------------------------

const WIDTH = 120;
const HEIGHT = 28;

function line(shares) {
  const at = (place) => 4 + (place * (WIDTH - 8)) / Math.max(1, shares.length - 1);
  const up = (share) => HEIGHT - 4 - share * (HEIGHT - 8);
  const spots = shares.map((share, place) => [at(place), up(share)]);
  return svgElement('svg', { class: 'lc-trend', viewBox: `0 0 ${WIDTH} ${HEIGHT}`, 'aria-hidden': 'true' },
    svgElement('polyline', { points: spots.map((spot) => spot.join(',')).join(' ') }),
    ...spots.map(([cx, cy]) => svgElement('circle', { cx, cy, r: 2.5 })));
}

export function trends(results) {
  const found = new Map();
  for (const { skills } of results) {
    for (const { skill, earned, of } of skills) found.set(skill, [...(found.get(skill) ?? []), earned / of]);
  }
  return [...found].filter(([, shares]) => shares.length > 1);
}

function trendList(results) {
  const rows = trends(results).map(([skill, shares]) => element('li', {},
    element('span', {}, skillWords(skill)), line(shares), element('span.lc-trend-words', {}, shares.slice(-6).map(percent).join(' → '))));
  return rows.length ? [element('h3', {}, say('From exam to exam')), element('ul.lc-trends', {}, ...rows)] : [];
}

export function earlierResults(results, onShow) {
  if (!results.length) return [];
  const rows = [...results].reverse().map((result) => element('li', {},
    button(say('{title}, {day}: {earned} of {all}', { title: result.title, day: dayOf(result.ended), earned: points(result.earned), all: result.of }), () => onShow(result))));
  return [element('h2', {}, say('Earlier results')), element('ul.lc-results', {}, ...rows), ...trendList(results)];
}
