// Derivations and tables stand in the page once for each convention (.lc-under[data-under]); one is in sight.
// While it is not the one that the text is written for, a bar says so and leads back.
import { chooseConvention, ownConvention, shownConvention } from '../convention.mjs';
import { all, element } from '../dom.mjs';
import { say } from '../words.mjs';

const FOLLOWS = '.lc-count[data-values], .lc-under, .lc-name-convention';

function showForms() {
  const wished = shownConvention();
  for (const form of all('.lc-under')) form.hidden = form.dataset.under !== wished;
}

function fill(bar) {
  const [name, own] = [shownConvention(), ownConvention];
  bar.hidden = name === own;
  if (bar.hidden) return bar.replaceChildren();
  const words = say('The numbers are shown under “{name}”; the text is written for “{own}”.', { name, own });
  const back = element('button.lc-back', { type: 'button' }, say('Back to “{own}”', { own }));
  back.addEventListener('click', () => chooseConvention(own));
  const away = element('button.lc-away', { type: 'button', 'aria-label': say('Put this note away') }, '×');
  away.addEventListener('click', () => { bar.hidden = true; });
  return bar.replaceChildren(element('span', {}, words), back, away);
}

export function startFollowing() {
  if (!document.querySelector(FOLLOWS)) return;
  const bar = element('div.lc-convention-bar', { role: 'status', hidden: true });
  document.querySelector('.bd-article')?.prepend(bar);
  const follow = () => { showForms(); fill(bar); };
  document.addEventListener('lc-convention', follow);
  follow();
}
