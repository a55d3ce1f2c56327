// Answers a move of the controls at once, without Python: the lines in sight are filled from what the book's build
// compiled (src/layercost/explorers/answers.py, telling.py). What only Python knows stays until Python says it.
import { evaluate, fill, fillText, grouped, lettersFor, lineFor, valuesOf } from '../live/compiled.mjs';
import { say } from '../words.mjs';
import { fits, longer, refusalOf, textOf } from './telling.mjs';

const SAID = '.lc-said:not(.lc-sketch .lc-said)'; // not that of a drawing field, which is about the drawing
const MAY_BE_NONE = /^p(_|$)/; // padding; of everything else there is one at least

const impossible = ({ given }) => Object.entries(given).some(([letter, number]) => number < 1 && !MAY_BE_NONE.test(letter));

// {quantity: its line and numbers} for the settings of the controls, or null where the page does not know all of them.
function answersFor(told, settings) {
  const sizes = told.axes.map((field) => settings[field]);
  const found = {};
  const asked = told.headlines.flatMap((quantity) => told.longer?.[quantity] ?? quantity);
  for (const quantity of new Set([...asked, ...told.said])) {
    const wanted = { ...settings, quantity };
    const line = lineFor(told.lines, wanted, (one) => fits(one, lettersFor(one, settings, sizes)));
    if (!line) return null;
    found[quantity] = { line, given: lettersFor(line, settings, sizes) };
  }
  for (const [quantity, both] of Object.entries(told.longer ?? {})) found[quantity] = longer(...both.map((one) => found[one]));
  return found;
}

// A line with a text of its own is written anew; all else has letters and a total.
const answerOf = ({ line, given }, units) => ('text' in line ? textOf(line, given, units) : evaluate(line, given));

// A line that would be too long stands as its total alone.
function shownAs(line, given) {
  const long = line.alone && fillText(line.copied, valuesOf(line, given), evaluate(line, given)).length > line.most;
  return long ? line.alone : line;
}

// A calculation that is no count, as Python's said_line has it; or a place of the explorer's own.
function showText(place, { name }, text) {
  if (name === undefined) {
    place.innerHTML = text;
    return;
  }
  place.querySelector('.lc-sub-name').textContent = name;
  place.querySelector('.lc-sub-line').innerHTML = `<span class="lc-formula">${text}</span>`;
  place.querySelector('.lc-copy')?.setAttribute('data-copy', text.replace(/<.*?>/g, ''));
}

function showLine(place, { line, given }) {
  const { html, copied } = shownAs(line, given);
  const row = place.querySelector('.lc-sub-line');
  if (row.dataset.form !== html) {
    row.innerHTML = html; // another form of the formula: Python wrote this line when the book was built
    row.dataset.form = html;
  }
  const total = fill(row, line, given);
  place.querySelector('.lc-copy')?.setAttribute('data-copy', `${fillText(copied, valuesOf(line, given), total)} ${line.unit}`);
  const name = line.quantity === 'flops' ? line.unit : line.name;
  if (name) place.querySelector('.lc-sub-name').textContent = name;
}

function show(place, answer, units) {
  if ('text' in answer.line) showText(place, answer.line, answerOf(answer, units));
  else showLine(place, answer);
}

export class Answers {
  constructor(root) {
    this.root = root;
    const data = root.querySelector('script.lc-compiled-data');
    this.told = data ? JSON.parse(data.textContent) : null;
    this.refused = ''; // why nothing can be built, where the page has said so
  }

  // [field, value] of each control that a choice sets anew, as the module of GoogLeNet does with its widths.
  begun = (field, text) => Object.entries(this.told?.begins?.[field]?.[text] ?? {});

  // Says why these settings cannot be built, if the page knows; what is still shown instead, Python adds. Only what the
  // page itself has said does it take back.
  #refuse(refused) {
    const place = this.root.querySelector('.lc-message .widget-html-content');
    if (place && (refused || this.refused)) {
      const kept = place.querySelector('.lc-kept')?.innerHTML;
      place.innerHTML = refused;
      if (refused && kept) place.querySelector('.lc-kept').innerHTML = kept;
    }
    this.refused = refused;
  }

  // Fills the lines for these settings; false where the page does not know, or where nothing can be built.
  fill(settings) {
    this.#refuse(refusalOf(this.told?.refused, settings));
    const found = this.told && !this.refused && answersFor(this.told, settings);
    if (!found || Object.values(found).some(impossible)) return false;
    const places = this.root.querySelectorAll('.lc-total :is(.lc-sub, .lc-own)');
    try {
      Object.values(found).forEach((one) => answerOf(one, this.told.units)); // all or none
    } catch {
      return false;
    }
    this.told.headlines.forEach((quantity, place) => places[place] && show(places[place], found[quantity], this.told.units));
    this.#say(...this.told.said.map((quantity) => found[quantity]));
    return true;
  }

  // The sentence of the live region, as Python says it (layercost/explorers/parts.py).
  #say(parameters, cost) {
    const said = this.root.querySelector(SAID);
    if (!said || !cost) return;
    said.textContent = say('{parameters} parameters; {cost} {unit} by {convention}', {
      parameters: grouped(evaluate(parameters.line, parameters.given)),
      cost: grouped(evaluate(cost.line, cost.given)),
      unit: cost.line.unit,
      convention: cost.line.convention,
    });
  }
}
