// node judge_texts.mjs VERDICT: standard input is {rules, asked: [[text, answer]...]}; standard output is what
// web/src/text/verdict.mjs says to each text, where no mistake is known that gives it.
import { readFileSync } from 'node:fs';

const { rules, asked } = JSON.parse(readFileSync(0, 'utf8'));
globalThis.NUMBER_RULES = rules;
globalThis.document = { getElementById: () => null }; // where a page has its words: none, so English is spoken
const { exact, judge } = await import(process.argv[2]);

process.stdout.write(JSON.stringify(asked.map(([text, answer]) => judge(text, exact(answer), []))));
