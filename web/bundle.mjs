// node bundle.mjs OUT RULES: bundles the page script into OUT/course.mjs, chunks that it loads when needed, and widgets.css.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import esbuild from 'esbuild';

const here = path.dirname(fileURLToPath(import.meta.url));
const [out, rules] = process.argv.slice(2, 4).map((each) => path.resolve(each));
const common = { bundle: true, minify: true, legalComments: 'eof', logLevel: 'warning' };

await esbuild.build({
  ...common,
  entryPoints: [path.join(here, 'src/course.mjs')],
  outdir: out,
  format: 'esm',
  splitting: true,
  target: 'es2022',
  outExtension: { '.js': '.mjs' },
  chunkNames: 'chunk-[name]-[hash]',
  define: {
    'process.env.NODE_ENV': '"production"',
    NUMBER_RULES: fs.readFileSync(rules, 'utf8'), // how typed numbers are read, as Python has it
  },
  // ipywidgets' sanitizer asks for node's path and url modules on a way that no explorer takes
  alias: { path: path.join(here, 'src/nothing.mjs'), url: path.join(here, 'src/nothing.mjs') },
});

await esbuild.build({
  ...common,
  entryPoints: [path.join(here, 'src/explorers/widgets.css')],
  outfile: path.join(out, 'widgets.css'),
  loader: { '.svg': 'dataurl', '.png': 'dataurl' },
});
