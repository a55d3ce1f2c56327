// node typeset.mjs: reads lines of JSON {tex, display} and answers each with a line of JSON, its MathML.
import { createInterface } from 'node:readline';
import mathjax from 'mathjax';

const { tex2mml } = await mathjax.init({ loader: { load: ['input/tex'] }, startup: { typeset: false } });
for await (const line of createInterface({ input: process.stdin })) {
  const { tex, display } = JSON.parse(line);
  const written = tex2mml(tex, { display })
    .replace(/>\s+</g, '><').replace(/ data-mjx-[a-z-]+="[^"]*"/g, '')
    .replace(/<mi>(\p{L})<\/mi>/gu, '<mi class="lc-letter">$1</mi>'); // set in the page's own italics
  process.stdout.write(`${JSON.stringify(written)}\n`);
}
