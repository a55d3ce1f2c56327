// node make_snapshot.mjs PYODIDE FOLDER MODULE...: boots the Pyodide of npm's folder PYODIDE, imports the
// bridge and the modules from FOLDER/packages.zip, and writes Python's memory to FOLDER/snapshot.bin (gzip),
// from which the page's worker starts.
// `_makeSnapshot` and `_loadSnapshot` are Pyodide's own, unpromised options: its version is pinned exactly.
import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import zlib from 'node:zlib';

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

const [pyodideName, folderName, ...modules] = process.argv.slice(2);
const folder = path.resolve(folderName);
const pyodide = path.resolve(pyodideName);
const { loadPyodide } = await import(pathToFileURL(path.join(pyodide, 'pyodide.mjs')).href);

const py = await loadPyodide({
  indexURL: pyodide + path.sep,
  lockFileURL: path.join(folder, 'pyodide-lock.json'),
  _makeSnapshot: true,
});
py.FS.writeFile('/packages.zip', fs.readFileSync(path.join(folder, 'packages.zip')));
py.runPython('import sys; sys.path.append("/packages.zip"); import course_bridge');
for (const name of modules) importOrStop(name);
py.runPython('import gc; gc.collect()'); // no JavaScript proxy may be alive now: runPython returned none

const memory = py.makeMemorySnapshot();
fs.writeFileSync(path.join(folder, 'snapshot.bin'), zlib.gzipSync(memory, { level: 9 }));
