// Computes on the page what Python compiled (src/layercost/compiled.py): exact whole numbers, no eval, no download.
// A program is {letters: {name: number}, definitions: [[name, tree], ...], tree}; a tree is a letter, a number, or
// [sign, ...operands], as ["+", ["*", "C_out", 5], "C_out"]; ["sum", letter, many, term] adds up terms.
const fits = (right) => {
  if (right === 0n) throw new RangeError('division by zero');
};

// As Python's //: towards minus infinity, where BigInt's / goes towards zero.
export function floorDiv(left, right) {
  fits(right);
  const quotient = left / right;
  return left % right !== 0n && left < 0n !== right < 0n ? quotient - 1n : quotient;
}

export const ceilDiv = (left, right) => -floorDiv(-left, right);

export function exactDiv(left, right) {
  fits(right);
  if (left % right !== 0n) throw new RangeError(`expected ${right} to divide ${left}, but ${left % right} remains`);
  return left / right;
}

const larger = (left, right) => (left < right ? right : left);
const smaller = (left, right) => (right < left ? right : left);

const OPERATIONS = {
  '+': (left, right) => left + right,
  '-': (left, right) => left - right,
  '*': (left, right) => left * right,
  '**': (left, right) => left ** right,
  floor: floorDiv,
  ceil: ceilDiv,
  exact: exactDiv,
  max: larger,
  min: smaller,
};

// ["sum", letter, many, term]: the terms for the letter at 0, 1, ... many - 1.
function summed([letter, many, term], values) {
  const [inside, end] = [new Map(values), compute(many, values)];
  let total = 0n;
  for (let at = 0n; at < end; at += 1n) total += compute(term, inside.set(letter, at));
  return total;
}

export function compute(tree, values) {
  if (typeof tree === 'number') return BigInt(tree);
  if (typeof tree === 'string') {
    if (!values.has(tree)) throw new RangeError(`the letter ${tree} has no number`);
    return values.get(tree);
  }
  const [sign, ...operands] = tree;
  if (sign === 'whole') return BigInt(operands[0]);
  if (sign === 'sum') return summed(operands, values);
  return operands.map((operand) => compute(operand, values)).reduce(OPERATIONS[sign]);
}

// A definition is a size (H_out): where no window fits, Python refuses the setting too.
function positive(name, size) {
  if (size < 1n) throw new RangeError(`${name} would be ${size}`);
  return size;
}

// The number of each letter and definition, as a Map to BigInt. `given` is {name: number}; a letter that is not
// given keeps the number that it had in the book.
export function valuesOf(program, given = {}) {
  const values = new Map(Object.entries({ ...program.letters, ...given }).map(([name, value]) => [name, BigInt(value)]));
  for (const [name, tree] of program.definitions ?? []) values.set(name, positive(name, compute(tree, values)));
  return values;
}

// The total, as a BigInt; throws RangeError where no window fits, a quotient is not exact, a letter has no number.
export const evaluate = (program, given = {}) => compute(program.tree, valuesOf(program, given));

// Digits in groups of three, as Python writes {:,}.
export const grouped = (value) => String(value).replace(/\B(?=(\d{3})+$)/g, ',');

function write(place, text) {
  if (place.textContent !== text) place.textContent = text; // the node stays: focus and light stay with it
}

// Writes new numbers into a line that Python wrote (letters = numbers = total): `element` holds its .lc-formula.
export function fillLine(element, values, total) {
  const formula = element.querySelector('.lc-formula');
  for (const place of formula.querySelectorAll('.lc-num[data-sym]')) {
    if (values.has(place.dataset.sym)) write(place, grouped(values.get(place.dataset.sym)));
  }
  const last = formula.lastElementChild;
  if (last?.matches('.lc-num')) write(last, grouped(total));
}

// The plain text that is copied: a template with {d_in} for each number and {=} for the total.
export const fillText = (template, values, total) => template.replace(
  /\{(=|\w+)\}/g, (whole, name) => (name === '=' ? grouped(total) : values.has(name) ? grouped(values.get(name)) : whole),
);

// The line of `program` for the numbers in `given`, in place; returns the total. Definitions have lines of their
// own: give their elements as `where`, in the order of the program's definitions.
export function fill(element, program, given = {}, where = []) {
  const values = valuesOf(program, given);
  const total = compute(program.tree, values);
  fillLine(element, values, total);
  where.forEach((line, place) => fillLine(line, values, values.get(program.definitions[place][0])));
  return total;
}

// The line that holds for these settings ({quantity, convention, and a layer's fields}), or null where only Python
// knows it. Settings that a line says nothing about do not matter. `fits` may refuse a line for its numbers.
export function lineFor(lines, settings, fits = () => true) {
  const same = ([name, value]) => !(name in settings) || settings[name] === value;
  const other = ([name, value]) => !(name in settings) || settings[name] !== value;
  return lines.find((line) => (
    ['quantity', 'convention'].every((name) => !(name in line) || same([name, line[name]]))
    && Object.entries(line.when).every(same) && Object.entries(line.unless).every(other) && fits(line)
  )) ?? null;
}

// {letter: number} for a line, from {field: number} of a layer and the sizes of its input. `follows` of a line says
// how letters are computed from fields, `chosen` which numbers they have for an option of a field.
export function lettersFor(line, settings, sizes = []) {
  const given = {};
  line.axes.forEach((letter, place) => {
    if (sizes[place] !== undefined) given[letter] = sizes[place];
  });
  for (const [field, letter] of Object.entries(line.fields)) {
    if (typeof letter === 'string' && settings[field] !== undefined) given[letter] = settings[field];
  }
  const values = new Map(Object.entries(settings).filter(([, value]) => typeof value === 'number').map(([field, value]) => [field, BigInt(value)]));
  for (const [letter, tree] of Object.entries(line.follows ?? {})) given[letter] = compute(tree, values);
  for (const [field, letters] of Object.entries(line.chosen ?? {})) {
    for (const [letter, numbers] of Object.entries(letters)) given[letter] = numbers[settings[field]];
  }
  return given;
}

// ---- the lines of an explorer -------------------------------------------------------------------------------

const parsed = new WeakMap(); // an element with data-compiled -> {text, lines}

function linesOf(root) {
  const text = root.dataset.compiled;
  if (parsed.get(root)?.text !== text) parsed.set(root, { text, lines: JSON.parse(text) });
  return parsed.get(root).lines;
}

// All lines of a pane for new settings: `root` has data-compiled (Python's `lines` as JSON), and holds an element
// with data-quantity for each line. `settings` are {field: value} with the convention, `sizes` those of the input.
// Gives {quantity: total}, or null, and nothing is changed, where only Python knows the answer.
export function fillPane(root, settings, sizes = []) {
  const lines = linesOf(root);
  const found = [...root.querySelectorAll('[data-quantity]')].map((place) => {
    const line = lineFor(lines, { ...settings, quantity: place.dataset.quantity });
    return line?.holds ? { place, line, given: lettersFor(line, settings, sizes) } : null;
  });
  if (found.includes(null)) return null;
  let totals;
  try {
    totals = found.map(({ line, given }) => evaluate(line, given));
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
  found.forEach(({ place, line, given }) => {
    showForm(place, line);
    fill(place, line, given);
    const copy = place.querySelector('.lc-copy');
    if (copy) copy.dataset.copy = fillText(line.copied, valuesOf(line, given), evaluate(line, given));
  });
  return Object.fromEntries(found.map(({ place }, index) => [place.dataset.quantity, totals[index]]));
}

// A formula without the numbers that a page replaces, and without what lights up.
function skeleton(formula) {
  const copy = formula.cloneNode(true);
  for (const number of [...copy.querySelectorAll('.lc-num[data-sym]'), copy.lastElementChild]) number.textContent = '';
  for (const lit of copy.querySelectorAll('.lc-lit')) lit.classList.remove('lc-lit');
  return copy.innerHTML;
}

// Another form has another formula, which takes the place of the old one.
function showForm(place, line) {
  const template = document.createElement('template');
  template.innerHTML = line.html;
  const [fresh, shown] = [template.content.querySelector('.lc-formula'), place.querySelector('.lc-formula')];
  if (skeleton(fresh) !== skeleton(shown)) shown.replaceWith(fresh);
}
