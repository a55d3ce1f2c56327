// <p class="lc-reading">About 15 minutes</p> gets a link to where the reader left off.
import { all, element, pageKey } from '../dom.mjs';
import { recall, remember, siteRoot } from '../store.mjs';
import { say } from '../words.mjs';

const SAVE_AFTER = 800;

function sections() {
  return all('.bd-article section[id] > :is(h2, h3)').map((heading) => ({
    id: heading.parentElement.id,
    title: headingText(heading),
    heading,
  }));
}

function headingText(heading) {
  const copy = heading.cloneNode(true);
  all('.headerlink', copy).forEach((link) => link.remove());
  return copy.textContent.trim();
}

// The last section whose heading has passed the upper third of the window.
function currentSection(parts) {
  const line = innerHeight / 3;
  return parts.filter(({ heading }) => heading.getBoundingClientRect().top < line).pop();
}

function describe(place, stored) {
  const part = stored && sections().find(({ id }) => id === stored.section);
  if (part) {
    place.append(element('a.lc-continue', { href: `#${part.id}` }, say('Continue where you left off: {section}', { section: part.title })));
  }
}

export async function startReading() {
  const place = document.querySelector('.lc-reading');
  if (!place) return;
  const key = `reading:${pageKey(siteRoot)}`;
  const stored = recall(key); // asked before anything is written, and listened for before it comes
  const parts = sections();
  let timer = 0;
  let last = null;
  addEventListener('scroll', () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      const section = currentSection(parts)?.id;
      if (section && section !== last) remember(key, { section: (last = section) });
    }, SAVE_AFTER);
  }, { passive: true });
  describe(place, await stored);
}
