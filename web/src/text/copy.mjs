// <div class="lc-copy" data-copy="text">...</div> gets a button that copies the text, and is named after it.
import { all, element } from '../dom.mjs';
import { say } from '../words.mjs';

const SHOWN_FOR = 1600;

async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = element('textarea', { style: 'position:fixed;opacity:0' });
    area.value = text;
    document.body.append(area);
    area.select();
    const done = document.execCommand('copy');
    area.remove();
    return done;
  }
}

export async function copyAndSay(button, text) {
  const before = button.dataset.label ?? button.textContent;
  button.dataset.label = before;
  button.textContent = (await copyText(text)) ? say('Copied') : say('Could not copy');
  setTimeout(() => { button.textContent = before; }, SHOWN_FOR);
}

const PAUSE = 150; // ms without a change: looking at what is in sight makes the browser lay out the page
let naming = 0;

// A formula that stands in sight twice has two buttons: the second says so.
function nameButtons() {
  const seen = new Map(); // text -> how often
  for (const place of all('.lc-copy').filter((one) => one.checkVisibility())) {
    const text = place.dataset.copy;
    const count = (seen.get(text) ?? 0) + 1;
    seen.set(text, count);
    const name = count > 1 ? say('Copy {text} ({place})', { text, place: count }) : say('Copy {text}', { text });
    place.querySelector('.lc-copy-button')?.setAttribute('aria-label', name);
  }
}

function addButtons(root) {
  for (const place of all('.lc-copy:not(:has(> .lc-copy-button))', root)) {
    const label = say('Copy {text}', { text: place.dataset.copy });
    place.append(element('button.lc-copy-button', { type: 'button', 'aria-live': 'polite', 'aria-label': label }, say('Copy')));
  }
  nameSoon();
}

function nameSoon() {
  clearTimeout(naming);
  naming = setTimeout(nameButtons, PAUSE);
}

// The theme's buttons beside code: it makes them when the page has loaded, all with one name.
function nameCodeButtons() {
  all('button.copybtn').forEach((button, index) => {
    const [line] = (document.querySelector(button.dataset.clipboardTarget)?.textContent ?? '').trim().split('\n');
    button.setAttribute('aria-label', say('Copy code {number}: {line}', { number: index + 1, line }));
  });
}

export function startCopyButtons() {
  addButtons(document);
  if (document.readyState === 'complete') nameCodeButtons();
  else addEventListener('load', nameCodeButtons);
  document.addEventListener('lc-explorer-changed', ({ target }) => addButtons(target));
  document.addEventListener('lc-convention', () => addButtons(document));
  addEventListener('resize', nameSoon); // a wider page has more in sight
  new MutationObserver((changes) => changes.forEach(({ target }) => addButtons(target.parentElement)))
    .observe(document.body, { subtree: true, attributeFilter: ['data-copy'] }); // a formula that the reader pulls
  document.addEventListener('click', ({ target }) => {
    const button = target.closest?.('.lc-copy-button');
    if (button) copyAndSay(button, button.closest('.lc-copy').dataset.copy);
  });
}
