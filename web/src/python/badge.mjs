// The live badge: Snapshot, Starting Python with progress, Live, or why not; and the button that starts it.
import { element } from '../dom.mjs';
import { formatMegabytes } from '../numbers.mjs';
import { say } from '../words.mjs';

const WORDS = {
  snapshot: () => say('Snapshot'),
  starting: () => say('Starting Python'),
  live: () => say('Live'),
  error: () => say('Live'),
  failed: () => say('Python did not start'),
};

export class Badge {
  // `says` has a sentence for each state, for what the page does with Python: saving, inAdvance, onTouch (each of
  // {size}), starting, live, error (of {reason}), failed (of {reason}); `names`, what a state is called otherwise.
  constructor({ onStart, says, names = {} }) {
    this.says = says;
    this.names = { ...WORDS, ...names };
    this.state = element('b.lc-badge-state');
    this.words = element('span.lc-badge-words');
    this.progress = element('progress.lc-progress', { 'aria-label': say('Python downloaded'), hidden: true });
    this.bytes = element('span.lc-badge-bytes');
    this.start = element('button.lc-start', { type: 'button' }, say('Start Python'));
    this.start.addEventListener('click', onStart);
    const live = element('span.lc-badge-text', { 'aria-live': 'polite' }, this.state, ' ', this.words);
    this.badge = element('div.lc-badge', {}, live, this.progress, this.bytes);
  }

  // Each move says that Python lives: what stands there already is not written again.
  #show(state, words, { startLabel = null } = {}) {
    const shown = [state, words, startLabel].join('\n');
    if (state !== 'starting' && shown === this.shown) return;
    this.shown = shown;
    this.badge.dataset.state = state;
    this.state.textContent = this.names[state]();
    this.words.textContent = words;
    this.progress.hidden = state !== 'starting';
    this.bytes.textContent = '';
    this.start.hidden = startLabel === null;
    if (startLabel) this.start.textContent = startLabel;
  }

  // Its size is said before anything of it is downloaded.
  snapshot({ size, saving, inAdvance }) {
    const words = saving ? this.says.saving : inAdvance ? this.says.inAdvance : this.says.onTouch;
    this.#show('snapshot', words({ size: formatMegabytes(size) }), { startLabel: say('Start Python') });
  }

  starting({ size }) {
    this.#show('starting', this.says.starting());
    this.progress.max = size;
    this.progress.value = 0;
  }

  progressed({ loaded, total }) {
    this.progress.max = total;
    this.progress.value = Math.min(loaded, total);
    this.bytes.textContent = say('{loaded} of {total}', { loaded: formatMegabytes(loaded), total: formatMegabytes(total) });
  }

  live() {
    this.#show('live', this.says.live());
  }

  error(reason) {
    this.#show('error', this.says.error({ reason }));
  }

  failed(reason) {
    this.#show('failed', this.says.failed({ reason }), { startLabel: say('Try again') });
  }
}
