// A drill: the same question with other numbers, as often as the reader likes. All variants are in the page; the one
// that the reader came to is remembered.
import { all, element, pageKey } from '../dom.mjs';
import { recall, remember, siteRoot } from '../store.mjs';
import { say } from '../words.mjs';

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
  another.addEventListener('click', () => {
    show(current + 1);
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
