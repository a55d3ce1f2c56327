// What stands under an explorer: the live badge (Snapshot, Starting Python, Live, or why not), reset and copy link.
import { element } from '../dom.mjs';
import { formatMegabytes } from '../numbers.mjs';

const WORDS = {
  snapshot: 'Snapshot',
  starting: 'Starting Python',
  live: 'Live',
  error: 'Live',
  failed: 'Python did not start',
};

export class Toolbar {
  constructor({ onStart, onReset, onCopyLink }) {
    this.state = element('b.lc-badge-state');
    this.words = element('span.lc-badge-words');
    this.progress = element('progress.lc-progress', { 'aria-label': 'Python downloaded', hidden: true });
    this.bytes = element('span.lc-badge-bytes');
    this.start = element('button.lc-start', { type: 'button' }, 'Start Python');
    this.start.addEventListener('click', onStart);
    this.reset = element('button.lc-reset', { type: 'button' }, 'Reset');
    this.reset.addEventListener('click', onReset);
    this.copy = element('button.lc-copy-link', { type: 'button', 'aria-live': 'polite' }, 'Copy link');
    this.copy.addEventListener('click', () => onCopyLink(this.copy));
    const live = element('span.lc-badge-text', { 'aria-live': 'polite' }, this.state, ' ', this.words);
    this.badge = element('div.lc-badge', {}, live, this.progress, this.bytes);
    this.notes = element('p.lc-notice', { role: 'status', hidden: true });
    this.element = element('div.lc-toolbar', {}, this.badge, element('div.lc-tools', {}, this.start, this.reset, this.copy), this.notes);
  }

  #show(state, words, { startLabel = null } = {}) {
    this.badge.dataset.state = state;
    this.state.textContent = WORDS[state];
    this.words.textContent = words;
    this.progress.hidden = state !== 'starting';
    this.bytes.textContent = '';
    this.start.hidden = startLabel === null;
    if (startLabel) this.start.textContent = startLabel;
  }

  snapshot({ size, saving }) {
    const words = saving
      ? `Your data saver is on: Python (${formatMegabytes(size)}) starts only when you ask.`
      : `Move a control: Python starts in this page (${formatMegabytes(size)}, once).`;
    this.#show('snapshot', words, { startLabel: 'Start Python' });
  }

  starting({ size }) {
    this.#show('starting', 'what you move now is computed as soon as it runs');
    this.progress.max = size;
    this.progress.value = 0;
  }

  progressed({ loaded, total }) {
    this.progress.max = total;
    this.progress.value = Math.min(loaded, total);
    this.bytes.textContent = `${formatMegabytes(loaded)} of ${formatMegabytes(total)}`;
  }

  live() {
    this.#show('live', 'Python runs in this page: every move is computed.');
  }

  error(reason) {
    this.#show('error', `Python stopped on an error: ${reason}. The last good state is shown.`);
  }

  failed(reason) {
    this.#show('failed', `because ${reason}. What is shown stays as it was printed.`, { startLabel: 'Try again' });
  }

  // A sentence that stays beside the badge's own words; an empty one takes it away.
  notice(words) {
    this.notes.textContent = words;
    this.notes.hidden = !words;
  }
}
