// The page's one worker: starts Pyodide from the memory snapshot (or plainly), then answers messages.
// In:  {type: 'start', cells, files, useSnapshot}   {type: 'update', id, commId, data}
// Out: {type: 'progress', loaded, total}  {type: 'note', text}  {type: 'live', answer, how}
//      {type: 'failed', reason}           {type: 'answer', id, answer}
const FOLDER = new URL('./', import.meta.url).href;
const PACKAGES = '/packages.zip';
const WASM_PAGE = 65536;

let python = null;

class DownloadError extends Error {}

// ---- downloads: packed files are unpacked here, so their size does not depend on the server -------

const progress = { loaded: 0, total: 0, announced: 0 };

function countBytes() {
  return new TransformStream({
    transform(chunk, controller) {
      progress.loaded += chunk.byteLength;
      const now = performance.now();
      if (now - progress.announced > 80) {
        progress.announced = now;
        postMessage({ type: 'progress', loaded: progress.loaded, total: progress.total });
      }
      controller.enqueue(chunk);
    },
  });
}

async function download(name) {
  let response;
  try {
    response = await nativeFetch(new URL(name, FOLDER));
  } catch {
    throw new DownloadError(`${name} could not be downloaded; is the connection still there?`);
  }
  if (!response.ok) throw new DownloadError(`${name} is not on this site (the server answered ${response.status})`);
  return response.body.pipeThrough(countBytes());
}

const unpack = (stream) => stream.pipeThrough(new DecompressionStream('gzip'));
const bytes = async (stream) => new Uint8Array(await new Response(stream).arrayBuffer());

// Pyodide asks for its files by name; the WebAssembly module is kept packed under another name.
const nativeFetch = self.fetch.bind(self);
const packedNames = { 'pyodide.asm.wasm': ['runtime.bin', 'application/wasm'] };
const started = new Map();

self.fetch = async (request, options) => {
  const url = String(request.url ?? request);
  const name = url.startsWith(FOLDER) ? url.slice(FOLDER.length) : '';
  if (packedNames[name]) {
    const [file, type] = packedNames[name];
    return new Response(unpack(await take(file)), { headers: { 'Content-Type': type } });
  }
  if (name === 'python_stdlib.zip') return new Response(await take(name));
  return nativeFetch(request, options);
};

// Each file is asked for at once, and handed out once to whoever needs it; a second start asks again.
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

// ---- starting ---------------------------------------------------------------------------------------

async function loadPyodide(options) {
  let module;
  try {
    module = await import(new URL('pyodide.mjs', FOLDER).href);
  } catch {
    throw new DownloadError('pyodide.mjs could not be loaded from this site');
  }
  return module.loadPyodide({ indexURL: FOLDER, ...options });
}

async function addPackages(py) {
  py.FS.writeFile(PACKAGES, await bytes(await take('packages.zip')));
}

// A fresh instance has 30 MiB, and Pyodide copies a snapshot into it without looking whether it fits: while
// `work` runs, what is instantiated grows to `size` bytes first.
async function withRoomFor(size, work) {
  const originals = Object.entries({ instantiate: WebAssembly.instantiate, instantiateStreaming: WebAssembly.instantiateStreaming });
  for (const [name, original] of originals) {
    WebAssembly[name] = async (...inputs) => {
      const made = await original.apply(WebAssembly, inputs);
      const heap = (made.instance ?? made).exports?.memory;
      const missing = heap ? Math.ceil((size - heap.buffer.byteLength) / WASM_PAGE) : 0;
      if (missing > 0) heap.grow(missing);
      return made;
    };
  }
  try {
    return await work();
  } finally {
    for (const [name, original] of originals) WebAssembly[name] = original;
  }
}

async function startFromSnapshot() {
  const memory = await bytes(unpack(await take('snapshot.bin')));
  const py = await withRoomFor(memory.length, () => loadPyodide({ _loadSnapshot: memory }));
  await addPackages(py); // all is imported already; this is for what is imported late
  return py;
}

async function startPlainly() {
  const py = await loadPyodide({});
  await addPackages(py);
  py.runPython(`import sys; sys.path.append("${PACKAGES}"); import course_bridge`);
  return py;
}

async function startPython({ files, useSnapshot }) {
  progress.total = Object.values(files).reduce((sum, size) => sum + size, 0);
  prefetch(Object.keys(files).filter((name) => useSnapshot || name !== 'snapshot.bin'));
  if (useSnapshot) {
    try {
      return [await startFromSnapshot(), 'snapshot'];
    } catch (error) {
      postMessage({ type: 'note', text: `The quick start did not work (${error.message}); starting plainly.` });
    }
  }
  return [await startPlainly(), 'plain'];
}

// ---- messages ---------------------------------------------------------------------------------------

async function start(message) {
  try {
    const [py, how] = await startPython(message);
    const bridge = py.pyimport('course_bridge');
    python = { start: bridge.start, receive: bridge.receive };
    postMessage({ type: 'live', how, answer: python.start(JSON.stringify(message.cells)) });
  } catch (error) {
    const reason = error instanceof DownloadError ? error.message : String(error.message || error).trim().split('\n').pop();
    postMessage({ type: 'failed', reason });
  }
}

onmessage = ({ data: message }) => {
  if (message.type === 'start') start(message);
  else postMessage({ type: 'answer', id: message.id, answer: python.receive(message.commId, message.data) });
};
