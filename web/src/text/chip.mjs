// A count in the prose with its convention: 833,040 [FLOPs · textbook]. A touch on the chip says what is counted,
// and lets the reader choose another convention; every count on the page follows, and the choice is remembered.
import { all, element, freshId } from '../dom.mjs';
import { recall, remember } from '../store.mjs';

const KEY = 'convention';

let panel = null; // the one open popover: {box, count}

const parse = (text) => (text ? JSON.parse(text) : {});

function facts(count) {
  const { values, notes, units, convention } = count.dataset;
  return { values: parse(values), notes: parse(notes), units: parse(units), convention };
}

const counts = () => all('.lc-count[data-values]');

// What this count shows under a convention: its own default where it has no value under the wished one.
function shownUnder(count, wished) {
  const { values, convention } = facts(count);
  return values[wished] != null ? wished : convention;
}

function apply(count, wished) {
  const { values, units } = facts(count);
  const name = shownUnder(count, wished);
  count.dataset.shown = name;
  const number = count.querySelector('.lc-number');
  const chip = count.querySelector('.lc-chip');
  number.textContent = values[name];
  const unit = units[name] ?? (chip.textContent.includes('·') ? chip.textContent.split('·')[0].trim() : '');
  chip.textContent = unit ? `${unit} · ${name}` : name;
  count.classList.toggle('lc-count-other', name !== facts(count).convention);
}

function applyEverywhere(wished) {
  counts().forEach((count) => apply(count, wished));
}

function choice(name, count, group) {
  const { values, units } = facts(count);
  const id = freshId('lc-convention');
  const impossible = values[name] == null;
  const radio = element('input', { type: 'radio', name: group, value: name, id });
  radio.checked = count.dataset.shown === name;
  radio.disabled = impossible;
  const value = impossible ? 'not defined here' : `${values[name]}${units[name] ? ` ${units[name]}` : ''}`;
  const label = element('label', { for: id }, element('b', {}, name), element('span.lc-n', {}, value));
  return element('div.lc-choice', {}, radio, label);
}

function note(count) {
  const { notes } = facts(count);
  return notes[count.dataset.shown] ?? '';
}

function buildPanel(count) {
  const { values } = facts(count);
  const group = freshId('lc-conventions');
  const explanation = element('p.lc-note', { 'aria-live': 'polite' }, note(count));
  const legend = element('legend', {}, 'Counted how?');
  const set = element('fieldset', {}, legend, ...Object.keys(values).map((name) => choice(name, count, group)));
  set.addEventListener('change', ({ target }) => {
    applyEverywhere(target.value);
    remember(KEY, target.value);
    explanation.textContent = note(count);
  });
  const close = element('button.lc-close', { type: 'button', 'aria-label': 'Close' }, '×');
  close.addEventListener('click', closePanel);
  const follow = element('p.lc-small', {}, 'Every number with such a label follows your choice.');
  return element('div.lc-popover', { role: 'dialog', 'aria-label': 'What this number counts' }, close, set, explanation, follow);
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
  const count = target.closest?.('.lc-chip')?.closest('.lc-count[data-values]');
  if (!count) return;
  const same = panel?.count === count;
  closePanel();
  if (!same) openPanel(count);
}

export async function startChips() {
  if (!counts().length) return;
  for (const count of counts()) {
    count.dataset.shown = count.dataset.convention;
    count.querySelector('.lc-chip').setAttribute('aria-expanded', 'false');
    count.querySelector('.lc-chip').setAttribute('aria-haspopup', 'dialog');
  }
  document.addEventListener('click', onClick);
  document.addEventListener('keydown', ({ key }) => key === 'Escape' && closePanel());
  const wished = await recall(KEY);
  if (wished) applyEverywhere(wished);
}
