// A question's words as they are told: paragraphs, lists and a table, of which each is a block of lines, and code
// between backticks.
import { element } from '../dom.mjs';
import { say } from '../words.mjs';

export function withCode(text) {
  return text.split('`').map((part, place) => (place % 2 ? element('code.literal', {}, part) : part));
}

const ITEM = /^(?:-|\d+\.) /;

function list(lines) {
  const items = lines.map((line) => element('li', {}, ...withCode(line.replace(ITEM, ''))));
  return element(lines[0].startsWith('- ') ? 'ul' : 'ol', {}, ...items);
}

const cellsOf = (line) => line.replace(/^\||\|$/g, '').split('|').map((cell) => cell.trim());

function row(line, sides, what) {
  return element('tr', {}, ...cellsOf(line).map((cell, place) => {
    const scope = what === 'th' ? { scope: 'col' } : {};
    const tag = what === 'th' && !cell ? 'td' : what;
    return element(sides[place] ? `${tag}.lc-n` : tag, tag === 'th' ? scope : {}, ...withCode(cell));
  }));
}

function table([head, line, ...rows]) {
  const sides = cellsOf(line).map((cell) => cell.endsWith(':'));
  const made = element('table.lc-table', {}, element('thead', {}, row(head, sides, 'th')), element('tbody', {}, ...rows.map((one) => row(one, sides, 'td'))));
  return element('div.lc-scroll', { tabindex: '0', role: 'group', 'aria-label': say('Table') }, made);
}

function block(text) {
  const lines = text.split('\n');
  if (lines.every((line) => line.startsWith('|'))) return table(lines);
  return lines.every((line) => ITEM.test(line)) ? list(lines) : element('p', {}, ...withCode(text));
}

export const toldBlocks = (text) => text.trim().split(/\n{2,}/).map(block);
