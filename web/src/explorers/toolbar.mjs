// What stands under an explorer: the live badge, reset and copy link.
import { element } from '../dom.mjs';
import { Badge } from '../python/badge.mjs';
import { say } from '../words.mjs';

const SAYS = {
  saving: (size) => say('Your data saver is on: Python ({size}) starts only when you ask.', size),
  inAdvance: (size) => say('Python starts in this page when you come to an explorer ({size}, once).', size),
  onTouch: (size) => say('Move a control: Python starts in this page ({size}, once).', size),
  starting: () => say('what you move now is computed as soon as it runs'),
  live: () => say('Python runs in this page: every move is computed.'),
  error: (reason) => say('Python stopped on an error: {reason}. The last good state is shown.', reason),
  failed: (reason) => say('because {reason}. What is shown stays as it was printed.', reason),
};

export class Toolbar extends Badge {
  constructor({ onStart, onReset, onCopyLink }) {
    super({ onStart, says: SAYS });
    this.reset = element('button.lc-reset', { type: 'button' }, say('Reset'));
    this.reset.addEventListener('click', onReset);
    this.copy = element('button.lc-copy-link', { type: 'button', 'aria-live': 'polite' }, say('Copy link'));
    this.copy.addEventListener('click', () => onCopyLink(this.copy));
    this.notes = element('p.lc-notice', { role: 'status', hidden: true });
    const tools = element('div.lc-tools', {}, this.start, this.reset, this.copy);
    this.element = element('div.lc-toolbar', {}, this.badge, tools, this.notes);
  }

  // A sentence that stays beside the badge's own words; an empty one takes it away.
  notice(words) {
    this.notes.textContent = words;
    this.notes.hidden = !words;
  }
}
