// The page's one worker: starts Pyodide from the memory snapshot (or plainly), then answers messages.
// In:  {type: 'start', cells, files, useSnapshot}   {type: 'update', id, commId, data}  {type: 'finish', id}
//      {type: 'ask', id, name, arguments}, for a function of layercost.questions.service
// Out: {type: 'progress', loaded, total}  {type: 'note', text}  {type: 'live', answer, how}
//      {type: 'failed', reason: {kind, ...}}        {type: 'answer', id, answer}
// A worker of this worker unpacks one file beside it, on another processor.
// In:  {type: 'unpack', name}   Out: {type: 'progress', loaded}  {type: 'unpacked', content}  {type: 'failed', reason}
import { loadPyodide } from 'pyodide/pyodide.mjs';
import { XzReadableStream } from 'xz-decompress';
import { withFresh } from './memory.mjs';

/* global PYODIDE_LOCK -- written in by bundle.mjs */
const FOLDER = new URL('./', import.meta.url).href;
const PACKAGES = '/packages.zip';
const LIBRARY = 'python_stdlib.zip';
const WASM_PAGE = 65536;

let python = null;

// Why Python does not start, as data: the page says it in the reader's language.
class Trouble extends Error {
  constructor(kind, values) {
    super(`${kind}: ${Object.values(values).join(' ')}`);
    this.reason = { kind, ...values };
  }
}

// ---- downloads: packed files are unpacked here, so their size does not depend on the server -------

const progress = { loaded: 0, beside: 0, total: 0, announced: 0 };

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

// Each file is asked for at once, and handed out once to whoever needs it; a second start asks again.
const started = new Map();

function prefetch(names) {
  for (const name of names) {
    const stream = download(name);
    stream.catch(() => {}); // reported where the file is taken
    started.set(name, stream);
  }
}

function take(name) {
  const stream = started.get(name) ?? download(name);
  started.delete(name);
  return stream;
}

// The file's content, unpacked on another processor while this one unpacks the others.
function unpackedBeside(name) {
  return new Promise((resolve, reject) => {
    const helper = new Worker(import.meta.url, { type: 'module' });
    helper.onerror = (event) => {
      event.preventDefault();
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
async function unpacked(name) {
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
  close();
}

// Pyodide asks for its files by name. From a snapshot it needs no standard library: what is imported late is fetched then.
const nativeFetch = self.fetch.bind(self);
let libraryIsNeeded = true;

self.fetch = async (request, options) => {
  const url = String(request.url ?? request);
  const name = url.startsWith(FOLDER) ? url.slice(FOLDER.length) : '';
  if (name === 'pyodide.asm.wasm') return new Response(); // compiled already, see below
  if (name === LIBRARY) return new Response(libraryIsNeeded ? await take(LIBRARY) : '');
  return nativeFetch(request, options);
};

// ---- starting ---------------------------------------------------------------------------------------

async function pyodideScript() {
  const text = await bytes(unpack(await take('script.xz')));
  const address = URL.createObjectURL(new Blob([text], { type: 'text/javascript' }));
  try {
    return (await import(address)).default;
  } finally {
    URL.revokeObjectURL(address);
  }
}

// The browser compiles while the runtime arrives, and goes on while the next file is unpacked.
async function compile() {
  const runtime = unpack(await take('runtime.xz'));
  return WebAssembly.compileStreaming(new Response(runtime, { headers: { 'Content-Type': 'application/wasm' } }));
}

const allOf = async (promised) =>
  Object.fromEntries(await Promise.all(Object.entries(promised).map(async ([name, value]) => [name, await value])));

// Pyodide with its module compiled here; `prepare` gets the memory of the module before Pyodide touches it.
// What is missing is found before Pyodide starts, which would wait for it without end.
async function load({ prepare = () => {}, ...parts }) {
  const { script: createPyodideModule, module, ...options } = await allOf(parts);
  const original = WebAssembly.instantiateStreaming;
  WebAssembly.instantiateStreaming = async (_response, imports) => {
    const instance = await WebAssembly.instantiate(module, imports);
    prepare(instance.exports.memory);
    return { instance, module };
  };
  try {
    return await loadPyodide({ indexURL: FOLDER, lockFileContents: PYODIDE_LOCK, createPyodideModule, ...options });
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

async function startFromSnapshot(snapshotToCome, parts) {
  libraryIsNeeded = false;
  const snapshot = await snapshotToCome;
  const py = await load({ ...parts, prepare: (memory) => restoreInto(memory, snapshot), _loadSnapshot: snapshot });
  py.pyimport('course_bridge').fetch_when_missing((archive) => fetchArchive(py, archive));
  return py;
}

async function startPlainly(parts) {
  libraryIsNeeded = true;
  const py = await load(parts);
  py.FS.writeFile(PACKAGES, await bytes(await take('packages.zip')));
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

async function startPython({ files, useSnapshot }) {
  progress.total = Object.values(files).reduce((sum, size) => sum + size, 0);
  const snapshot = useSnapshot ? unpacked('snapshot.xz') : Promise.resolve();
  prefetch(['runtime.xz', 'script.xz']);
  const parts = { script: pyodideScript(), module: compile() };
  for (const part of [snapshot, ...Object.values(parts)]) part.catch(() => {}); // reported where it is needed
  if (useSnapshot) {
    try {
      return [await startFromSnapshot(snapshot, parts), 'snapshot'];
    } catch (error) {
      postMessage({ type: 'note', text: `The quick start did not work (${error.message}); starting plainly.` });
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
    python = { start: bridge.start, receive: bridge.receive, finish: bridge.finish, ask: bridge.ask };
    postMessage({ type: 'live', how, answer: python.start(JSON.stringify(message.cells)) });
  } catch (error) {
    postMessage({ type: 'failed', reason: error.reason ?? { kind: 'error', error: lastLine(error) } });
  }
}

const ANSWERS = {
  update: ({ commId, data }) => python.receive(commId, data),
  finish: () => python.finish(),
  ask: ({ name, arguments: given }) => python.ask(name, given),
};

onmessage = ({ data: message }) => {
  if (message.type === 'start') start(message);
  else if (message.type === 'unpack') unpackForAnother(message);
  else postMessage({ type: 'answer', id: message.id, answer: ANSWERS[message.type](message) });
};
