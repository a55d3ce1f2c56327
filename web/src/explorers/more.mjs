// What does not fit one screen stands under *More*: formulas, further controls, the table. Closed at first; what is
// found there by the browser's own search opens it.
import { element, freshId } from '../dom.mjs';
import { say } from '../words.mjs';

export function foldMore(host) {
  const more = host.querySelector('.lc-more');
  if (!more) return;
  more.id ||= freshId('lc-more');
  const words = [
    element('span.lc-more-in-full', {}, say('More: formulas, controls, table')),
    element('span.lc-more-briefly', {}, say('More')), // where a ghost needs the room beside it
  ];
  const toggle = element('button.lc-more-toggle', { type: 'button', 'aria-controls': more.id }, ...words);
  const open = (isOpen) => {
    toggle.setAttribute('aria-expanded', String(isOpen));
    if (isOpen) more.removeAttribute('hidden');
    else more.setAttribute('hidden', 'until-found');
  };
  toggle.addEventListener('click', () => open(more.hasAttribute('hidden')));
  more.addEventListener('beforematch', () => open(true));
  more.before(toggle);
  open(false);
}
