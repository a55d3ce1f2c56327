// The controls of an explorer that carry state: those with a class lc-name-<field>.
import { all } from '../dom.mjs';
import { approximately } from '../grammar/rational.mjs';
import { formatNumber } from '../numbers.mjs';
import { readNumber } from '../reading.mjs';
import { say } from '../words.mjs';
import { isSketch, readSketch } from './drawing.mjs';

const NAMED = /^lc-name-(.+)$/;

const classesOf = (model) => model.get('_dom_classes') ?? [];

export const fieldOf = (model) => classesOf(model).map((name) => name.match(NAMED)?.[1]).find(Boolean);

export const explorerIdOf = (model) =>
  classesOf(model).map((name) => name.match(/^lc-explorer-(.+)$/)?.[1]).find(Boolean) ?? '';

// All models in the tree under a box, the box included.
export async function modelsUnder(model) {
  const children = await Promise.all((model.get('children') ?? []).map((child) => child));
  return [model, ...(await Promise.all(children.map(modelsUnder))).flat()];
}

export const isChoice = (model) => model.has('_options_labels');
const attribute = (model) => (isChoice(model) ? 'index' : 'value');

export const changeEvent = (model) => `change:${attribute(model)}`;
export const readRaw = (model) => model.get(attribute(model));

// ipywidgets cuts a value down to the bound that it knows; one that follows other fields is set right by Python.
export function writeRaw(model, value) {
  if (model.get('max') < value) model.set('max', value);
  model.set(attribute(model), value);
  model.save_changes();
}

// As the address says it: a number, true or false, or an option's label.
export function toText(model, raw = readRaw(model)) {
  return isChoice(model) ? String(model.get('_options_labels')[raw] ?? '') : String(raw);
}

function readChoice(model, text) {
  const labels = model.get('_options_labels');
  const index = labels.indexOf(text);
  return index >= 0 ? { raw: index } : { problem: say('one of {labels}', { labels: labels.join(', ') }) };
}

function readSize(model, text) {
  const whole = /Int/.test(model.get('_model_name'));
  const read = readNumber(text, '', { whole });
  const value = read.problem ? NaN : approximately(read.value);
  const follows = classesOf(model).includes('lc-follows'); // its bound moves with other controls: Python knows it
  const [low, high] = [model.get('min') ?? -Infinity, follows ? Infinity : (model.get('max') ?? Infinity)];
  if (value >= low && value <= high) return { raw: value };
  const ends = { low: formatNumber(low), high: formatNumber(high) };
  return { problem: whole ? say('a whole number from {low} to {high}', ends) : say('a number from {low} to {high}', ends) };
}

// {raw} that the control can take, or {problem}: what would have been expected.
export function fromText(model, text) {
  if (isChoice(model)) return readChoice(model, text);
  if (typeof model.get('value') === 'boolean') {
    return ['true', 'false'].includes(text) ? { raw: text === 'true' } : { problem: say('true or false') };
  }
  if (typeof model.get('value') === 'number') return readSize(model, text);
  if (isSketch(model)) return readSketch(text);
  return { problem: say('nothing: this control is not read from the address') };
}

// ---- names for those who do not see the label -------------------------------------------------------------------

function nameButtons(view, label) {
  const group = view.querySelector(':scope > div') ?? view;
  group.setAttribute('role', 'group');
  group.setAttribute('aria-label', label);
}

const pressed = (view) => all('.jupyter-button.widget-toggle-button', view)
  .forEach((button) => button.setAttribute('aria-pressed', String(button.classList.contains('mod-active'))));

export function giveNames(root) {
  for (const view of all('.widget-toggle-buttons, .widget-radio, .widget-text, .widget-dropdown', root)) {
    const label = view.querySelector('.widget-label')?.textContent.trim();
    if (!label) continue;
    if (view.matches('.widget-toggle-buttons, .widget-radio')) nameButtons(view, label);
    else view.querySelector('input, select')?.setAttribute('aria-label', label);
  }
  for (const group of all('.widget-toggle-buttons', root)) {
    pressed(group);
    new MutationObserver(() => pressed(group)).observe(group, { subtree: true, attributeFilter: ['class'] });
  }
}
