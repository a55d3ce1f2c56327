// Touch, hover or focus a symbol (data-sym) and everything that bears the same name lights up: the formula's
// letter, its number in the substitution line, its cells in the picture. Escape or a touch elsewhere puts it out.
// A formula is one stop of the Tab key; the arrow keys move between its symbols.
import { all } from '../dom.mjs';

const LIT = 'lc-lit';
const STEPS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };

let lit = null; // {container, name}

// A formula inside an explorer lights the whole explorer: that is where its cells are.
const containerOf = (symbol) => symbol?.closest('.lc-explorer') ?? symbol?.closest('.lc-formula, .lc-static');

function show(container, name) {
  for (const part of all('[data-sym]', container)) part.classList.toggle(LIT, part.dataset.sym === name);
  container.toggleAttribute('data-lit', Boolean(name));
  lit = name ? { container, name } : null;
}

function hide() {
  if (lit) show(lit.container, null);
}

function light({ target }) {
  const symbol = target.closest?.('[data-sym]');
  const container = containerOf(symbol);
  if (!container) return hide();
  if (lit?.container !== container) hide();
  return show(container, symbol.dataset.sym);
}

const symbolsOf = (formula) => all('.lc-sym', formula);

// The symbol that was focused last stays the one that Tab finds.
function makeOneStop(formula) {
  const symbols = symbolsOf(formula);
  const stop = symbols.find((symbol) => symbol === document.activeElement || symbol.tabIndex === 0) ?? symbols[0];
  for (const symbol of symbols) {
    symbol.tabIndex = symbol === stop ? 0 : -1;
    symbol.setAttribute('role', 'button');
  }
}

const makeStops = (root) => all('.lc-formula', root).forEach(makeOneStop);

function move(event) {
  const step = STEPS[event.key];
  const symbol = event.target.closest?.('.lc-formula .lc-sym');
  if (!step || !symbol) return;
  const symbols = symbolsOf(symbol.closest('.lc-formula'));
  const next = symbols[(symbols.indexOf(symbol) + step + symbols.length) % symbols.length];
  event.preventDefault();
  symbol.tabIndex = -1;
  next.tabIndex = 0;
  next.focus();
}

export function startSymbols() {
  makeStops(document);
  document.addEventListener('pointerover', light);
  document.addEventListener('focusin', light);
  document.addEventListener('pointerdown', light);
  document.addEventListener('keydown', (event) => (event.key === 'Escape' ? hide() : move(event)));
  document.addEventListener('lc-explorer-changed', ({ target }) => {
    makeStops(target);
    if (lit) show(lit.container, lit.name);
  });
}
