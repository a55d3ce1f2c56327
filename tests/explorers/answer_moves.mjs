// Moves an explorer's controls without Python, as its page does: node answer_moves.mjs <url of answer.mjs>
// Input: {data: the data for the page, rows: how many lines are in sight, moves: [settings, ...]}.
// Output: for each move null where only Python knows, {refused: HTML} where it cannot be built, else {lines: what the copy buttons give, totals, said, own:
// the texts of places that are no such lines}.
import { readFileSync } from 'node:fs';

globalThis.document = { getElementById: () => null }; // no catalogue: English

const { Answers } = await import(process.argv[2]);
const { data, rows, moves } = JSON.parse(readFileSync(0, 'utf8'));

function row() {
  const total = { matches: () => true, textContent: '' };
  const formula = { querySelectorAll: () => [], lastElementChild: total };
  const parts = {
    '.lc-sub-line': { dataset: {}, innerHTML: '', querySelector: () => formula },
    '.lc-sub-name': { textContent: '' },
    '.lc-copy': { setAttribute: (_name, value) => { parts.copied = value; } },
  };
  return { parts, total, innerHTML: '', querySelector: (selector) => parts[selector] };
}

// The first word of what a line equals that was written as one text.
const textTotal = ({ parts }) => parts['.lc-sub-line'].innerHTML.split('= ').at(-1).replace(/<.*?>/g, '').split(' ')[0];

function moved(settings) {
  const lines = Array.from({ length: rows }, row);
  const said = { textContent: '' };
  const message = { innerHTML: '', querySelector: () => null };
  const place = (selector) => (selector.startsWith('.lc-said') ? said : selector.startsWith('.lc-message') ? message : null);
  const one = { 'script.lc-compiled-data': { textContent: data } };
  const root = { querySelector: (selector) => one[selector] ?? place(selector), querySelectorAll: () => lines };
  if (!new Answers(root).fill(settings)) return message.innerHTML ? { refused: message.innerHTML } : null;
  const copied = lines.filter((line) => line.parts.copied !== undefined);
  return {
    lines: copied.map((line) => line.parts.copied),
    totals: copied.map((line) => line.total.textContent || textTotal(line)),
    said: said.textContent,
    own: lines.map((line) => line.innerHTML).filter(Boolean),
  };
}

process.stdout.write(JSON.stringify(moves.map(moved)));
