// The page's one worker: starts Pyodide from the memory snapshot (or plainly), then answers messages.
// In:  {type: 'start', cells, files, shelf, useSnapshot}, where `shelf` names the cache that keeps what was unpacked, if any
//      {type: 'update', id, commId, data}  {type: 'finish', id}
//      {type: 'ask', id, service, name, arguments, file}, for a function of one of the bridge's services; `file` is a
//      File of the reader's, or null
// Out: {type: 'progress', loaded, total}  {type: 'note', text}  {type: 'live', answer, how}
//      {type: 'failed', reason: {kind, ...}}        {type: 'answer', id, answer}
// A worker of this worker unpacks one file beside it, on another processor, and then keeps what was unpacked.
// In:  {type: 'unpack', name}   Out: {type: 'progress', loaded}  {type: 'unpacked', content}  {type: 'failed', reason}
//      {type: 'keep', shelf, files: {name: Blob}}
import { loadPyodide } from 'pyodide/pyodide.mjs';
import { XzReadableStream } from 'xz-decompress';
import { withFresh } from './memory.mjs';
import { Shelf } from './shelf.mjs';

/* global PYODIDE_LOCK -- written in by bundle.mjs */
const FOLDER = new URL('./', import.meta.url).href;
const PACKAGES = '/packages.zip';
const LIBRARY = 'python_stdlib.zip';
const WASM_PAGE = 65536;

let python = null;
let shelf = new Shelf(null, FOLDER);

// Why Python does not start, as data: the page says it in the reader's language.
class Trouble extends Error {
  constructor(kind, values) {
    super(`${kind}: ${Object.values(values).join(' ')}`);
    this.reason = { kind, ...values };
  }
}

// ---- downloads: packed files are unpacked here, so their size does not depend on the server -------

const progress = { loaded: 0, beside: 0, total: 0, announced: 0, sizes: {} };

function announce() {
  const now = performance.now();
  if (now - progress.announced <= 80) return;
  progress.announced = now;
  postMessage({ type: 'progress', loaded: progress.loaded + progress.beside, total: progress.total });
}

function countBytes() {
  return new TransformStream({
    transform(chunk, controller) {
      progress.loaded += chunk.byteLength;
      announce();
      controller.enqueue(chunk);
    },
  });
}

async function download(name) {
  let response;
  try {
    response = await nativeFetch(new URL(name, FOLDER));
  } catch {
    throw new Trouble('lost', { name });
  }
  if (!response.ok) throw new Trouble('absent', { name, status: response.status });
  return response.body.pipeThrough(countBytes());
}

const unpack = (stream) => new XzReadableStream(stream);
const bytes = async (stream) => new Uint8Array(await new Response(stream).arrayBuffer());

// The file's content, unpacked on another processor while this one unpacks the others.
let helper = null;

function unpackedBeside(name) {
  return new Promise((resolve, reject) => {
    helper = new Worker(import.meta.url, { type: 'module' });
    helper.onerror = (event) => {
      event.preventDefault();
      helper = null;
      reject(new Error(event.message));
    };
    helper.onmessage = ({ data }) => {
      if (data.type === 'unpacked') resolve(data.content);
      else if (data.type === 'failed') reject(new Trouble(data.reason.kind, data.reason));
      else if (data.type === 'progress') {
        progress.beside = data.loaded;
        announce();
      }
    };
    helper.postMessage({ type: 'unpack', name });
  });
}

// Where a worker can have no worker, it does the work itself; a file that is not there is in neither way.
async function unpackedSomewhere(name) {
  try {
    return await unpackedBeside(name);
  } catch (error) {
    if (error instanceof Trouble) throw error;
    return bytes(unpack(await download(name)));
  }
}

async function unpackForAnother({ name }) {
  try {
    const content = await bytes(unpack(await download(name)));
    postMessage({ type: 'unpacked', content }, [content.buffer]);
  } catch (error) {
    postMessage({ type: 'failed', reason: error.reason ?? { kind: 'error', error: lastLine(error) } });
  }
}

// ---- what was unpacked is kept for the next start ---------------------------------------------------

let toKeep = {}; // file -> Blob

async function fromShelf(name) {
  const found = await shelf.take(name);
  if (found) progress.loaded += progress.sizes[name] ?? 0;
  return found;
}

async function unpackedSnapshot() {
  const found = await fromShelf('snapshot.xz');
  if (found) return bytes(found);
  const content = await unpackedSomewhere('snapshot.xz');
  toKeep['snapshot.xz'] = new Blob([content]); // a copy: the content is changed in its place
  return content;
}

// A file as it comes, unpacked; what has passed is to be kept.
async function streamed(name) {
  const found = await fromShelf(name);
  if (found) return found;
  const passed = [];
  const collect = new TransformStream({
    transform(chunk, controller) {
      passed.push(chunk);
      controller.enqueue(chunk);
    },
    flush() {
      toKeep[name] = new Blob(passed);
    },
  });
  return unpack(await download(name)).pipeThrough(collect);
}

// A helper keeps it, so that Python answers meanwhile: also what an earlier visit did not come to keep.
function keepUnpacked() {
  const files = toKeep;
  toKeep = {};
  if (shelf.name && Object.keys(files).length) {
    helper ??= new Worker(import.meta.url, { type: 'module' });
    helper.postMessage({ type: 'keep', shelf: shelf.name, files });
  } else helper?.terminate();
}

async function keepForAnother({ shelf: name, files }) {
  await new Shelf(name, FOLDER).put(files);
  close();
}

// Pyodide asks for its files by name. From a snapshot it needs no standard library: what is imported late is fetched then.
const nativeFetch = self.fetch.bind(self);
let libraryIsNeeded = true;

self.fetch = async (request, options) => {
  const url = String(request.url ?? request);
  const name = url.startsWith(FOLDER) ? url.slice(FOLDER.length) : '';
  if (name === 'pyodide.asm.wasm') return new Response(); // compiled already, see below
  if (name === LIBRARY) return new Response(libraryIsNeeded ? await download(LIBRARY) : '');
  return nativeFetch(request, options);
};

// ---- starting ---------------------------------------------------------------------------------------

async function pyodideScript() {
  const text = await bytes(await streamed('script.xz'));
  const address = URL.createObjectURL(new Blob([text], { type: 'text/javascript' }));
  try {
    return (await import(address)).default;
  } finally {
    URL.revokeObjectURL(address);
  }
}

// The browser compiles while the runtime arrives, and goes on while the next file is unpacked.
async function compile() {
  const runtime = await streamed('runtime.xz');
  return WebAssembly.compileStreaming(new Response(runtime, { headers: { 'Content-Type': 'application/wasm' } }));
}

const allOf = async (promised) =>
  Object.fromEntries(await Promise.all(Object.entries(promised).map(async ([name, value]) => [name, await value])));

// Pyodide with its module compiled here; `prepare` gets the memory of the module before Pyodide touches it.
// What is missing of it is found before Pyodide starts, which would wait for it without end.
async function load(parts, { prepare = () => {}, ...options } = {}) {
  const { script: createPyodideModule, module } = await allOf(parts);
  const original = WebAssembly.instantiateStreaming;
  const failed = new Promise((_, reject) => {
    WebAssembly.instantiateStreaming = async (_response, imports) => {
      try {
        const instance = await WebAssembly.instantiate(module, imports);
        await prepare(instance.exports.memory);
        return { instance, module };
      } catch (error) {
        reject(error); // Pyodide would wait
        throw error;
      }
    };
  });
  const loaded = loadPyodide({ indexURL: FOLDER, lockFileContents: PYODIDE_LOCK, createPyodideModule, ...options });
  try {
    return await Promise.race([loaded, failed]);
  } finally {
    WebAssembly.instantiateStreaming = original;
  }
}

// A snapshot is made whole: what the fresh module has in its memory is put back. The memory grows to the snapshot's
// size, into which Pyodide copies without looking.
function restoreInto(memory, snapshot) {
  withFresh(snapshot, new Uint8Array(memory.buffer));
  const missing = Math.ceil((snapshot.length - memory.buffer.byteLength) / WASM_PAGE);
  if (missing > 0) memory.grow(missing);
}

// Pyodide itself waits for the snapshot, when the rest of it stands.
async function startFromSnapshot(snapshot, parts) {
  libraryIsNeeded = false;
  const prepare = async (memory) => restoreInto(memory, await snapshot);
  const py = await load(parts, { prepare, _loadSnapshot: snapshot });
  py.pyimport('course_bridge').fetch_when_missing((archive) => fetchArchive(py, archive));
  return py;
}

async function startPlainly(parts) {
  libraryIsNeeded = true;
  const py = await load(parts);
  py.FS.writeFile(PACKAGES, await bytes(await download('packages.zip')));
  py.runPython(`import sys; sys.path.append("${PACKAGES}"); import course_bridge`);
  return py;
}

// Python imports something that the snapshot does not hold, and waits: so this waits too.
function fetchNow(name) {
  const request = new XMLHttpRequest();
  request.open('GET', new URL(name, FOLDER), false);
  request.responseType = 'arraybuffer';
  request.send();
  if (request.status !== 200) throw new Error(`${name} could not be downloaded`);
  return new Uint8Array(request.response);
}

function fetchArchive(py, archive) {
  if (archive === 'packages') py.FS.writeFile(PACKAGES, fetchNow('packages.zip'));
  else py.FS.writeFile(py.runPython('import sys; next(path for path in sys.path if path.startswith("/lib") and path.endswith(".zip"))'), fetchNow(LIBRARY));
}

async function startPython({ files, shelf: name, useSnapshot }) {
  progress.sizes = files;
  progress.total = Object.values(files).reduce((sum, size) => sum + size, 0);
  shelf = new Shelf(name, FOLDER);
  const snapshot = useSnapshot ? unpackedSnapshot() : Promise.resolve();
  const parts = { script: pyodideScript(), module: compile() };
  for (const part of [snapshot, ...Object.values(parts)]) part.catch(() => {}); // reported where it is needed
  if (useSnapshot) {
    try {
      return [await startFromSnapshot(snapshot, parts), 'snapshot'];
    } catch (error) {
      postMessage({ type: 'note', text: `The quick start did not work (${error.message}); starting plainly.` });
      await shelf.forget();
      shelf = new Shelf(null, FOLDER);
    }
  }
  return [await startPlainly(parts), 'plain'];
}

// ---- messages ---------------------------------------------------------------------------------------

const lastLine = (error) => String(error.message || error).trim().split('\n').pop();

async function start(message) {
  try {
    const [py, how] = await startPython(message);
    const bridge = py.pyimport('course_bridge');
    const { start: begin, receive, finish, ask, practise } = bridge;
    python = { start: begin, receive, finish, ask, practise };
    postMessage({ type: 'live', how, answer: python.start(JSON.stringify(message.cells)) });
    keepUnpacked();
    practiseAtRest();
  } catch (error) {
    postMessage({ type: 'failed', reason: error.reason ?? { kind: 'error', error: lastLine(error) } });
  }
}

// While the reader rests, Python makes moves that nobody sees: a browser compiles what has run often, and without
// them a reader's first ten moves take several times as long as those after them.
const REST = 250;
let asked = 0;

function practiseAtRest() {
  if (performance.now() - asked < REST) setTimeout(practiseAtRest, REST);
  else if (python.practise()) setTimeout(practiseAtRest);
}

// Python waits for the bytes that it asks for: of a file on the reader's disk, this slice alone is ever in memory.
function readable(file) {
  if (!file) return undefined;
  const reader = new FileReaderSync();
  const slice = (start, end) => new Uint8Array(reader.readAsArrayBuffer(file.slice(start, end)));
  return { name: file.name, size: file.size, slice };
}

const ANSWERS = {
  update: ({ commId, data }) => python.receive(commId, data),
  finish: () => python.finish(),
  ask: ({ service, name, arguments: given, file }) => python.ask(service, name, given, readable(file)),
};

onmessage = ({ data: message }) => {
  asked = performance.now();
  if (message.type === 'start') start(message);
  else if (message.type === 'unpack') unpackForAnother(message);
  else if (message.type === 'keep') keepForAnother(message);
  else postMessage({ type: 'answer', id: message.id, answer: ANSWERS[message.type](message) });
};
