// What can be set of a model: the page's convention, and the controls that Python says there are for it.
import { chooseConvention, shownConvention } from '../convention.mjs';
import { element } from '../dom.mjs';
import { say } from '../words.mjs';

const PAUSE = 300; // ms without a key

const LABELS = {
  batch: () => say('Batch'),
  dtype: () => say('Number format'),
  tokens: () => say('Tokens'),
  source: () => say('Tokens read first'),
  cached: () => say('Cached tokens'),
  memory: () => say('Memory'),
  logits: () => say('Scores of'),
  size: () => say('Size'),
  input: () => say('Input'),
};
const HINTS = {
  input: () => say('without the batch, as 3x224x224; several as ids=128 mask=128'),
  cached: () => say('with 1 token: a step of decoding'),
  memory: () => say('what fits into it, as 80GB or 24GiB'),
};
const ALWAYS = ['batch', 'dtype'];

// Each option has what Python is told, where '' is the model's own, and what the reader is.
const select = (options) => element('select', {}, ...options.map(([value, words]) => element('option', { value }, words)));

const typed = (name) => element('input', {
  type: 'text', autocomplete: 'off', spellcheck: false, ...(['input', 'size', 'memory'].includes(name) ? {} : { inputmode: 'numeric' }),
});

export class Controls {
  constructor({ conventions, dtypes }, onChange) {
    this.fields = new Map(); // name -> {control, place}
    this.onChange = onChange;
    this.element = element('fieldset.lc-own-controls', {}, element('legend', {}, say('Counted how?')));
    this.#followConvention(conventions);
    const choices = {
      dtype: [['', say('own')], ...dtypes.map((name) => [name, name])],
      logits: [['', say('all positions')], ['last', say('the last position')]],
    };
    for (const name of Object.keys(LABELS)) this.#add(name, choices[name]);
    this.offer({ batch: '1', dtype: '' });
  }

  // One convention for the whole page, whoever chooses it.
  #followConvention(names) {
    const control = select(names.map((name) => [name, name]));
    control.value = shownConvention();
    control.addEventListener('change', () => chooseConvention(control.value));
    document.addEventListener('lc-convention', ({ detail }) => {
      control.value = detail.name;
      if (navigator.userActivation?.hasBeenActive ?? true) this.onChange(); // a page that opens so starts nothing
    });
    this.element.append(this.#labelled('convention', say('Convention'), control));
  }

  #labelled(name, words, control) {
    control.id = `lc-own-${name}`;
    const hint = HINTS[name] ? [element('small', { id: `${control.id}-hint` }, HINTS[name]())] : [];
    if (hint.length) control.setAttribute('aria-describedby', hint[0].id);
    return element('p.lc-own-control', {}, element('label', { for: control.id }, words), control, ...hint);
  }

  #add(name, options) {
    const control = options ? select(options) : typed(name);
    let pause = 0;
    control.addEventListener('input', () => {
      clearTimeout(pause);
      pause = setTimeout(this.onChange, options ? 0 : PAUSE);
    });
    const place = this.#labelled(name, LABELS[name](), control);
    this.fields.set(name, { control, place });
    this.element.append(place);
  }

  // `takes` has each control that there is, with what holds while the reader has set nothing. One that is set stays:
  // what is wrong with it can be mended there alone.
  offer(takes) {
    for (const [name, { control, place }] of this.fields) {
      place.hidden = !(name in takes) && !ALWAYS.includes(name) && !control.value;
      if (name in takes && control.tagName === 'INPUT') control.placeholder = takes[name];
      if (name === 'dtype' && takes.dtype) control.options[0].textContent = say('own ({dtype})', takes);
    }
  }

  // What the reader has set, by name.
  settings() {
    const every = [...this.fields].map(([name, { control }]) => [name, control.value.trim()]);
    return { convention: shownConvention(), ...Object.fromEntries(every.filter(([, value]) => value)) };
  }

  // As if the reader had set this and nothing else.
  set(settings) {
    for (const [name, { control }] of this.fields) {
      control.value = settings[name] ?? '';
      if (control.tagName === 'SELECT' && control.selectedIndex < 0) control.value = '';
    }
  }
}
