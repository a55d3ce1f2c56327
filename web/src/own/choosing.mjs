// Where a reader gives a model: a place to drop a file, a button that chooses one, a field to paste into, examples.
import { button, element } from '../dom.mjs';
import { say } from '../words.mjs';

const KNOWN = /\.(onnx|json)$/i;

// {file}, or {problem}: of several files the one that says what the model is.
export function oneOf(items, files) {
  if ([...(items ?? [])].some((item) => item.webkitGetAsEntry?.()?.isDirectory)) {
    return { problem: say('That is a folder. Drop a file: an .onnx file, or the config.json of a model.') };
  }
  const every = [...(files ?? [])];
  const known = every.filter(({ name }) => KNOWN.test(name));
  if (every.length === 1 || known.length === 1) return { file: known[0] ?? every[0] };
  return { problem: every.length ? say('One file at a time: an .onnx file, or the config.json of a model.') : say('No file came.') };
}

export class Chooser {
  constructor(examples, { onFile, onPaste, onProblem }) {
    this.onFile = onFile;
    this.onProblem = onProblem;
    this.input = element('input', { type: 'file', hidden: true, 'aria-label': say('File with a model') });
    this.input.addEventListener('change', () => {
      if (this.input.files.length) this.#take(null, this.input.files);
      this.input.value = '';
    });
    const choose = button(say('Choose a file'), () => this.input.click(), 'button.lc-own-choose');
    this.zone = element('div.lc-own-drop', {},
      element('p', {}, say('Drop an .onnx file or a config.json here')), choose, this.input);
    this.text = element('textarea', { id: 'lc-own-text', rows: 9, spellcheck: false, autocapitalize: 'off', autocomplete: 'off' });
    this.text.addEventListener('keydown', (event) => {
      if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) onPaste(this.text.value);
    });
    const count = button(say('Count it'), () => onPaste(this.text.value), 'button.lc-primary');
    const tries = examples.map((example) => button(example.words, () => this.#try(example, onPaste)));
    this.element = element('div.lc-own-choosing', {},
      this.zone,
      element('div.lc-own-paste', {},
        element('label', { for: 'lc-own-text' }, say('or paste layers, a configuration, or a name such as gpt2')),
        this.text,
        element('div.lc-own-actions', {}, count,
          element('span.lc-own-examples', { role: 'group', 'aria-label': say('Examples') }, element('span', {}, say('Try:')), ...tries))));
    this.#watchDrops();
  }

  #try(example, onPaste) {
    if (!example.content) {
      this.text.value = example.text;
      onPaste(example.text);
      return;
    }
    const bytes = Uint8Array.from(atob(example.content), (sign) => sign.charCodeAt(0));
    this.onFile(new File([bytes], example.file));
  }

  #take(items, files) {
    const { file, problem } = oneOf(items, files);
    if (file) this.onFile(file);
    else this.onProblem(problem);
  }

  // A file that misses the place would take the page's: the whole page takes it.
  #watchDrops() {
    const hasFile = ({ dataTransfer }) => [...(dataTransfer?.types ?? [])].includes('Files');
    document.addEventListener('dragover', (event) => {
      if (!hasFile(event)) return;
      event.preventDefault();
      this.zone.setAttribute('data-over', '');
    });
    for (const kind of ['dragleave', 'drop', 'dragend']) {
      document.addEventListener(kind, (event) => (kind !== 'dragleave' || !event.relatedTarget) && this.zone.removeAttribute('data-over'));
    }
    document.addEventListener('drop', (event) => {
      if (!hasFile(event)) return;
      event.preventDefault();
      this.#take(event.dataTransfer.items, event.dataTransfer.files);
    });
  }
}
