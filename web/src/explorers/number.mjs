// A whole number of an explorer: dragged on a line, stepped with keys, or typed as people type numbers.
// A size (class lc-size) with a wide range lies on a logarithmic line and is dragged to round values.
import * as controls from '@jupyter-widgets/controls';
import { element, freshId } from '../dom.mjs';
import { formatNumber, readTyped } from '../numbers.mjs';
import { say } from '../words.mjs';

const POSITIONS = 1000;
const WIDE = 100; // from this ratio of its ends on, a range is drawn logarithmically
const ALONG = 6; // px: from here on a finger moves along the line
const STEP_KEYS = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 };

const roundTo = (value, digits) => {
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(Math.max(value, 1))) - digits + 1);
  return Math.round(value / unit) * unit;
};

// How positions 0..1000 of the line and values go together.
export function scaleOf(low, high, isSize) {
  const first = Math.max(low, 1);
  if (!isSize || high / first < WIDE) return { positions: [low, high], toValue: (at) => at, toPosition: (value) => value };
  const span = Math.log(high / first);
  return {
    positions: [0, POSITIONS],
    toValue: (at) => (at <= 0 ? low : at >= POSITIONS ? high : Math.min(high, roundTo(first * Math.exp((at / POSITIONS) * span), 2))),
    toPosition: (value) => (value <= first ? 0 : Math.round((Math.log(value / first) / span) * POSITIONS)),
  };
}

// How wide a number is, in digits; a comma takes half as much.
function digitsOf(value) {
  const text = formatNumber(value);
  return text.length - (text.length - text.replaceAll(',', '').length) / 2;
}

export class NumberView extends controls.DescriptionView {
  render() {
    super.render();
    this.el.classList.add('jupyter-widgets', 'widget-inline-hbox', 'lc-number-control');
    const name = this.model.get('description');
    this.range = element('input.lc-range', { type: 'range', 'aria-label': name });
    this.typed = element('input.lc-typed', {
      type: 'text', inputmode: 'decimal', autocomplete: 'off', spellcheck: 'false', enterkeyhint: 'done',
      'aria-label': say('{name}, typed', { name }),
    });
    this.problem = element('span.lc-problem', { role: 'alert', id: freshId('lc-problem') });
    this.typed.setAttribute('aria-describedby', this.problem.id);
    this.el.append(this.typed, this.range, this.problem);
    this.range.addEventListener('input', () => !this.rests && this.follow());
    this.#heedFingers();
    this.range.addEventListener('keydown', (event) => this.onKey(event));
    this.typed.addEventListener('change', () => this.onTyped());
    this.typed.addEventListener('keydown', ({ key }) => key === 'Escape' && this.forgetTyped());
    this.typed.addEventListener('focus', () => this.typed.select());
    this.listenTo(this.model, 'change:value change:min change:max', () => this.show());
    this.show();
  }

  follow() {
    this.move(this.scale.toValue(Number(this.range.value)));
  }

  // A line jumps to a finger that lands on it; whether the finger meant the line or scrolls the page is known only
  // when it moves along, is lifted, or is taken for scrolling (pointercancel).
  #heedFingers() {
    let landed = { x: 0, y: 0 };
    this.rests = false;
    this.range.addEventListener('pointerdown', ({ pointerType, clientX, clientY }) => {
      this.rests = pointerType === 'touch';
      landed = { x: clientX, y: clientY };
    });
    const isAlong = ({ clientX, clientY }) => {
      const [along, across] = [Math.abs(clientX - landed.x), Math.abs(clientY - landed.y)];
      return along > ALONG && along > across;
    };
    const settle = (act) => {
      if (!this.rests) return;
      this.rests = false;
      act();
    };
    this.range.addEventListener('pointermove', (event) => isAlong(event) && settle(() => this.follow()));
    this.range.addEventListener('pointerup', () => settle(() => this.follow()));
    this.range.addEventListener('pointercancel', () => settle(() => this.show()));
  }

  get isSize() {
    return (this.model.get('_dom_classes') ?? []).includes('lc-size');
  }

  show() {
    const { value, min, max } = this.model.attributes;
    this.scale = scaleOf(min, max, this.isSize);
    this.typed.style.setProperty('--lc-digits', digitsOf(max)); // of the largest: the line keeps its length under a finger
    [this.range.min, this.range.max] = this.scale.positions;
    if (!this.rests) this.range.value = this.scale.toPosition(value); // where a finger rests, it is asked for first
    this.range.setAttribute('aria-valuetext', formatNumber(value));
    const share = (this.range.value - this.range.min) / (this.range.max - this.range.min || 1);
    this.range.style.setProperty('--lc-share', `${100 * share}%`);
    this.forgetTyped();
  }

  forgetTyped() {
    this.typed.value = formatNumber(this.model.get('value'));
    this.complain('');
  }

  complain(words) {
    this.problem.textContent = words;
    this.typed.setAttribute('aria-invalid', String(Boolean(words)));
  }

  move(value) {
    const { min, max } = this.model.attributes;
    const wanted = Math.min(max, Math.max(min, value));
    if (wanted === this.model.get('value')) return this.show(); // the line and the field come back to it
    this.model.set('value', wanted);
    this.touch();
  }

  onKey(event) {
    const value = this.model.get('value');
    const { min, max } = this.model.attributes;
    const wanted = {
      PageUp: this.isSize ? Math.max(value * 2, value + 1) : value + 10,
      PageDown: this.isSize ? Math.floor(value / 2) : value - 10,
      Home: min,
      End: max,
      ...Object.fromEntries(Object.entries(STEP_KEYS).map(([key, step]) => [key, value + step])),
    }[event.key];
    if (wanted === undefined) return;
    event.preventDefault();
    this.move(wanted);
  }

  onTyped() {
    if (!this.typed.value.trim()) return this.forgetTyped();
    const { min, max } = this.model.attributes;
    const { value, problem } = readTyped(this.typed.value, min, max);
    return problem ? this.complain(problem) : this.move(value);
  }
}
