// A field to draw on with the mouse, a finger or keys (Sketch in layercost/explorers/controls.py). The control is a
// text: 28 rows of 28 cells, each row as 7 hexadecimal digits. It takes the place of the text's own input.
import { element, freshId } from '../dom.mjs';
import { say } from '../words.mjs';
import { fieldOf, readRaw, writeRaw } from './controls.mjs';
import { cellsOf, drawingOr, SIDE, spelled, underPen } from './drawing.mjs';

const DOTS = 8; // canvas pixels for each cell

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

class Pad {
  constructor(explorer, model, host) {
    this.model = model;
    this.explorer = explorer;
    this.cursor = [SIDE / 2, SIDE / 2]; // column and row of the cell where the keys are
    this.penIsDown = false;
    this.inks = true; // or it takes ink away
    this.build(host);
    model.on('change:value', () => this.show(), this);
    this.show();
  }

  build(host) {
    const name = this.model.get('description');
    const help = element('span.lc-pad-help', { id: freshId('lc-pad-help') },
      say('Arrow keys move; space puts the pen down and lifts it; Delete takes ink away.'));
    this.canvas = element('canvas', { width: String(SIDE * DOTS), height: String(SIDE * DOTS), 'aria-hidden': 'true' });
    this.field = element('div.lc-pad', {
      role: 'application', tabindex: '0', 'aria-label': name, 'aria-roledescription': say('drawing field'), 'aria-describedby': help.id,
    }, this.canvas);
    this.heard = element('span.lc-said', { role: 'status' });
    this.erase = element('button.lc-erase', { type: 'button', 'aria-pressed': 'false' }, say('Erase'));
    this.erase.addEventListener('click', () => this.useInk(!this.inks));
    host.replaceChildren(element('span.lc-pad-name', { 'aria-hidden': 'true' }, name), this.field, help, this.heard);
    host.parentElement.querySelector('.lc-sketches')?.prepend(this.erase);
    this.field.addEventListener('pointerdown', (event) => this.press(event));
    this.field.addEventListener('pointermove', (event) => this.drag(event));
    for (const end of ['pointerup', 'pointercancel']) this.field.addEventListener(end, () => { this.last = null; });
    this.field.addEventListener('keydown', (event) => this.onKey(event));
    for (const kind of ['focus', 'blur']) this.field.addEventListener(kind, () => this.show());
  }

  useInk(inks) {
    this.inks = inks;
    this.erase.setAttribute('aria-pressed', String(!inks));
  }

  get text() {
    return drawingOr(readRaw(this.model));
  }

  change(places, inked) {
    const cells = cellsOf(this.text);
    for (const place of places) cells[place] = inked;
    const text = spelled(cells);
    if (text !== readRaw(this.model)) writeRaw(this.model, text);
  }

  // ---- mouse and finger

  pointOf({ clientX, clientY }) {
    const { left, top, width, height } = this.canvas.getBoundingClientRect();
    return [((clientX - left) / width) * SIDE, ((clientY - top) / height) * SIDE];
  }

  press(event) {
    if (event.button > 0) return;
    this.field.setPointerCapture(event.pointerId);
    this.last = this.pointOf(event);
    this.change(underPen(this.last, this.last), this.inks);
  }

  drag(event) {
    if (!this.last) return;
    const point = this.pointOf(event);
    this.change(underPen(this.last, point), this.inks);
    this.last = point;
  }

  // ---- keys

  onKey(event) {
    const step = ARROWS[event.key];
    const handled = step ? this.walk(step) : this.act(event.key);
    if (handled) event.preventDefault();
  }

  walk(step) {
    const from = this.middle();
    this.cursor = this.cursor.map((at, axis) => Math.min(SIDE - 1, Math.max(0, at + step[axis])));
    if (this.penIsDown) this.change(underPen(from, this.middle()), this.inks);
    this.show();
    this.tell();
    return true;
  }

  act(key) {
    if (key === ' ') {
      this.penIsDown = !this.penIsDown;
      if (this.penIsDown) this.change(underPen(this.middle(), this.middle()), this.inks);
    } else if (['Delete', 'Backspace'].includes(key)) {
      this.change(underPen(this.middle(), this.middle()), false);
    } else return false;
    this.show();
    this.tell();
    return true;
  }

  middle = () => this.cursor.map((at) => at + 0.5);

  tell() {
    const [column, row] = this.cursor;
    const where = { row: row + 1, column: column + 1 };
    const inked = cellsOf(this.text)[row * SIDE + column];
    this.heard.textContent = this.penIsDown
      ? say('Row {row}, column {column}, the pen is down', where)
      : inked ? say('Row {row}, column {column}, ink', where) : say('Row {row}, column {column}, empty', where);
  }

  // Black on nothing; the style sheet turns it over where the page is dark.
  show() {
    const pen = this.canvas.getContext('2d');
    pen.clearRect(0, 0, SIDE * DOTS, SIDE * DOTS);
    cellsOf(this.text).forEach((inked, place) => {
      if (inked) pen.fillRect((place % SIDE) * DOTS, Math.floor(place / SIDE) * DOTS, DOTS, DOTS);
    });
    if (document.activeElement !== this.field) return;
    pen.lineWidth = this.penIsDown ? 4 : 2;
    pen.strokeRect(this.cursor[0] * DOTS - 1, this.cursor[1] * DOTS - 1, DOTS + 2, DOTS + 2);
  }
}

// One pad for each text that is a drawing, in place of its input.
export function startSketches(explorer, host) {
  for (const place of host.querySelectorAll('.lc-sketch')) {
    const field = [...place.classList].find((name) => name.startsWith('lc-name-'))?.slice('lc-name-'.length);
    const model = [...explorer.controls.values()].find((one) => fieldOf(one) === field);
    if (model) new Pad(explorer, model, place);
  }
}
