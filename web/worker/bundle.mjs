// node bundle.mjs FOLDER: bundles the page's worker, with Pyodide's loader and the unpacker, into FOLDER/worker.mjs.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import esbuild from 'esbuild';

const here = path.dirname(fileURLToPath(import.meta.url));
const folder = path.resolve(process.argv[2]);

await esbuild.build({
  entryPoints: [path.join(here, 'worker.mjs')],
  outfile: path.join(folder, 'worker.mjs'),
  bundle: true,
  minify: true,
  format: 'esm',
  target: 'es2022',
  legalComments: 'eof',
  logLevel: 'warning',
  external: ['node:*', 'ws'], // for node, where this never runs
  define: { PYODIDE_LOCK: fs.readFileSync(path.join(folder, 'pyodide-lock.json'), 'utf8') },
});
