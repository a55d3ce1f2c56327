// Touch, hover or focus a symbol (data-sym) and everything that bears the same name lights up: the formula's
// letter, its number in the substitution line, its cells in the picture. Escape or a touch elsewhere puts it out.
import { all } from '../dom.mjs';

const LIT = 'lc-lit';

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

export function startSymbols() {
  document.addEventListener('pointerover', light);
  document.addEventListener('focusin', light);
  document.addEventListener('pointerdown', light);
  document.addEventListener('keydown', ({ key }) => key === 'Escape' && hide());
  document.addEventListener('lc-explorer-changed', () => lit && show(lit.container, lit.name));
}
