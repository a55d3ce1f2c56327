// node make_snapshot.mjs PYODIDE FOLDER MODULE...: boots the Pyodide of npm's folder PYODIDE, imports the
// bridge and the modules from FOLDER/packages.zip, and writes Python's memory to FOLDER/snapshot.raw,
// from which the page's worker starts.
// `_makeSnapshot` and `_loadSnapshot` are Pyodide's own, unpromised options: its version is pinned exactly.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { withoutFresh } from './memory.mjs';

// A module that cannot be imported is the usual trouble: say Python's traceback, and not the line of minified
// code from which node would have it come.
function importOrStop(name) {
  try {
    py.runPython(`import ${name}`);
  } catch (error) {
    console.error(`The browser's Python cannot import ${name}:\n${error.message}`);
    process.exit(1);
  }
}

const LARGEST_GAP = 2 ** 18;

// Fill what malloc has free between what is in use with zeros, which pack to nothing: take such pieces, from large
// ones to the smallest, until malloc has to take from the untouched memory at the end; then give them all back.
function zeroFreeMemory({ _malloc, _free, _malloc_usable_size: sizeOf, _sbrk, HEAPU8 }) {
  const end = _sbrk(0);
  const taken = [];
  for (let size = LARGEST_GAP; size >= 8; size = size > 64 ? Math.floor(size * 0.8) : size - 8) {
    let piece = _malloc(size);
    for (; piece && piece + size < end; piece = _malloc(size)) {
      HEAPU8.fill(0, piece, piece + sizeOf(piece));
      taken.push(piece);
    }
    if (piece) _free(piece);
  }
  taken.forEach((piece) => _free(piece));
}

// What the module's memory holds before Python has done anything: the worker has it too, so it need not be sent.
let fresh = null;
const instantiate = WebAssembly.instantiate;
WebAssembly.instantiate = async (...inputs) => {
  const made = await instantiate(...inputs);
  if (made.instance?.exports.Py_InitializeFromConfig) fresh = new Uint8Array(made.instance.exports.memory.buffer).slice();
  return made;
};

const [pyodideName, folderName, ...modules] = process.argv.slice(2);
const here = path.dirname(fileURLToPath(import.meta.url));
const folder = path.resolve(folderName);
const pyodide = path.resolve(pyodideName);
const { loadPyodide } = await import(pathToFileURL(path.join(pyodide, 'pyodide.mjs')).href);

const py = await loadPyodide({
  indexURL: pyodide + path.sep,
  lockFileContents: JSON.parse(fs.readFileSync(path.join(folder, 'pyodide-lock.json'), 'utf8')),
  _makeSnapshot: true,
});
if (!fresh) throw new Error('Pyodide was instantiated in another way than make_snapshot.mjs expects');
py.FS.writeFile('/packages.zip', fs.readFileSync(path.join(folder, 'packages.zip')));
py.runPython('import sys; sys.path.append("/packages.zip"); import course_bridge');
for (const name of modules) importOrStop(name);
py.FS.writeFile('/slim_heap.py', fs.readFileSync(path.join(here, 'slim_heap.py')));
py.runPython('exec(open("/slim_heap.py").read(), {})'); // no JavaScript proxy may be alive now: runPython returned none
zeroFreeMemory(py._module);

fs.writeFileSync(path.join(folder, 'snapshot.raw'), withoutFresh(py.makeMemorySnapshot(), fresh));
