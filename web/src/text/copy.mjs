// <div class="lc-copy" data-copy="text">...</div> gets a button that copies the text.
import { all, element } from '../dom.mjs';

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
  button.textContent = (await copyText(text)) ? 'Copied' : 'Could not copy';
  setTimeout(() => { button.textContent = before; }, SHOWN_FOR);
}

export function startCopyButtons(root = document) {
  for (const place of all('.lc-copy:not(:has(> .lc-copy-button))', root)) {
    const button = element('button.lc-copy-button', { type: 'button', 'aria-live': 'polite' }, 'Copy');
    place.append(button);
  }
  if (root !== document) return;
  document.addEventListener('click', ({ target }) => {
    const button = target.closest?.('.lc-copy-button');
    if (button) copyAndSay(button, button.closest('.lc-copy').dataset.copy);
  });
}
