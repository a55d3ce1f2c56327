// Start, step, play and end of what travels (a window over its map, a dot product): the page moves the control itself.
import { element } from '../dom.mjs';
import { say } from '../words.mjs';
import { readRaw, writeRaw } from './controls.mjs';

const TICK = 140; // ms at least between two steps of a play
const STEPS = 60; // a long way is played in about so many steps

const still = matchMedia('(prefers-reduced-motion: reduce)');

class Travel {
  constructor(explorer, field, buttons) {
    this.explorer = explorer;
    this.field = field;
    this.timer = 0;
    this.play = element('button.jupyter-button.widget-button.lc-play', { type: 'button', 'aria-pressed': 'false' }, say('Play'));
    this.play.hidden = still.matches;
    this.play.addEventListener('click', () => (this.timer ? this.stop() : this.go()));
    buttons.querySelector('.lc-go-end')?.before(this.play);
    buttons.addEventListener('click', (event) => this.#pressed(event), { capture: true });
  }

  get model() {
    return this.explorer.controls.get(this.field);
  }

  // The page moves the control, so the button's own message need not wait for Python.
  #pressed(event) {
    const place = ['start', 'step', 'end'].find((name) => event.target.closest(`.lc-go-${name}`));
    if (!place) return;
    event.stopImmediatePropagation();
    event.preventDefault();
    this.stop();
    const { min, max } = this.model.attributes;
    this.#move({ start: min, step: Math.min(readRaw(this.model) + 1, max), end: max }[place]);
  }

  #move(value) {
    if (value !== readRaw(this.model)) writeRaw(this.model, value);
  }

  go() {
    const { min, max } = this.model.attributes;
    if (readRaw(this.model) >= max) this.#move(min);
    this.stride = Math.max(1, Math.round((max - min) / STEPS));
    this.play.setAttribute('aria-pressed', 'true');
    this.play.textContent = say('Pause');
    this.timer = setInterval(() => this.#tick(), TICK);
  }

  #tick() {
    const { max } = this.model.attributes;
    if (this.explorer.place.getAttribute('aria-busy') === 'true') return; // the picture comes first
    this.#move(Math.min(readRaw(this.model) + this.stride, max));
    if (readRaw(this.model) >= max || !this.play.isConnected) this.stop();
  }

  stop() {
    clearInterval(this.timer);
    this.timer = 0;
    this.play.setAttribute('aria-pressed', 'false');
    this.play.textContent = say('Play');
  }
}

// In a picture that says data-walk="field" and how long its rows are (data-row), the arrow keys move what travels.
function walk(explorer, event) {
  const place = event.target.closest?.('[data-walk]');
  const model = place && explorer.controls.get(place.dataset.walk);
  const row = Number(place?.dataset.row);
  const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: row, ArrowUp: -row }[event.key];
  if (!model || !step || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  const wanted = readRaw(model) + step;
  if (wanted >= model.get('min') && wanted <= model.get('max')) writeRaw(model, wanted);
}

export function startTravel(explorer, host) {
  host.addEventListener('keydown', (event) => walk(explorer, event));
  for (const buttons of host.querySelectorAll('.lc-travel')) {
    const field = [...buttons.classList].find((name) => name.startsWith('lc-moves-'))?.slice('lc-moves-'.length);
    if (field) new Travel(explorer, field, buttons);
  }
}
