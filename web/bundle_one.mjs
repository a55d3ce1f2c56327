// node bundle_one.mjs ENTRY OUT NAME FILE: bundles one script into the file OUT, where NAME stands for FILE's JSON.
import fs from 'node:fs';
import path from 'node:path';
import esbuild from 'esbuild';

const [entry, out, name, file] = process.argv.slice(2);

await esbuild.build({
  entryPoints: [path.resolve(entry)],
  outfile: path.resolve(out),
  bundle: true,
  minify: true,
  format: 'esm',
  target: 'es2022',
  legalComments: 'eof',
  logLevel: 'warning',
  external: ['node:*', 'ws'], // of Pyodide's loader, for node, where it never runs
  define: { [name]: fs.readFileSync(path.resolve(file), 'utf8') },
});
