// What stands under an explorer: the live badge (Snapshot, Starting Python, Live, or why not), reset and copy link.
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

export class Toolbar {
  constructor({ onStart, onReset, onCopyLink }) {
    this.state = element('b.lc-badge-state');
    this.words = element('span.lc-badge-words');
    this.progress = element('progress.lc-progress', { 'aria-label': say('Python downloaded'), hidden: true });
    this.bytes = element('span.lc-badge-bytes');
    this.start = element('button.lc-start', { type: 'button' }, say('Start Python'));
    this.start.addEventListener('click', onStart);
    this.reset = element('button.lc-reset', { type: 'button' }, say('Reset'));
    this.reset.addEventListener('click', onReset);
    this.copy = element('button.lc-copy-link', { type: 'button', 'aria-live': 'polite' }, say('Copy link'));
    this.copy.addEventListener('click', () => onCopyLink(this.copy));
    const live = element('span.lc-badge-text', { 'aria-live': 'polite' }, this.state, ' ', this.words);
    this.badge = element('div.lc-badge', {}, live, this.progress, this.bytes);
    this.notes = element('p.lc-notice', { role: 'status', hidden: true });
    this.element = element('div.lc-toolbar', {}, this.badge, element('div.lc-tools', {}, this.start, this.reset, this.copy), this.notes);
  }

  #show(state, words, { startLabel = null } = {}) {
    this.badge.dataset.state = state;
    this.state.textContent = WORDS[state]();
    this.words.textContent = words;
    this.progress.hidden = state !== 'starting';
    this.bytes.textContent = '';
    this.start.hidden = startLabel === null;
    if (startLabel) this.start.textContent = startLabel;
  }

  // Its size is said before anything of it is downloaded.
  snapshot({ size, saving, inAdvance }) {
    const values = { size: formatMegabytes(size) };
    const words = saving
      ? say('Your data saver is on: Python ({size}) starts only when you ask.', values)
      : inAdvance
        ? say('Python starts in this page when you come to an explorer ({size}, once).', values)
        : say('Move a control: Python starts in this page ({size}, once).', values);
    this.#show('snapshot', words, { startLabel: say('Start Python') });
  }

  starting({ size }) {
    this.#show('starting', say('what you move now is computed as soon as it runs'));
    this.progress.max = size;
    this.progress.value = 0;
  }

  progressed({ loaded, total }) {
    this.progress.max = total;
    this.progress.value = Math.min(loaded, total);
    this.bytes.textContent = say('{loaded} of {total}', { loaded: formatMegabytes(loaded), total: formatMegabytes(total) });
  }

  live() {
    this.#show('live', say('Python runs in this page: every move is computed.'));
  }

  error(reason) {
    this.#show('error', say('Python stopped on an error: {reason}. The last good state is shown.', { reason }));
  }

  failed(reason) {
    const words = say('because {reason}. What is shown stays as it was printed.', { reason });
    this.#show('failed', words, { startLabel: say('Try again') });
  }

  // A sentence that stays beside the badge's own words; an empty one takes it away.
  notice(words) {
    this.notes.textContent = words;
    this.notes.hidden = !words;
  }
}
