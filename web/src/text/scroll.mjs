// Wide tables and figures scroll in a box of their own; the box shows a shadow where there is more to see.
import { all, element } from '../dom.mjs';

const SELECTOR = '.lc-scroll, .lc-table-box, .pst-scrollable-table-container';

function wrapBareTables() {
  for (const table of all('.bd-article table:not(.lc-live table, .highlighttable)')) {
    if (table.closest(SELECTOR)) continue;
    const box = element('div.lc-scroll');
    table.before(box);
    box.append(table);
  }
}

function mark(box) {
  const more = box.scrollWidth - box.clientWidth;
  box.classList.toggle('lc-more-left', box.scrollLeft > 1);
  box.classList.toggle('lc-more-right', box.scrollLeft < more - 1);
  if (more > 1) box.tabIndex = 0; // so that the keyboard can scroll it
}

export function startScrollShadows() {
  wrapBareTables();
  // Told by the browser when it has laid out the page anyway, at first and whenever a box or what is in it changes.
  const watcher = new ResizeObserver((entries) => new Set(entries.map(({ target }) => target.closest(SELECTOR))).forEach((box) => box && mark(box)));
  const watch = (root) => all(SELECTOR, root).forEach((box) => [box, ...box.children].forEach((part) => watcher.observe(part)));
  document.addEventListener('scroll', ({ target }) => target.matches?.(SELECTOR) && mark(target), { capture: true, passive: true });
  document.addEventListener('lc-explorer-changed', ({ target }) => watch(target));
  watch(document);
}
