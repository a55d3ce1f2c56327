// One explorer of the page: its host, the models of its controls, its toolbar, and its part of the address.
import { ownConvention, shownConvention } from '../convention.mjs';
import { element } from '../dom.mjs';
import { copyAndSay } from '../text/copy.mjs';
import { say } from '../words.mjs';
import { Answers } from './answer.mjs';
import { changeEvent, explorerIdOf, fieldOf, fromText, giveNames, isChoice, modelsUnder, readRaw, toText, writeRaw } from './controls.mjs';
import { foldMore } from './more.mjs';
import { startSketches } from './sketch.mjs';
import { Toolbar } from './toolbar.mjs';
import { startTravel } from './travel.mjs';

const WAIT_IS_SHOWN_AFTER = 100; // ms

export class Explorer {
  constructor(place, manager, { onStart, onMoved }) {
    this.place = place;
    this.manager = manager;
    this.modelId = place.dataset.modelId;
    this.source = place.dataset.source;
    this.onMoved = onMoved;
    this.controls = new Map(); // field -> model
    this.initial = new Map(); // field -> the snapshot's value
    document.addEventListener('lc-convention', ({ detail }) => this.followConvention(detail.name));
    place.addEventListener('lc-explorer-set', ({ detail }) => this.set(detail));
    this.toolbar = new Toolbar({
      onStart,
      onReset: () => this.reset(),
      onCopyLink: (button) => copyAndSay(button, this.address().href),
    });
  }

  // Draw the view beside the printed form, then take its place in one go: nothing flickers, nothing is lost if it fails.
  async show(modelId = this.modelId) {
    const host = element('div.lc-host', { hidden: true });
    this.place.append(host);
    try {
      this.root = (await this.manager.show(modelId, host)).model;
    } catch (error) {
      host.remove();
      throw error;
    }
    for (const old of [...this.place.children]) if (old !== host) old.remove();
    host.hidden = false;
    this.answers = new Answers(host);
    giveNames(host);
    foldMore(host);
    startTravel(this, host);
    this.place.append(this.toolbar.element);
    await this.#watchControls();
    startSketches(this, host);
    this.changed();
    if (shownConvention() !== ownConvention) this.followConvention(shownConvention()); // chosen before this was drawn
  }

  async #watchControls() {
    this.id = explorerIdOf(this.root);
    for (const model of this.controls.values()) model.off(null, null, this);
    this.controls.clear();
    for (const model of await modelsUnder(this.root)) {
      const field = fieldOf(model);
      if (!field) continue;
      this.controls.set(field, model);
      if (!this.initial.has(field)) this.initial.set(field, readRaw(model));
      model.on(changeEvent(model), () => this.#moved(field), this);
    }
  }

  // One convention for the page: the explorer asks for the one that its reader chose, and follows the page's.
  followConvention(name) {
    const model = this.controls.get('convention');
    const { raw } = model ? fromText(model, name) : {};
    if (raw !== undefined && raw !== readRaw(model)) writeRaw(model, raw);
  }

  #moved(field) {
    if (field === 'convention') {
      const detail = { name: toText(this.controls.get(field)) };
      document.dispatchEvent(new CustomEvent('lc-convention-wished', { detail }));
    }
    this.#begin(field);
    this.answering ??= Promise.resolve().then(() => this.#followMove());
    clearTimeout(this.addressTimer);
    this.addressTimer = setTimeout(() => history.replaceState(history.state, '', this.address()), 250);
  }

  // After what moved the control has told Python, which then works while the page does.
  #followMove() {
    this.answering = null;
    this.#answer();
    if (this.onMoved()) this.#wait();
    else this.#showStale();
  }

  // A choice that sets other controls anew: Python does that, and as long as there is none, the page.
  #begin(field) {
    const model = this.controls.get(field);
    if (model.comm_live || !isChoice(model)) return;
    for (const [name, value] of this.answers.begun(field, toText(model))) writeRaw(this.controls.get(name), value);
  }

  // Numbers at once, from what the page can compute; pictures, and what it cannot, come from Python.
  #answer() {
    const settings = {};
    for (const [name, model] of this.controls) settings[name] = isChoice(model) ? toText(model) : readRaw(model);
    const answered = this.answers.fill(settings);
    this.place.toggleAttribute('data-unanswered', !answered);
    if (answered || this.answers.refused) this.redrawn('page');
  }

  #wait() {
    this.waiting ??= setTimeout(() => this.place.setAttribute('aria-busy', 'true'), WAIT_IS_SHOWN_AFTER);
  }

  // No answer will come (data saver, or Python failed): say that the numbers are those of the printed state.
  #showStale() {
    const stale = [...this.controls.keys()].some(this.isMoved);
    this.place.toggleAttribute('data-stale', stale);
    const words = this.place.hasAttribute('data-unanswered')
      ? say('The numbers belong to the printed state until Python runs; Reset goes back to it.')
      : say('The numbers are those that you set; the picture follows when Python runs.');
    this.toolbar.notice(stale ? words : '');
  }

  failed(reason) {
    this.changed();
    this.toolbar.failed(reason);
    this.#showStale();
  }

  // The page shows what Python answered: nothing is waited for, and the rest of the page script may look again.
  changed() {
    clearTimeout(this.waiting);
    this.waiting = null;
    this.place.removeAttribute('aria-busy');
    this.place.removeAttribute('data-unanswered');
    if (this.place.hasAttribute('data-stale')) {
      this.place.removeAttribute('data-stale');
      this.toolbar.notice('');
    }
    this.redrawn('python');
  }

  // `by` says who has answered a move: 'page' or 'python'; nobody where only the rest of the picture came.
  redrawn(by = null) {
    this.place.dispatchEvent(new CustomEvent('lc-explorer-changed', { bubbles: true, detail: by }));
  }

  // Whether what stands under *More* is in sight.
  isOpen = () => this.place.querySelector('.lc-host .lc-more:not([hidden])') !== null;

  // ---- state in the address: ?<id>.<field>=<value> for each value that is not the printed one

  isMoved = (field) => readRaw(this.controls.get(field)) !== this.initial.get(field);

  address() {
    const url = new URL(location.href);
    for (const [field, model] of this.controls) {
      const key = `${this.id}.${field}`;
      if (this.isMoved(field)) url.searchParams.set(key, toText(model));
      else url.searchParams.delete(key);
    }
    return url;
  }

  // True if the address asks for another state than the printed one. What it asks wrongly is said and left out.
  readAddress() {
    const asked = new URL(location.href).searchParams;
    const problems = [];
    for (const [field, model] of this.controls) {
      const text = asked.get(`${this.id}.${field}`);
      if (text === null) continue;
      const { raw, problem } = fromText(model, text);
      if (problem) problems.push(say('The address asks for {field} = {text}, but it takes {problem}.', { field, text: text.slice(0, 40), problem }));
      else if (raw !== readRaw(model)) writeRaw(model, raw);
    }
    if (problems.length) this.toolbar.notice(problems.join(' '));
    return [...this.controls.keys()].some(this.isMoved);
  }

  // A touch on a part of the picture that says data-set="field=value" sets that control.
  setByPicture(assignment) {
    const [field, ...rest] = assignment.split('=');
    const model = this.controls.get(field);
    const { raw } = model ? fromText(model, rest.join('=')) : {};
    if (raw !== undefined && raw !== readRaw(model)) writeRaw(model, raw);
  }

  // The page asks for a setting: {field: text, as an address says it}.
  set(settings) {
    for (const [field, text] of Object.entries(settings)) this.setByPicture(`${field}=${text}`);
  }

  reset() {
    for (const [field, model] of this.controls) {
      if (this.isMoved(field)) writeRaw(model, this.initial.get(field));
    }
  }
}
