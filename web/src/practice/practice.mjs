// The practice page: a question, its verdict, a twin or another one; where the reader stands; what is kept of it.
import { element } from '../dom.mjs';
import { ask, watchPython } from '../python/running.mjs';
import { say } from '../words.mjs';
import { catalogue, first, freshSeed, oneOf, skillWords, today } from './bank.mjs';
import { Card } from './card.mjs';
import { chooser, fits } from './choosing.mjs';
import { judge } from './judge.mjs';
import { solutionOf } from './solution.mjs';
import { keeping } from './keeping.mjs';
import { Progress } from './progress.mjs';
import { placeBadge } from './python_beside.mjs';
import { standing } from './standing.mjs';

const HINT_PRICE = 0.5;

const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

let live = false;

class Practice {
  constructor(host, progress) {
    this.progress = progress;
    this.unused = [...first];
    this.last = null;
    this.#build(host);
  }

  // ---- what stands on the page

  #build(host) {
    this.status = element('p.lc-session', { 'aria-live': 'polite' });
    this.head = element('p.lc-question-head');
    this.place = element('div');
    this.verdict = element('div.lc-verdict', { role: 'status' });
    this.help = element('div.lc-help', { role: 'status' });
    this.primary = element('button.lc-primary', { type: 'submit' });
    this.hint = this.#button('', () => this.#showHint());
    this.solution = this.#button('', () => this.#showSolution());
    this.twin = this.#button(say('Same question, other numbers'), () => this.#next(true));
    this.another = this.#button(say('Another question'), () => this.#next(false));
    this.form = element('form.lc-practice-card', { novalidate: true },
      this.head, this.place, this.verdict, this.help,
      element('div.lc-actions', {}, this.primary, this.twin, this.another, this.hint, this.solution));
    this.form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.#enter();
    });
    this.chooser = chooser(this.progress, () => this.#next(false, { focus: false }));
    this.standing = standing(this.progress);
    host.replaceChildren(this.status, this.form);
    placeBadge(host);
    host.append(this.chooser.element, this.standing.element, keeping(this.progress, () => {
      this.chooser.refresh();
      this.#refresh();
    }));
  }

  #button(words, act) {
    const button = element('button', { type: 'button' }, words);
    button.addEventListener('click', act);
    return button;
  }

  // ---- which question comes

  #candidates(bank) {
    const wanted = bank.filter((question) => fits(question, this.progress.kept.wishes));
    const day = today();
    const due = new Set(this.progress.dueOn(day));
    const done = new Set(this.progress.answeredOn(day).map(({ id }) => id));
    const steps = [
      wanted.filter(({ id }) => due.has(id)),
      wanted.filter(({ id }) => !this.progress.hasMet(id) && !done.has(id)),
      wanted.filter(({ id }) => !done.has(id)),
      wanted,
    ];
    return steps.find((step) => step.length) ?? [];
  }

  // Of what comes next, a question of other skills than the last one: what is mixed stays.
  #choose(bank) {
    const candidates = this.#candidates(bank);
    const others = candidates.filter(({ skills }) => !skills.some((skill) => this.last?.skills.includes(skill)));
    return oneOf(others.length ? others : candidates);
  }

  // Before Python runs, one of the questions that the build posed.
  #posedByTheBuild() {
    const found = this.#choose(this.unused);
    this.unused = this.unused.filter((one) => one !== found);
    return found;
  }

  async #pose(twin) {
    if (twin) return ask('twin', this.posed.state, freshSeed());
    const ready = live ? null : this.#posedByTheBuild();
    if (ready) return ready;
    const chosen = this.#choose(catalogue);
    return chosen ? ask('pose', chosen.id, freshSeed()) : null;
  }

  // The last one asked for is shown, in whatever order they come.
  async #next(twin, { focus = true } = {}) {
    const wish = (this.wish = {});
    const waiting = this.#unlessSoon(say('The next question comes as soon as Python runs.'));
    try {
      const posed = await this.#pose(twin);
      if (wish === this.wish) this.#show(posed, focus);
    } catch (error) {
      if (wish === this.wish) this.#wait(say('This question could not be posed ({error}). Take another one.', { error: error.message }));
    } finally {
      clearTimeout(waiting);
    }
  }

  start = () => this.#next(false, { focus: false });

  // What is said where the answer does not come at once: that Python does not run yet, or that it takes its time.
  #unlessSoon(untilItRuns) {
    return setTimeout(() => this.#wait(live ? say('Python is at work on it.') : untilItRuns), 100);
  }

  #wait(words) {
    this.verdict.replaceChildren(element('p.lc-wait', {}, words));
  }

  #show(posed, focus) {
    this.verdict.replaceChildren();
    this.help.replaceChildren();
    this.posed = posed;
    this.place.replaceChildren();
    this.form.toggleAttribute('data-empty', !posed);
    if (!posed) {
      this.head.textContent = say('No question fits what you have chosen below; choose more.');
      return;
    }
    this.last = posed;
    this.price = 1;
    this.share = null; // what the first attempt earned
    const level = say('level {level}', { level: posed.level });
    this.head.textContent = [...posed.skills.map(skillWords), level].join(' · ');
    this.card = new Card(posed, { onChange: () => this.#changed() });
    this.place.append(this.card.element);
    this.used = new Set(); // of help
    this.#offer('check');
    if (focus) this.card.focus();
    this.#refresh();
  }

  // ---- what Enter does: check, then go on

  #offer(what) {
    this.does = what;
    const words = { check: say('Check'), another: say('Another question'), twin: say('Same question, other numbers') };
    this.primary.textContent = words[what];
    this.twin.hidden = what !== 'another';
    this.another.hidden = what === 'another';
    for (const help of [this.hint, this.solution]) help.hidden = what === 'another' || this.used.has(help);
    this.#tellPrices();
  }

  // After the first attempt help costs nothing more.
  #tellPrices() {
    const counted = this.share !== null;
    this.hint.textContent = counted ? say('Hint') : say('Hint (half of the points)');
    this.solution.textContent = counted ? say('Show the solution') : say('Show the solution (all of the points)');
  }

  #changed() {
    if (this.does === 'another') return;
    this.card.unmark();
    this.#offer('check');
  }

  async #enter() {
    if (this.does === 'check') await this.#check();
    else this.#next(this.does === 'twin');
  }

  async #mark(answers) {
    if (!live && this.posed.known) return judge(this.posed, answers);
    const waiting = this.#unlessSoon(say('Your answer is marked as soon as Python runs.'));
    try {
      return await ask('mark', this.posed.state, answers);
    } finally {
      clearTimeout(waiting);
    }
  }

  async #check() {
    const { posed, card } = this;
    const answers = card.answers();
    const marked = await this.#mark(answers);
    if (posed !== this.posed) return;
    if (!same(answers, card.answers())) { // what stands there now was not marked, but the attempt was made
      this.verdict.replaceChildren();
      if (!marked.malformed) await this.#count(posed, marked.share);
      return;
    }
    this.verdict.replaceChildren(...card.show(marked.fields));
    if (marked.malformed) {
      card.focusUnclear();
      return;
    }
    await this.#count(posed, marked.share);
    if (posed !== this.posed || !same(answers, card.answers())) return;
    if (marked.share === 1) card.freeze();
    this.#offer(marked.share === 1 ? 'another' : 'twin');
    if (marked.share === 1) this.primary.focus();
    this.verdict.append(element('p.lc-and-now', {}, marked.share === 1
      ? say('Enter: another question.')
      : say('Mend it and check again, or press Enter for the same question with other numbers.')));
  }

  // Only the first attempt counts, after the price of what helped.
  async #count({ id, skills }, share) {
    if (this.share !== null) return;
    this.share = share * this.price;
    await this.progress.note({ at: Date.now(), day: today(), id, skills, share: this.share });
    this.#tellPrices();
    this.#refresh();
    this.#reviewWaiting();
  }

  #reviewWaiting() {
    if (live) this.progress.review(ask).then(() => this.#refresh(), (error) => console.error('Nothing was scheduled:', error));
  }

  // ---- help, at its price

  #use(help) {
    this.used.add(help);
    help.hidden = true;
  }

  async #showHint() {
    const { posed } = this;
    this.#use(this.hint);
    const words = posed.known?.hint ?? (await ask('hint', posed.state));
    if (posed !== this.posed) return;
    if (this.share === null) this.price = Math.min(this.price, HINT_PRICE);
    this.help.append(element('p.lc-hint', {}, words));
    this.card.focus();
  }

  async #showSolution() {
    const { posed } = this;
    this.#use(this.solution);
    this.#use(this.hint);
    if (this.share === null || this.verdict.querySelector('[data-verdict=unclear]')) this.verdict.replaceChildren();
    if (!live) this.#wait(say('The solution comes as soon as Python runs.'));
    const solved = await ask('solve', posed.state);
    if (posed !== this.posed) return;
    if (!live || this.verdict.querySelector('.lc-wait')) this.verdict.replaceChildren();
    await this.#count(posed, 0);
    if (posed !== this.posed) return;
    this.help.append(solutionOf(solved));
    this.#offer('twin');
    this.primary.focus();
  }

  // ---- where the reader stands

  #refresh() {
    const day = today();
    const answered = this.progress.answeredOn(day).length;
    const due = this.progress.dueOn(day).length;
    this.status.textContent = say('Today: {answered} answered, {due} due again.', { answered, due });
    this.standing.refresh();
  }

  awake() {
    live = true;
    this.#reviewWaiting();
  }
}

export async function startPractice() {
  const practice = new Practice(document.querySelector('.lc-practice'), await Progress.open());
  watchPython({ live: () => practice.awake() });
  practice.start();
}
