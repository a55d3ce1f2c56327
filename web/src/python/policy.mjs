// When Python may start, decided from what the browser says of its connection (navigator.connection, which many
// browsers do not have) and of its pointer.
const GOOD_DOWNLINK = 5; // Mbit/s: Python's megabytes arrive in ten seconds

// What the reader gave up by saving data is theirs to spend: Python waits for its button.
export const waitsForButton = (connection) => Boolean(connection?.saveData);

// Unknown is not good: nobody's megabytes are spent on a guess.
export const isGood = (connection) =>
  connection?.effectiveType === '4g' && connection.downlink >= GOOD_DOWNLINK && !isMetered(connection);

export const isMetered = (connection) => Boolean(connection?.saveData) || connection?.type === 'cellular';

// In advance: when an explorer comes into view or the mouse rests on it. On a touch screen a thumb that scrolls past
// means nothing, so there, and on any connection that is not known to be good, only what the reader does counts.
export const startsInAdvance = (connection, coarsePointer) => isGood(connection) && !coarsePointer;

const CONTROLS = 'button, input, select, [contenteditable], [role=slider], [role=application], [data-set], .lc-range, .lc-typed';
const JUST_PASSING = new Set(['Tab', 'Shift', 'Control', 'Alt', 'Meta']);

// A click, a key or a mouse button on a control; a finger's touch becomes a click only if it was no scroll.
export function meansIt({ type, target, key, pointerType }) {
  if (type === 'keydown' && JUST_PASSING.has(key)) return false;
  if (type === 'pointerdown' && pointerType !== 'mouse') return false;
  return Boolean(target.closest?.('.lc-host')) && Boolean(target.closest(CONTROLS));
}
