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

function addButtons(root) {
  for (const place of all('.lc-copy', root)) {
    if (place.querySelector('.lc-copy-button')) continue;
    place.append(element('button.lc-copy-button', { type: 'button', 'aria-live': 'polite' }, 'Copy'));
  }
}

export function startCopyButtons() {
  addButtons(document);
  document.addEventListener('lc-explorer-changed', ({ target }) => addButtons(target));
  document.addEventListener('click', ({ target }) => {
    const button = target.closest?.('.lc-copy-button');
    if (button) copyAndSay(button, button.closest('.lc-copy').dataset.copy);
  });
}
