// The page where a reader's own model is counted: a file is read in Python's worker, slice by slice, a text as it is.
// Nothing leaves this machine. Whatever goes wrong with a model, the last good table, the text and the settings stay.
import { all, button, element, freshId } from '../dom.mjs';
import { keepPython } from '../offline/page.mjs';
import { Badge } from '../python/badge.mjs';
import { askOf, hasFailed, inAdvance, isStarted, restartPython, savesData, size, startPython, startUnlessSaving, Stopped, watchPython, whenPythonLives } from '../python/running.mjs';
import { saveAs } from '../save.mjs';
import { copyAndSay } from '../text/copy.mjs';
import { say } from '../words.mjs';
import { Chooser } from './choosing.mjs';
import { Controls } from './controls.mjs';
import { asksForModel, linkTo, readLink } from './link.mjs';

const LONGEST = 30_000; // ms that a model may take; then Python is stopped, and starts anew
const SHOWN_AFTER = 150; // ms
const STOP_AFTER = 1000; // ms after which a button stops it
const TYPES = { csv: 'text/csv', md: 'text/markdown' };

const SAYS = {
  saving: (told) => say('Your data saver is on: Python ({size}) starts only when you ask.', told),
  inAdvance: (told) => say('Python counts models in this page ({size}, once); it starts at once.', told),
  onTouch: (told) => say('Python counts models in this page ({size}, once); it starts with your first model.', told),
  starting: () => say('your model is counted as soon as it runs'),
  live: () => say('Python runs in this page: your model stays on this machine.'),
  error: (reason) => say('Python stopped on an error: {reason}.', reason),
  failed: (reason) => say('because {reason}.', reason),
};

class OwnModel {
  constructor(host, data) {
    this.first = data.examples[0];
    this.title = data.title;
    this.source = this.#ofText(this.first.text);
    this.shown = null; // {source, settings} of the table that stands there
    this.rows = '';
    this.busy = this.again = this.live = false;
    this.#build(host, data);
  }

  // ---- what stands on the page

  #build(host, data) {
    const printed = host.querySelector('.lc-own-result');
    this.chooser = new Chooser(data.examples, {
      onFile: (file) => this.take(this.#ofFile(file)),
      onPaste: (text) => this.take(this.#ofText(text)),
      onProblem: (problem) => this.#tell(problem),
    });
    this.chooser.text.value = this.first.text;
    this.status = element('span', { role: 'status' });
    this.stop = button(say('Stop'), () => this.#halt(say('You stopped it.')), 'button.lc-own-stop');
    this.stop.hidden = true;
    this.problem = element('p.lc-own-problem', { role: 'alert', hidden: true });
    this.controls = new Controls(data, () => this.#changed());
    this.result = printed;
    this.readings = element('div.lc-own-readings', { 'aria-live': 'off' });
    this.tools = element('section', { hidden: true }, element('h3', {}, say('What each tool prints')), this.readings);
    this.exports = element('p.lc-own-exports', { hidden: true },
      ...Object.entries({ csv: say('Save as CSV'), md: say('Save as Markdown') }).map(([form, words]) => button(words, () => this.#export(form, ({ name, text }) => saveAs(name, text, TYPES[form])))),
      button(say('Copy as Markdown'), ({ target }) => this.#export('md', ({ text }) => copyAndSay(target, text))));
    this.result.addEventListener('click', ({ target }) => target.closest('[data-own=rows]') && this.#allRows());
    host.replaceChildren(
      this.chooser.element, this.#toolbar(),
      element('p.lc-own-status', {}, this.status, ' ', this.stop), this.problem,
      this.controls.element, this.result, this.exports, this.tools);
  }

  #toolbar() {
    this.badge = new Badge({ onStart: startPython, says: SAYS, names: { snapshot: () => say('Python sleeps') } });
    this.badge.snapshot({ size, saving: savesData(), inAdvance: inAdvance() });
    watchPython(this.badge);
    watchPython({ live: () => this.#lives(), failed: () => this.#broken() });
    const link = button(say('Copy link'), () => this.#copyLink(link), 'button.lc-copy-link');
    link.setAttribute('aria-live', 'polite');
    const tools = element('div.lc-tools', {}, this.badge.start, button(say('Reset'), () => this.reset(), 'button.lc-reset'), link);
    return element('div.lc-toolbar', {}, this.badge.badge, tools);
  }

  // ---- which model

  #ofText = (text) => ({ told: { id: freshId('text'), kind: 'text', text }, file: null });
  #ofFile = (file) => ({ told: { id: freshId('file'), kind: 'file', name: file.name }, file });

  take(source, settings = null) {
    this.source = source;
    this.rows = '';
    this.controls.set(settings ?? { batch: this.controls.settings().batch });
    if (!source.file && !source.told.text.trim()) {
      this.#tell(say('There is nothing to count yet: drop a file, or paste a model.'));
      return;
    }
    if (hasFailed()) startPython();
    this.look();
  }

  reset() {
    this.controls.set({});
    this.chooser.text.value = this.first.text;
    this.take(this.#ofText(this.first.text));
  }

  #changed() {
    this.look();
  }

  #allRows() {
    this.rows = 'all';
    this.look();
  }

  // ---- asking Python: one question at a time, the newest last

  async look() {
    startUnlessSaving();
    this.again = true;
    if (this.busy) return;
    this.busy = true;
    while (this.again) {
      this.again = false;
      await this.#lookOnce();
      if (!this.again && this.shown?.source === this.source) await this.#readTools();
    }
    this.busy = false;
  }

  #settings = () => ({ ...this.controls.settings(), ...(this.rows && { rows: this.rows }) });

  async #lookOnce() {
    const { source } = this;
    const settings = this.#settings();
    const answer = await this.#asked('look', source, settings);
    if (source !== this.source || !answer) return;
    if (answer.takes && !(answer.problem && this.shown?.source === source)) this.controls.offer(answer.takes);
    if (answer.problem) {
      this.#refuse(answer.problem);
      return;
    }
    this.#tell('');
    this.shown = { source, settings };
    this.title = answer.title;
    this.result.innerHTML = answer.html; // Python escapes all that a model says
    this.result.removeAttribute('data-stale');
    this.exports.hidden = this.tools.hidden = false;
    this.status.textContent = say('{title} is counted.', answer);
    this.#redrawn(this.result);
    this.#remember(source, settings);
  }

  async #readTools() {
    const { source } = this;
    this.tools.setAttribute('aria-busy', 'true');
    const answer = await this.#asked('readings', source, this.#settings());
    this.tools.removeAttribute('aria-busy');
    if (source !== this.source || !answer) return;
    if (answer.problem) this.readings.replaceChildren(element('p', {}, answer.problem));
    else this.readings.innerHTML = answer.html;
    this.#redrawn(this.readings);
  }

  // Python's answer; null where it was stopped, or broke down, which is said.
  async #asked(name, source, settings, ...more) {
    const shown = setTimeout(() => name === 'look' && this.#sayWaiting(source), SHOWN_AFTER);
    await whenPythonLives();
    const stop = setTimeout(() => { this.stop.hidden = false; }, STOP_AFTER);
    const halt = setTimeout(() => this.#halt(say('It took more than {seconds} seconds, and was stopped.', { seconds: LONGEST / 1000 })), LONGEST);
    try {
      return await askOf('own_model', name, [source.told, settings, ...more], source.file);
    } catch (error) {
      if (!(error instanceof Stopped)) this.#refuse(say('{name} could not be counted: {error}', { name: this.#nameOf(source), error: error.message }));
      return null;
    } finally {
      [shown, stop, halt].forEach(clearTimeout);
      this.stop.hidden = true;
    }
  }

  #sayWaiting(source) {
    const told = { name: this.#nameOf(source) };
    if (this.live) this.status.textContent = say('Counting {name}…', told);
    else if (isStarted()) this.status.textContent = say('Python starts, and then counts {name}…', told);
    else this.status.textContent = say('{name} is counted when Python runs: press Start Python.', told);
  }

  #nameOf = ({ told }) => (told.kind === 'file' ? told.name.slice(0, 80).replace(/\p{C}/gu, '\uFFFD') : say('the text'));

  #halt(why) {
    this.again = this.live = false;
    this.#refuse(say('{name} was not counted. {why}', { name: this.#nameOf(this.source), why }));
    this.source = this.shown?.source ?? this.source;
    restartPython();
  }

  #lives() {
    this.live = true;
    keepPython(['python', 'questions']);
  }

  // Python itself broke down, on a model: another one takes its place. One that never started has said why.
  #broken() {
    if (this.live && this.busy) this.#halt(say('Python could not read it to the end.'));
    else this.status.textContent = '';
  }

  // ---- what is said

  #tell(problem) {
    this.problem.textContent = problem;
    this.problem.hidden = !problem;
    if (problem) this.status.textContent = '';
  }

  // Why a model is not counted, and whose table still stands there.
  #refuse(problem) {
    const isName = this.source.file && problem.startsWith(this.source.told.name);
    const first = isName ? problem.charAt(0) : problem.charAt(0).toUpperCase();
    const sentence = `${first}${problem.slice(1)}`.replace(/[.?!]?$/, (end) => end || '.');
    this.#tell(`${sentence} ${say('The table below is still that of {title}.', { title: this.title })}`);
    this.result.toggleAttribute('data-stale', true);
  }

  #redrawn(place) {
    place.dispatchEvent(new CustomEvent('lc-explorer-changed', { bubbles: true }));
  }

  // ---- taking it along

  #remember({ told }, settings) {
    const url = told.kind === 'text' && (told.text !== this.first.text || Object.keys(settings).length > 1) ? linkTo({ text: told.text, settings }) : null;
    if (!url && !asksForModel()) return;
    const bare = new URL(location.href);
    bare.hash = '';
    history.replaceState(history.state, '', url ?? bare);
  }

  #copyLink(link) {
    const { told } = this.source;
    if (told.kind === 'file') {
      this.#tell(say('A file stays on this machine: a link brings back a pasted model, and no file.'));
      return;
    }
    const url = linkTo({ text: told.text, settings: this.controls.settings() });
    if (url) copyAndSay(link, url.href);
    else this.#tell(say('This text is too long for a link.'));
  }

  // The table that stands there, whatever has been asked for since.
  async #export(form, take) {
    const { source, settings } = this.shown;
    const answer = await this.#asked('export', source, settings, form);
    if (answer?.text) take(answer);
    else if (answer) this.#tell(answer.problem);
  }

  // The model of the address, if it has one.
  restore() {
    if (!asksForModel()) return;
    const found = readLink();
    if (!found) {
      this.#tell(say('The address asks for a model, but its link is cut off or changed.'));
      return;
    }
    this.chooser.text.value = found.text;
    this.take(this.#ofText(found.text), found.settings);
  }
}

export function startOwnModel() {
  const data = JSON.parse(document.querySelector('script.lc-own-data').textContent);
  for (const host of all('.lc-own-model')) {
    const page = new OwnModel(host, data);
    document.documentElement.dataset.lcPython = 'drawn';
    addEventListener('hashchange', () => page.restore());
    page.restore();
    if (inAdvance()) startUnlessSaving();
  }
}
