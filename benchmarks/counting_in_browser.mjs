// node counting_in_browser.mjs PYODIDE PACKAGES: starts Pyodide as the page's worker does, but from nothing,
// and prints as JSON how many milliseconds the import of layercost and the table of ResNet-50 take in it.
import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const [pyodide, sources] = process.argv.slice(2).map((name) => path.resolve(name));
const { loadPyodide } = await import(pathToFileURL(path.join(pyodide, 'pyodide.mjs')).href);
const py = await loadPyodide({ indexURL: pyodide + path.sep });
py.FS.mkdirTree('/sources');
py.FS.mount(py.FS.filesystems.NODEFS, { root: sources }, '/sources');
const measured = py.runPython(`
import json, platform, sys, time
sys.path.insert(0, "/sources")
sys.dont_write_bytecode = True

def took(work, times=1):
    best = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        best.append(1000 * (time.perf_counter() - began))
    return min(best)

def start():
    import layercost

start_ms = took(start)
import layercost as lc
json.dumps({
    "python": platform.python_version(),
    "import": start_ms,
    "table": took(lambda: lc.table(lc.networks.resnet50()), 20),
})
`);
console.log(measured);
