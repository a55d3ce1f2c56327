// A drill: the same question with other numbers, as often as the reader likes. All variants are in the page; the one
// that the reader came to is remembered.
import { all, element, pageKey } from '../dom.mjs';
import { recall, remember, siteRoot } from '../store.mjs';
import { say } from '../words.mjs';

const isRight = (variant) => variant.querySelector('.lc-step').dataset.verdict === 'right';

// An answer is taken away as if the reader had done so: what hangs on the field follows.
function empty(variant) {
  const input = variant.querySelector('input');
  input.value = '';
  input.dispatchEvent(new Event('input', { bubbles: true }));
  all('details', variant).forEach((rung) => { rung.open = false; });
}

function prepare(drill) {
  const variants = all('.lc-variant', drill);
  const another = drill.querySelector('.lc-another');
  const place = element('span.lc-place', { 'aria-live': 'polite' });
  const key = `drill:${pageKey(siteRoot)}:${drill.dataset.id}`;
  let current = 0;
  const show = (index) => {
    current = index % variants.length;
    variants.forEach((variant, at) => { variant.hidden = at !== current; });
    place.textContent = say('{place} of {all}', { place: current + 1, all: variants.length });
  };
  const beginAgain = () => {
    const areDone = variants.every(isRight);
    if (areDone) variants.forEach(empty);
    show(0);
    place.textContent = areDone
      ? say('All {all} are done: it begins again with the first.', { all: variants.length })
      : say('That was the last of {all}: it begins again with the first.', { all: variants.length });
  };
  another.addEventListener('click', () => {
    if (current + 1 < variants.length) show(current + 1);
    else beginAgain();
    remember(key, current);
    variants[current].querySelector('input').focus();
  });
  another.after(place);
  show(0);
  recall(key).then((kept) => {
    if (kept && current === 0 && !variants[0].querySelector('input').value) show(kept);
  });
}

export function startDrills() {
  all('.lc-drill').filter((drill) => drill.querySelector('.lc-variant')).forEach(prepare);
}
