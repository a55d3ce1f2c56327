// <div class="lc-left-off" hidden></div> on the opening page: the chapters that this reader has begun, with the place.
import { all, element } from '../dom.mjs';
import { recall, siteRoot } from '../store.mjs';
import { say } from '../words.mjs';

// The pages of the sidebar, each once: {key, href, title}, the key as pageKey (dom.mjs) makes it there.
function pages() {
  const found = new Map();
  for (const link of all('.bd-sidebar-primary .bd-links a[href]')) {
    const { pathname } = new URL(link.href);
    const key = pathname.slice(siteRoot.length);
    if (key && key !== 'index.html') found.set(key, { key, href: pathname, title: link.textContent.trim() });
  }
  return [...found.values()];
}

export async function startOpening() {
  const place = document.querySelector('.lc-left-off');
  if (!place) return;
  const begun = [];
  for (const page of pages()) {
    const stored = await recall(`reading:${page.key}`);
    if (stored?.section) begun.push({ ...page, href: `${page.href}#${stored.section}` });
  }
  if (!begun.length) return;
  const links = begun.flatMap(({ href, title }, index) => [index ? ', ' : ' ', element('a', { href }, title)]);
  place.append(element('p', {}, say('Go on where you left off:'), ...links));
  place.hidden = false;
}
