// The one convention of a page: what every count, derivation, table and explorer that follows is shown under.
// Whatever follows listens on document for `lc-convention` ({name}); whatever lets a reader choose dispatches
// `lc-convention-wished` ({name}) there. <html data-lc-convention> has the name for what starts later.
import { recall, remember } from './store.mjs';

const KEY = 'convention';
const told = document.querySelector('meta[name="lc-convention"]');

export const ownConvention = told?.content ?? ''; // the one that the text is written for
const names = (told?.dataset.names ?? '').split(' ');

let shown = ownConvention;
export const shownConvention = () => shown;

function show(name) {
  shown = name;
  document.documentElement.dataset.lcConvention = name;
  document.dispatchEvent(new CustomEvent('lc-convention', { detail: { name } }));
}

export function chooseConvention(name) {
  if (name === shown || !names.includes(name)) return;
  show(name);
  remember(KEY, name);
}

export async function startConvention() {
  document.documentElement.dataset.lcConvention = shown;
  document.addEventListener('lc-convention-wished', ({ detail }) => chooseConvention(detail.name));
  const kept = await recall(KEY);
  if (names.includes(kept) && shown === ownConvention && kept !== shown) show(kept);
}
