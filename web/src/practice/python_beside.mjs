// The badge under a page that poses questions, and when Python starts there: in advance on a good connection, with
// the first thing that the reader does otherwise, and with a button where data are saved.
import { element } from '../dom.mjs';
import { keepPython } from '../offline/page.mjs';
import { Badge } from '../python/badge.mjs';
import { inAdvance, savesData, size, startPython, startUnlessSaving, watchPython } from '../python/running.mjs';
import { say } from '../words.mjs';

const NAMES = { snapshot: () => say('Python sleeps') };
const SAYS = {
  saving: (told) => say('Your data saver is on: Python ({size}) starts only when you ask.', told),
  inAdvance: (told) => say('Python poses and marks questions in this page ({size}, once); it starts at once.', told),
  onTouch: (told) => say('Python poses and marks questions in this page ({size}, once); it starts with your first answer.', told),
  starting: () => say('new questions come as soon as it runs'),
  live: () => say('Python runs in this page: it draws the numbers and marks your answers.'),
  error: (reason) => say('Python stopped on an error: {reason}.', reason),
  failed: (reason) => say('because {reason}.', reason),
};
const CONTROLS = 'button, input, select, summary';

export function placeBadge(host) {
  const onStart = () => {
    startPython();
    host.querySelector('.lc-question input, .lc-primary')?.focus(); // the button that was pressed goes
  };
  const badge = new Badge({ onStart, says: SAYS, names: NAMES });
  const bar = element('div.lc-toolbar', {}, badge.badge, element('div.lc-tools', {}, badge.start));
  host.append(bar);
  badge.snapshot({ size, saving: savesData(), inAdvance: inAdvance() });
  watchPython(badge);
  watchPython({ live: () => keepPython(['python', 'questions']) });
  document.documentElement.dataset.lcPython = 'drawn';
  for (const kind of ['click', 'input', 'submit']) {
    host.addEventListener(kind, ({ target }) => (kind !== 'click' || target.closest(CONTROLS)) && startUnlessSaving(), { capture: true });
  }
  if (inAdvance()) startUnlessSaving();
  return badge;
}
