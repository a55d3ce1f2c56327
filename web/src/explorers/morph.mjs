// Change a DOM tree into what new HTML says, touching only what differs: so focus, scroll positions, text
// selections and opened <details> survive each move of a control.
const KEPT = new Set(['open', 'tabindex']); // what the reader or the page script set, though new HTML lacks it

function sameKind(old, fresh) {
  return old.nodeType === fresh.nodeType && old.nodeName === fresh.nodeName && (old.id || '') === (fresh.id || '');
}

function morphAttributes(old, fresh) {
  for (const { name, value } of fresh.attributes) {
    if (name !== 'open' && old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  for (const { name } of [...old.attributes]) {
    if (!fresh.hasAttribute(name) && !KEPT.has(name)) old.removeAttribute(name);
  }
}

function morphNode(old, fresh) {
  if (!sameKind(old, fresh)) {
    old.replaceWith(fresh);
  } else if (old.nodeType === Node.ELEMENT_NODE) {
    morphAttributes(old, fresh);
    morphChildren(old, fresh);
  } else if (old.nodeValue !== fresh.nodeValue) {
    old.nodeValue = fresh.nodeValue;
  }
}

const isOurs = (node) => node.classList?.contains('lc-copy-button'); // put in by the page script, always last

function morphChildren(old, fresh) {
  const wanted = [...fresh.childNodes];
  const present = [...old.childNodes].filter((node) => !isOurs(node));
  const ours = [...old.childNodes].find(isOurs) ?? null;
  present.slice(wanted.length).forEach((node) => node.remove());
  wanted.forEach((node, index) => {
    if (present[index]) morphNode(present[index], node);
    else old.insertBefore(node, ours);
  });
}

export function morph(parent, html) {
  const template = document.createElement('template');
  template.innerHTML = html;
  morphChildren(parent, template.content);
}
