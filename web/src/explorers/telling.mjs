// What an explorer says in sight that is no formula with a total (src/layercost/explorers/telling.py).
import { evaluate, grouped } from '../live/compiled.mjs';

// A text with {0}, {1}, ... for the numbers of its line.
export const textOf = (line, given) =>
  line.text.replace(/\{(\d+)\}/g, (_whole, place) => grouped(evaluate(line.numbers[place], given)));
