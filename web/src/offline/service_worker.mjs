// Keeps on the reader's device what the site has loaded, and answers with it where there is no network.
//
// While there is a network, everything comes from it, so that a page and what it loads are always of one build; only
// files whose name says their version are taken from the device first. What is kept is of exactly this build: a file
// is put away only if its contents are those that the build lists. So what is shown without a network is of one build
// as well, and a new build takes over at once.
//
// In:  {type: 'keep', groups: ['pages', 'python'], loaded: [address]}  {type: 'tell'}  {type: 'forget'}
// Out, on the message's port: {bytes, unpacked, withoutNetwork}; `unpacked` bytes are Python's, kept by its own worker
/* global SITE_FILES -- {build, files: {path: [sha256, bytes, group]}}, written in by web/build.py */
import { fileAt, lasting, prefixOf, shelfName, wanted } from './rules.mjs';

const { build, files } = SITE_FILES;
const ROOT = new URL('./', self.location.href).href;
const PREFIX = prefixOf(new URL(ROOT).pathname);
const CACHE = PREFIX + build;
const PYTHON = Object.keys(files).map((file) => file.match(/\/(python-[^/]*)\//)?.[1]).find(Boolean);
const SHELF = shelfName(new URL(ROOT).pathname, PYTHON);
const SHELVES = shelfName(new URL(ROOT).pathname, '');

const shownWithoutNetwork = new Set(); // ids of pages
let forgotten = false; // until the next page asks to keep again

const address = (file) => new URL(file, ROOT).href;
const fileOf = (url) => fileAt(url, ROOT, files);

// ---- keeping ----------------------------------------------------------------------------------------------------

async function sha256(body) {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', body));
  return [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

const kept = async (file) => caches.match(address(file), { cacheName: CACHE });

// True if the answer holds what this build lists; an answer of another build is not put away.
async function put(file, response) {
  const body = await response.arrayBuffer();
  if (!(await sha256(body)).startsWith(files[file][0]) || forgotten) return false;
  const headers = { 'Content-Type': response.headers.get('Content-Type') ?? '' };
  await (await caches.open(CACHE)).put(address(file), new Response(body, { headers }));
  return true;
}

async function keep(file) {
  if (await kept(file)) return;
  for (const cache of ['default', 'reload']) { // the browser may still hold an older build's file
    const response = await fetch(address(file), { cache });
    if (response.ok && (await put(file, response))) return;
  }
}

async function keepAll(names) {
  for (const name of names) {
    if (forgotten) return;
    try {
      await keep(name);
    } catch {
      return; // the network is gone; the next page asks again
    }
  }
}

// What an older build had kept, and this one has as well, need not be loaded again.
async function takeOver(older) {
  const [old, now] = [await caches.open(older), await caches.open(CACHE)];
  const requests = await old.keys();
  for (const request of requests) {
    const file = fileOf(request.url);
    if (file && !(await now.match(request))) await put(file, await old.match(request));
  }
  return requests.length > 0;
}

const ourCaches = async () => (await caches.keys()).filter((name) => name.startsWith(PREFIX));

const olderCaches = async () => (await ourCaches()).filter((name) => name !== CACHE && !name.startsWith(SHELVES));

async function install() {
  await self.skipWaiting();
  const hadKept = [];
  for (const older of await olderCaches()) hadKept.push(await takeOver(older));
  if (hadKept.some(Boolean)) await keepAll(wanted(files, ['pages']));
}

async function activate() {
  for (const name of await ourCaches()) if (![CACHE, SHELF].includes(name)) await caches.delete(name);
  await self.clients.claim();
}

// ---- answering --------------------------------------------------------------------------------------------------

async function fromNetwork(event, file) {
  const response = await fetch(event.request);
  if (response.ok && response.status === 200) event.waitUntil(put(file, response.clone()).catch(() => false));
  return response;
}

async function answer(event, file) {
  const ours = await kept(file);
  if (ours && lasting(file)) return ours;
  try {
    return await fromNetwork(event, file);
  } catch (error) {
    if (!ours) throw error; // the browser's own page says that there is no network
    if (event.resultingClientId) shownWithoutNetwork.add(event.resultingClientId);
    return ours;
  }
}

// ---- talking to the page ----------------------------------------------------------------------------------------

async function bytesKept() {
  if (!(await caches.has(CACHE))) return 0;
  const requests = await (await caches.open(CACHE)).keys();
  return requests.reduce((sum, { url }) => sum + (files[fileOf(url)]?.[1] ?? 0), 0);
}

async function bytesUnpacked() {
  if (!(await caches.has(SHELF))) return 0;
  const found = await (await caches.open(SHELF)).matchAll();
  return found.reduce((sum, { headers }) => sum + Number(headers.get('Content-Length')), 0);
}

async function act({ type, groups = [], loaded = [] }) {
  if (type === 'keep') {
    forgotten = false;
    await keepAll([...loaded.map(fileOf).filter(Boolean), ...wanted(files, groups)]);
  }
  if (type === 'forget') {
    forgotten = true;
    for (const name of await ourCaches()) await caches.delete(name);
  }
}

async function reply({ data, ports: [port], source }) {
  await act(data);
  port?.postMessage({ bytes: await bytesKept(), unpacked: await bytesUnpacked(), withoutNetwork: shownWithoutNetwork.has(source?.id) });
}

self.addEventListener('install', (event) => event.waitUntil(install()));
self.addEventListener('activate', (event) => event.waitUntil(activate()));
self.addEventListener('message', (event) => event.waitUntil(reply(event)));
self.addEventListener('fetch', (event) => {
  const file = event.request.method === 'GET' ? fileOf(event.request.url) : null;
  if (file) event.respondWith(answer(event, file));
});
