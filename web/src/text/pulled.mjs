// Numbers in sentences that the reader pulls (web/sphinx/course_pulled.py): drag them, step them with the keys, or
// type them; the sentence, its formulas and its figures follow within a frame, computed on the page.
import { all, element } from '../dom.mjs';
import { compute, fillLine, fillText, grouped, valuesOf } from '../live/compiled.mjs';
import { readTyped } from '../numbers.mjs';
import { say } from '../words.mjs';

const CLICK = 4; // px: less is a touch, which opens a field to type in
const DOUBLED_AFTER = 90; // px of a drag over a wide range
const WIDE = 60; // a range is wide if its ends are so many times apart: then a drag multiplies
const STEP_AFTER = 6; // px of a drag over a narrow range
const LARGE_STEP = 10;
const LEAST_DIGITS = 5; // so many fit into the field before it grows

// ---- what follows ---------------------------------------------------------------------------------------------

const decimal = (counted, digits) => {
  if (!digits) return grouped(counted);
  const text = String(counted).padStart(digits + 1, '0');
  return `${grouped(text.slice(0, -digits))}.${text.slice(-digits)}`;
};

class Group {
  constructor(place) {
    this.place = place;
    this.told = JSON.parse(place.querySelector('.lc-pulled-data').textContent);
    this.given = Object.fromEntries(Object.entries(this.told.pulls).map(([name, { start }]) => [name, start]));
    this.choices = Object.fromEntries(this.told.switches.map((name) => [name, true]));
    this.shownForm = this.form;
    this.says = element('p.lc-pulled-says', { role: 'status', hidden: true });
    const handles = all('.lc-pull', place);
    this.standBelow(handles[0] ?? place.lastElementChild);
    this.shows = handles.map((handle) => prepareHandle(handle, this));
    this.shows.push(...all('.lc-switch', place).map((choice) => prepareSwitch(choice, this)));
    all('.lc-preset', place).forEach((button) => preparePreset(button, this));
  }

  get form() {
    return this.told.switches.map((name) => Number(this.choices[name])).join('');
  }

  // The nearest number that can be pulled to.
  fitted(name, value) {
    const { min, max, step } = this.told.pulls[name];
    const steps = Math.round((Math.min(Math.max(value, min), max) - min) / step);
    return min + Math.min(steps, Math.floor((max - min) / step)) * step;
  }

  set(settings) {
    for (const [name, value] of Object.entries(settings)) {
      if (name in this.choices) this.choices[name] = value;
      else this.given[name] = this.fitted(name, value);
    }
    this.changed();
  }

  changed() {
    this.shows.forEach((show) => show());
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null;
      this.answer();
    });
  }

  // All numbers are computed before any is shown: where one is impossible, what stood there stays, and says so.
  answer() {
    let computed;
    try {
      computed = this.told.followers.map((forms) => this.computed(forms[this.form]));
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      this.refuse();
      return;
    }
    this.says.hidden = true;
    this.place.removeAttribute('data-stale');
    this.totals = computed.map(({ total }) => total);
    for (const shown of all('[data-follows]', this.place)) this.show(shown, JSON.parse(shown.dataset.follows), computed);
    all('.lc-area', this.place).forEach((area) => this.scale(area));
    all('.lc-bars', this.place).forEach((bars) => this.stack(bars));
    this.shownForm = this.form;
    this.place.dispatchEvent(new CustomEvent('lc-explorer-changed', { bubbles: true }));
  }

  computed(program) {
    if (!program.html) {
      const values = valuesOf(program, this.given);
      return { program, values, total: compute(program.tree, values) };
    }
    const pulled = new Map(Object.entries(this.given).map(([name, value]) => [name, BigInt(value)]));
    const letters = Object.fromEntries(
      Object.entries(program.letters).map(([name, meaning]) => [name, compute(meaning, pulled)]),
    );
    const values = valuesOf({ ...program, letters });
    return { program, values, total: compute(program.tree, values) };
  }

  refuse() {
    this.place.setAttribute('data-stale', '');
    this.tell(say('No window fits here: the numbers below the sentence are those of the last sizes that work.'));
  }

  tell(words) {
    this.says.textContent = words;
    this.says.hidden = false;
  }

  // Words stand where the eye and the finger are: below the paragraph of the number that they are about.
  standBelow(handle) {
    const block = handle.closest('p, figure') ?? handle;
    if (block.nextElementSibling !== this.says) block.after(this.says);
  }

  // What is typed is taken or refused; nothing typed changes nothing.
  take(name, text, handle) {
    if (!text.trim()) return;
    const { min, max } = this.told.pulls[name];
    const { value, problem } = readTyped(text, min, max);
    if (!problem) return this.set({ [name]: value });
    this.standBelow(handle);
    requestAnimationFrame(() => this.tell(problem)); // a place that was just moved is not yet heard
  }

  show(shown, follows, computed) {
    if (typeof follows === 'object') return showCount(shown, follows, computed);
    const { program, values, total } = computed[follows];
    if (program.html) return this.showLine(shown, program, values, total);
    numberOf(shown).textContent = decimal(total, program.digits);
  }

  showLine(shown, program, values, total) {
    if (this.form !== this.shownForm) shown.innerHTML = program.html;
    const [line, ...where] = all('.lc-line, .lc-where', shown);
    fillLine(line, values, total);
    where.forEach((part, index) => fillLine(part, values, values.get(program.definitions[index][0])));
    const copy = shown.querySelector('.lc-copy');
    if (copy) copy.dataset.copy = fillText(program.copied, values, total);
  }

  // A rectangle to scale: the stylesheet draws it from its sides.
  scale(area) {
    for (const side of ['across', 'down', 'strip']) {
      area.style.setProperty(`--lc-${side}`, String(this.totals[area.dataset[side]]));
    }
  }

  judge(verdict) {
    if (!verdict) return;
    const [judged, words] = JSON.parse(verdict.dataset.verdicts)[this.form];
    verdict.dataset.judged = judged;
    verdict.textContent = words;
  }

  // Bars of blocks on one axis; the longest fills it.
  stack(bars) {
    const rows = all('.lc-bar-row', bars).map((row) => {
      const blocks = all('[data-block]', row);
      return { row, blocks, total: blocks.reduce((sum, { dataset }) => sum + this.totals[dataset.block], 0n) };
    });
    const most = rows.reduce((largest, { total }) => (total > largest ? total : largest), 1n);
    for (const { row, blocks, total } of rows) {
      row.querySelector('.lc-bar-total').textContent = grouped(total);
      this.judge(row.querySelector('.lc-bar-verdict'));
      for (const block of blocks) {
        const value = this.totals[block.dataset.block];
        block.style.setProperty('--lc-part', String(Number((value * 1_000_000n) / most) / 1e6));
        block.toggleAttribute('data-nothing', value === 0n);
      }
    }
  }
}

const numberOf = (shown) => shown.querySelector(':scope > .lc-number') ?? shown;

// A count with a chip (chip.mjs) has a number under each convention, and shows one of them.
function showCount(shown, follows, computed) {
  const values = Object.fromEntries(Object.entries(follows).map(([name, place]) => [name, grouped(computed[place].total)]));
  shown.dataset.values = JSON.stringify(values);
  numberOf(shown).textContent = values[shown.dataset.shown ?? shown.dataset.convention];
}

// ---- what is pulled -------------------------------------------------------------------------------------------

// The number after a drag of so many px: over a wide range it multiplies, over a narrow one it steps.
export function dragged({ min, max, step }, from, px) {
  if (max <= WIDE * Math.max(min, 1)) return from + Math.trunc(px / STEP_AFTER) * step;
  return Math.max(from, 1) * 2 ** (px / DOUBLED_AFTER) + (Math.trunc(px / STEP_AFTER) * step) / 4;
}

// The number after a key, or null for a key that moves nothing.
export function stepped({ min, max, step }, from, key) {
  const steps = { ArrowUp: 1, ArrowRight: 1, ArrowDown: -1, ArrowLeft: -1, PageUp: LARGE_STEP, PageDown: -LARGE_STEP }[key];
  if (steps) return from + steps * step;
  return { Home: min, End: max }[key] ?? null;
}

function prepareHandle(handle, group) {
  const name = handle.dataset.pull;
  const range = group.told.pulls[name];
  const value = () => group.given[name];
  const set = (number) => group.set({ [name]: number });
  for (const [key, text] of Object.entries({
    role: 'slider', tabindex: 0, 'aria-label': handle.dataset.label, 'aria-valuemin': range.min, 'aria-valuemax': range.max,
    title: say('Drag, press the arrow keys, or touch to type'),
  })) handle.setAttribute(key, text);
  const show = () => {
    if (!handle.querySelector('input')) handle.textContent = grouped(value());
    handle.setAttribute('aria-valuenow', value());
    handle.setAttribute('aria-valuetext', grouped(value()));
  };
  const take = (text) => group.take(name, text, handle);
  const open = (first) => typing(handle, { show, take, value, first });
  dragging(handle, { range, value, set, open });
  handle.addEventListener('keydown', (event) => {
    if (event.target !== handle || event.ctrlKey || event.metaKey || event.altKey) return;
    const next = stepped(range, value(), event.key);
    if (next !== null) set(next);
    else if (event.key === 'Enter' || /^\d$/.test(event.key)) open(event.key);
    else return;
    event.preventDefault();
  });
  show();
  return show;
}

// The field opens on the click, the last event of a touch: the ones before it go to what stands under the finger, which
// is another element as soon as the field has moved to a line where it fits, and would take the focus away again.
function dragging(handle, { range, value, set, open }) {
  let start = null; // {x, from, moved}
  let wasDragged = false; // the click after a drag opens nothing
  handle.addEventListener('pointerdown', (event) => {
    if (event.button !== 0 || event.target !== handle) return;
    start = { x: event.clientX, from: value(), moved: false };
    wasDragged = false;
    handle.setPointerCapture(event.pointerId);
  });
  handle.addEventListener('pointermove', ({ clientX }) => {
    if (!start) return;
    start.moved ||= Math.abs(clientX - start.x) > CLICK;
    if (start.moved) set(dragged(range, start.from, clientX - start.x));
  });
  handle.addEventListener('pointerup', () => {
    wasDragged = Boolean(start?.moved);
    start = null;
  });
  handle.addEventListener('click', ({ target }) => {
    if (target === handle && !wasDragged) open();
    wasDragged = false;
  });
  handle.addEventListener('pointercancel', () => { start = null; });
}

// A field in the place of the number: Enter or leaving takes what is typed, Escape does not.
function typing(handle, { show, take, value, first = '' }) {
  if (handle.querySelector('input')) return;
  const digit = /^\d$/.test(first) ? first : '';
  const field = element('input', { type: 'text', inputmode: 'numeric', autocomplete: 'off', 'aria-label': handle.dataset.label });
  field.value = digit || String(value());
  const widen = () => field.style.setProperty('--lc-digits', Math.max(LEAST_DIGITS, field.value.length));
  field.addEventListener('input', widen);
  widen();
  handle.replaceChildren(field);
  field.focus();
  if (!digit) field.select();
  let open = true;
  const close = (taken, stay) => {
    if (!open) return;
    open = false;
    field.remove();
    if (taken) take(field.value);
    show();
    if (stay) handle.focus();
  };
  field.addEventListener('keydown', (event) => {
    event.stopPropagation();
    if (event.key === 'Enter' || event.key === 'Escape') {
      event.preventDefault();
      close(event.key === 'Enter', true);
    }
  });
  field.addEventListener('blur', () => close(true, false));
}

function prepareSwitch(choice, group) {
  const { switch: name, yes, no } = choice.dataset;
  const show = () => {
    choice.textContent = group.choices[name] ? yes : no;
    choice.setAttribute('aria-checked', String(group.choices[name]));
  };
  const turn = () => group.set({ [name]: !group.choices[name] });
  for (const [key, text] of Object.entries({ role: 'switch', tabindex: 0, 'aria-label': yes })) choice.setAttribute(key, text);
  choice.addEventListener('click', turn);
  choice.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' && event.key !== ' ') return;
    event.preventDefault();
    turn();
  });
  show();
  return show;
}

function preparePreset(button, group) {
  button.hidden = false;
  button.addEventListener('click', () => group.set(JSON.parse(button.dataset.set)));
}

export function startPulled() {
  for (const place of all('.lc-pulled')) {
    if (place.querySelector('.lc-pulled-data')) new Group(place).place.toggleAttribute('data-live', true);
  }
}
