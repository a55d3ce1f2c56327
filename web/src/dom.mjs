// Small helpers for making and finding elements.

// element('p.lc-note', {hidden: true}, 'text', child) -> <p class="lc-note" hidden>text<child/></p>
export function element(what, properties = {}, ...children) {
  const [tag, ...classes] = what.split('.');
  const made = document.createElement(tag);
  if (classes.length) made.className = classes.join(' ');
  for (const [name, value] of Object.entries(properties)) {
    if (name in made && typeof value !== 'string') made[name] = value;
    else made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

// A button with words on it, which does something; `what` may give it a class.
export function button(words, act, what = 'button') {
  const made = element(what, { type: 'button' }, words);
  made.addEventListener('click', act);
  return made;
}

const SVG = 'http://www.w3.org/2000/svg';

export function svgElement(tag, attributes = {}, ...children) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

export const all = (selector, root = document) => [...root.querySelectorAll(selector)];

let counter = 0;
export const freshId = (prefix) => `${prefix}-${(counter += 1)}`;

// The page's path below the site's root: the part of a key that says where something was left.
export const pageKey = (root) => location.pathname.slice(root.length) || 'index.html';
