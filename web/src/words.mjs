// What the page's scripts say, as data: an English text with {name} for each value. The text is the key of the
// page's catalogue (<script type="application/json" id="lc-words">), which holds it in another language.
let catalogue = null;

function words() {
  catalogue ??= JSON.parse(document.getElementById('lc-words')?.textContent || '{}');
  return catalogue;
}

// say('You said {guess}.', {guess: '30'}) -> 'You said 30.'
export function say(key, values = {}) {
  const text = words()[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}
