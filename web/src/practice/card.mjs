// A question on the page: its words, its fields, and what its answers showed.
import { all, element, freshId } from '../dom.mjs';
import { say } from '../words.mjs';
import { toldBlocks, withCode } from './told.mjs';

const SIGNS = { right: '✓', partly: '½', wrong: '✗', unclear: '?' };

export const verdictOf = (mark) =>
  mark.id === 'malformed' ? 'unclear' : mark.right ? 'right' : mark.credit > 0 ? 'partly' : 'wrong';

export class Card {
  constructor(posed, { typed = {}, onChange = () => {} } = {}) {
    this.posed = posed;
    this.told = element('div.lc-told', { id: freshId('told') }, ...toldBlocks(posed.told));
    this.fields = posed.fields.map((field) => FIELDS[field.form](field, this.told.id, posed.fields.length === 1));
    this.fields.forEach((field, place) => {
      const kept = typed[posed.fields[place].id];
      if (kept !== undefined) field.set(kept);
      field.element.addEventListener('input', onChange);
    });
    this.element = element('div.lc-question', {}, this.told, ...this.fields.map((field) => field.element));
    this.element.dataset.id = posed.id;
    this.element.dataset.state = JSON.stringify(posed.state);
  }

  answers = () => Object.fromEntries(this.fields.map((field, place) => [this.posed.fields[place].id, field.get()]));

  // The question comes into sight with its field, which a browser alone would put into the middle. One that is longer
  // than the window is shown from its beginning.
  focus() {
    this.fields[0].first().focus({ preventScroll: true });
    const form = this.element.closest('form');
    const { scrollMarginTop, scrollMarginBottom } = getComputedStyle(form);
    const { scrollPaddingTop } = getComputedStyle(document.documentElement);
    const free = [scrollMarginTop, scrollMarginBottom, scrollPaddingTop].reduce((sum, one) => sum + (parseFloat(one) || 0), 0);
    form.scrollIntoView({ block: form.offsetHeight + free <= innerHeight ? 'nearest' : 'start' });
  }

  // The first field that could not be read, or the first of all.
  focusUnclear() {
    (this.fields.find((field) => field.element.dataset.verdict === 'unclear') ?? this.fields[0]).first().focus();
  }

  // Each field wears its verdict; the sentences are for a place that is read aloud.
  show(marks) {
    this.fields.forEach((field, place) => {
      const verdict = verdictOf(marks[place]);
      field.element.dataset.verdict = verdict;
      all('input', field.element).forEach((input) => input.setAttribute('aria-invalid', String(verdict === 'unclear')));
    });
    return marks.map((mark, place) => sentence(this.posed, place, mark));
  }

  unmark() {
    this.fields.forEach((field) => { delete field.element.dataset.verdict; });
  }

  freeze() {
    all('input, button', this.element).forEach((control) => { control.disabled = true; });
  }
}

// One mark as a sentence with its sign, and what is asked for before it where there are several.
export function sentence(posed, place, mark) {
  const verdict = verdictOf(mark);
  const asked = posed.fields.length > 1 ? [element('b', {}, ...withCode(posed.fields[place].words)), ' '] : [];
  const credit = verdict === 'partly' ? ` ${say('This earns {percent} % of the points.', { percent: Math.round(100 * mark.credit) })}` : '';
  const words = mark.said ?? (verdict === 'wrong' || verdict === 'partly' ? say('Not yet. {why}', { why: mark.message }) : mark.message);
  const sign = element('span.lc-sign', { 'aria-hidden': 'true' }, SIGNS[verdict]);
  return element('p.lc-mark', { 'data-verdict': verdict }, sign, ' ', ...asked, ...withCode(words), credit);
}

// ---- fields: {element, get, set, first} -------------------------------------------------------------------------

function typedField(field, toldId, alone) {
  const id = freshId('field');
  const input = element('input', { id, type: 'text', autocomplete: 'off', autocapitalize: 'off', spellcheck: 'false', enterkeyhint: 'go' });
  if (alone) input.setAttribute('aria-describedby', toldId);
  const words = alone || !field.words ? say('Your answer') : field.words;
  const label = element('label', { for: id }, ...withCode(words));
  const unit = field.unit ? [element('span.lc-unit', {}, field.unit)] : [];
  return {
    element: element('div.lc-answer-field', {}, label, element('span.lc-typed-answer', {}, input, ' ', ...unit)),
    get: () => input.value,
    set: (text) => { input.value = text; },
    first: () => input,
  };
}

function choiceField(field, toldId, alone) {
  const name = freshId('choice');
  const options = field.options.map((option) => {
    const input = element('input', { type: 'radio', name, value: option.id, id: freshId('option') });
    return element('div.lc-option', {}, input, element('label', { for: input.id }, ...withCode(option.words)));
  });
  const words = alone && !field.words ? say('Your answer') : field.words;
  const box = element('fieldset.lc-answer-field', {}, element('legend', {}, ...withCode(words)), ...options);
  if (alone) box.setAttribute('aria-describedby', toldId);
  return {
    element: box,
    get: () => box.querySelector('input:checked')?.value ?? '',
    set: (id) => all('input', box).forEach((input) => { input.checked = input.value === id; }),
    first: () => box.querySelector('input:checked') ?? box.querySelector('input'),
  };
}

// An order is made with two buttons beside each item, which keep the focus as the item moves.
function orderField(field, toldId, alone) {
  const list = element('ol.lc-order');
  const items = new Map(field.options.map((option) => [option.id, orderItem(option, list)]));
  list.append(...items.values());
  const words = alone && !field.words ? say('Your order, from the first to the last') : field.words;
  const box = element('fieldset.lc-answer-field', {}, element('legend', {}, ...withCode(words)), list);
  if (alone) box.setAttribute('aria-describedby', toldId);
  return {
    element: box,
    get: () => all('li', list).map((item) => item.dataset.id).join(', '),
    set: (ids) => ids.split(',').forEach((id) => items.has(id.trim()) && list.append(items.get(id.trim()))),
    first: () => list.querySelector('button'),
  };
}

function orderItem({ id, words }, list) {
  const item = element('li', { 'data-id': id });
  const moves = [
    ['↑', say('Move up: {what}', { what: words }), () => item.previousElementSibling?.before(item)],
    ['↓', say('Move down: {what}', { what: words }), () => item.nextElementSibling?.after(item)],
  ].map(([sign, label, move]) => {
    const button = element('button', { type: 'button', 'aria-label': label }, sign);
    button.addEventListener('click', () => {
      move();
      button.focus();
      list.dispatchEvent(new Event('input', { bubbles: true }));
    });
    return button;
  });
  const name = id.length === 1 ? `${id}: ` : ''; // as the question lists it
  item.append(element('span', {}, name, ...withCode(words)), element('span.lc-moves', {}, ...moves));
  return item;
}

const FIELDS = { number: typedField, shape: typedField, choice: choiceField, order: orderField };
