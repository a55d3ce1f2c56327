// A drawing as text: 28 rows of 28 cells, each row as 7 hexadecimal digits (layercost/explorers/reader.py).
import { say } from '../words.mjs';

export const SIDE = 28;
const PER_ROW = SIDE / 4;
const SPELLED = new RegExp(`^[0-9a-f]{${SIDE * PER_ROW}}$`);
const PEN = 1.3; // cells from the middle of the pen to its edge

export const isSketch = (model) => (model.get('_dom_classes') ?? []).includes('lc-sketch');

// What an address may ask for.
export const readSketch = (text) =>
  (SPELLED.test(text) ? { raw: text } : { problem: say('a drawing: {count} digits, 0 to 9 and a to f', { count: SIDE * PER_ROW }) });

// A text that is no drawing is an empty one.
export const drawingOr = (text) => (SPELLED.test(text) ? text : '0'.repeat(SIDE * PER_ROW));

export const cellsOf = (text) => [...text].flatMap((digit) => [8, 4, 2, 1].map((bit) => Boolean(parseInt(digit, 16) & bit)));

export const spelled = (cells) =>
  Array.from({ length: cells.length / 4 }, (_, place) =>
    cells.slice(4 * place, 4 * place + 4).reduce((digit, inked) => 2 * digit + Number(inked), 0).toString(16)).join('');

// The cells under a pen that goes straight from one point to another, points in cells.
export function* underPen([x1, y1], [x2, y2], reach = PEN) {
  const steps = Math.max(1, Math.ceil(2 * Math.hypot(x2 - x1, y2 - y1)));
  for (let step = 0; step <= steps; step += 1) {
    const [x, y] = [x1 + ((x2 - x1) * step) / steps, y1 + ((y2 - y1) * step) / steps];
    for (let row = Math.max(0, Math.ceil(y - reach - 0.5)); row <= Math.min(SIDE - 1, y + reach - 0.5); row += 1) {
      for (let column = Math.max(0, Math.ceil(x - reach - 0.5)); column <= Math.min(SIDE - 1, x + reach - 0.5); column += 1) {
        if (Math.hypot(column + 0.5 - x, row + 0.5 - y) <= reach) yield row * SIDE + column;
      }
    }
  }
}
