// A count in the prose with its convention: 833,040 [FLOPs · textbook]. A touch on the chip says what is counted.
// A count that follows offers the other conventions, for the whole page; a pinned one stays, and says why.
import { chooseConvention, shownConvention } from '../convention.mjs';
import { all, element, freshId } from '../dom.mjs';
import { say } from '../words.mjs';

const FOLLOWS = '.lc-count[data-values]';

let panel = null; // the one open popover: {box, count}

const parse = (text) => (text ? JSON.parse(text) : {});
const follows = (count) => count.matches(FOLLOWS);
const note = (count) => (follows(count) ? parse(count.dataset.notes)[count.dataset.shown] : count.dataset.note) ?? '';

function apply(count, wished) {
  const [values, units] = [parse(count.dataset.values), parse(count.dataset.units)];
  const name = wished in values ? wished : count.dataset.convention;
  count.dataset.shown = name;
  count.querySelector('.lc-number').textContent = values[name];
  count.querySelector('.lc-chip-unit').textContent = units[name];
  count.querySelector('.lc-chip-by').textContent = name;
  count.classList.toggle('lc-count-other', name !== count.dataset.convention);
}

function applyEverywhere() {
  all(FOLLOWS).forEach((count) => apply(count, shownConvention()));
  if (!panel) return;
  panel.box.querySelector('.lc-note').textContent = note(panel.count);
  for (const radio of all('input', panel.box)) radio.checked = radio.value === panel.count.dataset.shown;
}

function choice(name, count, group) {
  const [values, units] = [parse(count.dataset.values), parse(count.dataset.units)];
  const id = freshId('lc-convention');
  const radio = element('input', { type: 'radio', name: group, value: name, id });
  radio.checked = count.dataset.shown === name;
  const value = `${values[name]} ${units[name]}`;
  const label = element('label', { for: id }, element('b', {}, name), element('span.lc-n', {}, value));
  return element('div.lc-choice', {}, radio, label);
}

function choices(count) {
  const group = freshId('lc-conventions');
  const names = Object.keys(parse(count.dataset.values));
  const legend = element('legend', {}, say('Counted how?'));
  const set = element('fieldset', {}, legend, ...names.map((name) => choice(name, count, group)));
  set.addEventListener('change', ({ target }) => chooseConvention(target.value));
  return set;
}

function buildPanel(count) {
  const close = element('button.lc-close', { type: 'button', 'aria-label': say('Close') }, '×');
  close.addEventListener('click', closePanel);
  const explanation = element('p.lc-note', { 'aria-live': 'polite' }, note(count));
  const name = count.dataset.convention;
  const why = follows(count)
    ? say('Every number, formula, table and picture with such a label follows your choice.')
    : say('This number stays: its sentence is about “{name}”.', { name });
  const chip = count.querySelector('.lc-chip').textContent.trim();
  const title = follows(count) ? choices(count) : element('p.lc-title', {}, chip);
  const parts = [close, title, explanation, element('p.lc-small', {}, why)];
  return element('div.lc-popover', { role: 'dialog', 'aria-label': say('What this number counts') }, ...parts);
}

// Under the chip, inside the window; absolutely placed in the body so that no parent clips it.
function place(box, chip) {
  const { left, bottom } = chip.getBoundingClientRect();
  const room = document.documentElement.clientWidth - box.offsetWidth - 8;
  box.style.left = `${Math.max(8, Math.min(left, room)) + scrollX}px`;
  box.style.top = `${bottom + scrollY + 6}px`;
}

function closePanel() {
  if (!panel) return;
  const chip = panel.count.querySelector('.lc-chip');
  const hadFocus = panel.box.contains(document.activeElement);
  panel.box.remove();
  chip.setAttribute('aria-expanded', 'false');
  panel = null;
  if (hadFocus) chip.focus();
}

function openPanel(count) {
  const chip = count.querySelector('.lc-chip');
  const box = buildPanel(count);
  document.body.append(box);
  place(box, chip);
  chip.setAttribute('aria-expanded', 'true');
  panel = { box, count };
  (box.querySelector('input:checked') ?? box.querySelector('button')).focus();
}

function onClick({ target }) {
  if (panel && !panel.box.contains(target) && !panel.count.contains(target)) closePanel();
  const count = target.closest?.('.lc-chip')?.closest('.lc-count');
  if (!count) return;
  const same = panel?.count === count;
  closePanel();
  if (!same) openPanel(count);
}

export function startChips() {
  const counts = all('.lc-count');
  if (!counts.length) return;
  for (const count of counts) {
    count.dataset.shown = count.dataset.convention;
    count.querySelector('.lc-chip').setAttribute('aria-expanded', 'false');
    count.querySelector('.lc-chip').setAttribute('aria-haspopup', 'dialog');
  }
  document.addEventListener('click', onClick);
  document.addEventListener('keydown', ({ key }) => key === 'Escape' && closePanel());
  document.addEventListener('lc-convention', applyEverywhere);
  applyEverywhere();
}
