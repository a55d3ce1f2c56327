// The page's side of keeping the site on this device: starts the service worker (web/src/offline/service_worker.mjs),
// tells it in idle time what to keep, says in the footer how much that is, and forgets it when asked.
import { element } from '../dom.mjs';
import { isGood, isMetered } from '../python/policy.mjs';
import { formatMegabytes } from '../numbers.mjs';
import { recall, remember, siteRoot } from '../store.mjs';
import { say } from '../words.mjs';
import { prefixOf, shelfName } from './rules.mjs';

const UNWANTED = 'offline.unwanted';
const AFTER_LOADING = 1500; // ms: the page's own affairs come first

export const possible = () => location.protocol.startsWith('http') && 'serviceWorker' in navigator && 'caches' in globalThis;

const idle = (act) => (globalThis.requestIdleCallback ? requestIdleCallback(act, { timeout: 5000 }) : setTimeout(act, 500));

// What may be kept beyond what was loaded anyway: all pages unless each byte counts, Python where it costs nothing.
export function groupsFor(connection) {
  if (isMetered(connection) || /2g$/.test(connection?.effectiveType ?? '')) return [];
  return isGood(connection) ? ['pages', 'python', 'questions'] : ['pages'];
}

// ---- talking to the worker --------------------------------------------------------------------------------------

async function ask(message) {
  const { active } = await navigator.serviceWorker.ready;
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = ({ data }) => resolve(data);
    active.postMessage(message, [port2]);
  });
}

const loaded = () => [location.href, ...performance.getEntriesByType('resource').map(({ name }) => name)];

// The worker's answer is shown, unless the reader wants nothing kept by then.
async function tell(message) {
  const told = await ask(message);
  if (!(await recall(UNWANTED))) show(told);
}

const keep = (groups) => tell({ type: 'keep', groups, loaded: loaded() });

// Once Python has run in any page, the explorers of every page run without a network; once it has posed questions,
// so do those.
export async function keepPython(groups = ['python']) {
  if (possible() && !(await recall(UNWANTED))) keep(groups);
}

// The name of the cache where Python's worker may keep what it has unpacked from this folder; null if nothing is wanted.
export async function shelfFor(folder) {
  if (!possible() || (await recall(UNWANTED))) return null;
  return shelfName(siteRoot, new URL(folder).pathname.split('/').at(-2));
}

// ---- the words in the footer ------------------------------------------------------------------------------------

const words = element('span.lc-on-device-words', { role: 'status' });
const button = element('button.lc-on-device-button', { type: 'button', hidden: true });
const place = element('p.lc-on-device', { hidden: true }, words, ' ', button);

function offer(label, act) {
  button.textContent = label;
  button.hidden = false;
  button.onclick = act;
}

let withoutNetwork = false;

function show({ bytes, unpacked = 0, withoutNetwork: shownSo = false }) {
  withoutNetwork ||= shownSo;
  place.hidden = false;
  document.documentElement.dataset.lcKept = String(bytes);
  const size = formatMegabytes(bytes + unpacked);
  words.textContent = withoutNetwork || !navigator.onLine
    ? say('There is no network: this page comes from this device, where {size} of the course are kept.', { size })
    : say('Kept on this device, for reading without a network: {size}.', { size });
  offer(say('Forget'), forget);
}

async function forget() {
  await remember(UNWANTED, true);
  await ask({ type: 'forget' });
  await (await navigator.serviceWorker.ready).unregister();
  showNothingKept();
}

function showNothingKept() {
  place.hidden = false;
  document.documentElement.dataset.lcKept = '0';
  words.textContent = say('Nothing of this course is kept on this device for reading without a network.');
  offer(say('Keep it'), async () => {
    await remember(UNWANTED, false);
    await start();
  });
}

// Python that was starting while it was forgotten may have kept its files after that.
async function keepNothing() {
  for (const name of await caches.keys()) if (name.startsWith(prefixOf(siteRoot))) await caches.delete(name);
  showNothingKept();
}

// ---- starting ---------------------------------------------------------------------------------------------------

async function start() {
  await navigator.serviceWorker.register(new URL('service-worker.js', new URL(siteRoot, location.href)));
  await tell({ type: 'tell' });
  await keep(groupsFor(navigator.connection));
}

const whenLoaded = (act) => (document.readyState === 'complete' ? act() : addEventListener('load', act, { once: true }));

async function begin() {
  try {
    if (await recall(UNWANTED)) await keepNothing();
    else await start();
  } catch (error) {
    console.warn('Nothing is kept for reading without a network:', error); // storage refused, private windows
  }
}

export function startOffline() {
  if (!possible()) return;
  document.querySelector('.bd-footer-content .footer-items__start, .bd-footer-content')?.append(place);
  for (const kind of ['online', 'offline']) {
    addEventListener(kind, async () => {
      if (kind === 'online') withoutNetwork = false;
      await tell({ type: 'tell' });
    });
  }
  whenLoaded(() => setTimeout(() => idle(begin), AFTER_LOADING));
}
