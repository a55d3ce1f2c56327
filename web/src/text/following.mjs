// Derivations and tables stand in the page once for each convention (.lc-under[data-under]); one is in sight.
// While it is not the one that the text is written for, a bar says so and leads back.
import { chooseConvention, ownConvention, shownConvention } from '../convention.mjs';
import { all, element } from '../dom.mjs';
import { forget, recall, remember } from '../store.mjs';
import { say } from '../words.mjs';

const PUT_AWAY = 'convention.put-away';
const FOLLOWS = '.lc-count[data-values], .lc-under, .lc-name-convention';

function showForms() {
  const wished = shownConvention();
  for (const form of all('.lc-under')) form.hidden = form.dataset.under !== wished;
}

let chosenAt = null; // what had the focus when the convention was chosen
let putAway = ''; // the convention whose bar the reader does not want to see, on no page

// The bar takes its buttons along: the focus goes back to where the reader was.
function giveFocusBack(place) {
  [place, document.querySelector('.lc-chip')].find((one) => one?.isConnected && one.checkVisibility())?.focus({ preventScroll: true });
}

function fill(bar) {
  const [name, own] = [shownConvention(), ownConvention];
  bar.hidden = [own, putAway].includes(name);
  if (bar.hidden) return bar.replaceChildren();
  const words = say('The numbers are shown under “{name}”; the text is written for “{own}”.', { name, own });
  const back = element('button.lc-back', { type: 'button' }, say('Back to “{own}”', { own }));
  back.addEventListener('click', () => {
    const place = chosenAt;
    chooseConvention(own);
    giveFocusBack(place);
  });
  const away = element('button.lc-away', { type: 'button', 'aria-label': say('Put this note away') }, '×');
  away.addEventListener('click', () => {
    putAway = name;
    remember(PUT_AWAY, name);
    fill(bar);
    giveFocusBack(chosenAt);
  });
  return bar.replaceChildren(element('span', {}, words), back, away);
}

export function startFollowing() {
  if (!document.querySelector(FOLLOWS)) return;
  const bar = element('div.lc-convention-bar', { role: 'status', hidden: true });
  document.querySelector('.bd-article')?.prepend(bar);
  const follow = () => { showForms(); fill(bar); };
  document.addEventListener('lc-convention', ({ detail }) => {
    chosenAt = document.activeElement;
    if (putAway && putAway !== detail.name) {
      putAway = '';
      forget(PUT_AWAY);
    }
    follow();
  });
  follow();
  recall(PUT_AWAY).then((kept) => {
    putAway ||= kept ?? '';
    fill(bar);
  });
}
