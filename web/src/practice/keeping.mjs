// What is kept of the reader's practice: where, and how it is taken along, brought back and deleted.
import { button, element } from '../dom.mjs';
import { saveAs } from '../save.mjs';
import { say } from '../words.mjs';
import { today } from './bank.mjs';

export function keeping(progress, onChange) {
  const said = element('p.lc-kept-said', { role: 'status' });
  const file = element('input', { type: 'file', accept: '.json,application/json', id: 'lc-progress-file', 'aria-label': say('File with progress') });
  file.addEventListener('change', async () => {
    try {
      const { answers } = await progress.join(await file.files[0].text());
      said.textContent = say('Read: {count} answers. They were joined with what was here.', { count: answers.length });
      onChange();
    } catch (error) {
      said.textContent = error.message;
    }
    file.value = '';
  });
  file.hidden = true;
  const erase = button(say('Delete everything'), () => {
    if (!erase.hasAttribute('data-sure')) {
      erase.setAttribute('data-sure', '');
      erase.textContent = say('Delete it for good');
      keep.hidden = false;
      said.textContent = say('All answers, dates and exam results on this device will be deleted. Press once more to do it.');
      return;
    }
    calm();
    progress.erase().then(() => {
      said.textContent = say('Everything is deleted.');
      onChange();
    });
  });
  const calm = () => {
    erase.removeAttribute('data-sure');
    erase.textContent = say('Delete everything');
    keep.hidden = true;
  };
  const keep = button(say('Keep it'), () => {
    calm();
    said.textContent = '';
    erase.focus();
  });
  keep.hidden = true;
  const save = button(say('Save as a file'), () => saveAs(`every-flop-counts-${today()}.json`, progress.file(), 'application/json'));
  return element('section.lc-keeping', { 'aria-labelledby': 'your-progress' },
    element('h2', { id: 'your-progress' }, say('Your progress is yours')),
    element('p', {}, say('It stays in this browser on this device; nobody else gets it. Save it as a file to take it along or to be safe: a browser may delete what a site keeps.')),
    element('p.lc-actions', {}, save, button(say('Read a file'), () => file.click()), file, erase, keep), said);
}
