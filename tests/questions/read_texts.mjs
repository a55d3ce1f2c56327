// node read_texts.mjs READING: standard input is {rules, texts: [[text, unit, whole]...], shapes: [text...]}; standard
// output is what web/src/reading.mjs makes of each. Rationals are written as fractions, in full.
import { readFileSync } from 'node:fs';

const { rules, texts, shapes } = JSON.parse(readFileSync(0, 'utf8'));
globalThis.NUMBER_RULES = rules;
globalThis.document = { getElementById: () => null }; // where a page has its words: none, so English is spoken
const { readNumber, readQuantity, readShape } = await import(process.argv[2]);

const told = ({ value, unit, isApproximate, problem, position, isEmpty }) => (problem
  ? { problem, position, isEmpty }
  : { value: `${value.numerator}/${value.denominator}`, unit, isApproximate });

process.stdout.write(JSON.stringify({
  numbers: texts.map(([text, unit, whole]) => told(readNumber(text, unit, { whole }))),
  quantities: texts.map(([text, unit, whole]) => told(readQuantity(text, unit, whole))),
  shapes: shapes.map((text) => {
    const { sizes, problem, position, isEmpty } = readShape(text);
    return problem ? { problem, position, isEmpty } : { sizes };
  }),
}));
