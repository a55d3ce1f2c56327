// The page of the mock exams: choosing one, writing it against the clock, and its marks at the end.
import { all, button, element, freshId } from '../dom.mjs';
import { ask, startPython } from '../python/running.mjs';
import { say } from '../words.mjs';
import { exams, freshSeed } from './bank.mjs';
import { Card } from './card.mjs';
import { countOf, drawn, Paper } from './paper.mjs';
import { Progress } from './progress.mjs';
import { placeBadge } from './python_beside.mjs';
import { earlierResults, markedResult, showResult } from './results.mjs';

const TOLD_AT = [600, 300, 60]; // seconds left, which are said aloud

export const clock = (ms) => {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
};

const modeWords = ({ mode, factor }) => (mode === 'napkin'
  ? say('napkin: no calculator, right within a factor of {factor}', { factor })
  : say('with a calculator'));

class Exams {
  constructor(host, progress) {
    this.progress = progress;
    this.body = element('div.lc-exam-body');
    this.earlier = element('section.lc-earlier');
    host.replaceChildren(this.body);
    placeBadge(host);
    host.append(this.earlier);
  }

  async start() {
    this.paper = await Paper.open();
    if (!this.paper) this.choose();
    else if (Date.now() < this.paper.ends) this.write();
    else this.finish();
  }

  // ---- choosing

  choose() {
    this.paper = null;
    const name = freshId('exam');
    const options = exams.map((exam, place) => {
      const input = element('input', { type: 'radio', name, id: freshId('exam'), value: exam.id, checked: place === 0 });
      const facts = say('{count} questions, {minutes} minutes, {mode}', { count: countOf(exam), minutes: exam.minutes, mode: modeWords(exam) });
      return element('div.lc-blueprint', {}, input,
        element('label', { for: input.id }, element('b', {}, exam.title), element('span.lc-facts', {}, facts), element('span', {}, exam.words)));
    });
    this.said = element('p.lc-exam-said', { role: 'status' });
    const begin = element('button.lc-primary', { type: 'submit' }, say('Begin'));
    const form = element('form', {}, element('fieldset.lc-blueprints', {}, element('legend', {}, say('Which exam?')), ...options),
      element('p.lc-actions', {}, begin), this.said);
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      begin.disabled = true;
      this.begin(exams.find(({ id }) => id === form.querySelector('input:checked').value)).catch((error) => {
        begin.disabled = false;
        this.said.textContent = say('The exam could not begin: {error}', { error: error.message });
      });
    });
    this.body.replaceChildren(form);
    this.showEarlier();
  }

  // The button that was pressed is gone: who comes back stands at the exams.
  chooseAgain() {
    this.choose();
    this.body.querySelector('input').focus({ preventScroll: true });
    this.body.scrollIntoView({ block: 'start' });
  }

  async begin(exam) {
    startPython();
    this.said.textContent = say('The questions are drawn as soon as Python runs. The clock starts with the first question.');
    const questions = [];
    for (const id of drawn(exam)) questions.push(await ask('pose', id, freshSeed()));
    this.paper = Paper.begin(exam, questions);
    await this.paper.save();
    this.write();
    this.card.focus();
  }

  // ---- writing

  write() {
    const { exam, questions } = this.paper;
    this.earlier.replaceChildren();
    this.left = element('span.lc-clock', { role: 'timer' });
    this.share = element('span.lc-clock-share', { role: 'timer' });
    this.aloud = element('p.lc-aloud', { role: 'status' });
    const places = questions.map((_, place) => button(String(place + 1), () => this.goTo(place)));
    this.overview = element('nav.lc-overview', { 'aria-label': say('Questions of the exam') }, element('ol', {}, ...places.map((one) => element('li', {}, one))));
    this.head = element('h2.lc-question-number', { tabindex: '-1' });
    this.place = element('div');
    this.back = button(say('Back'), () => this.goTo(this.paper.at - 1));
    this.next = element('button.lc-primary', { type: 'submit' }, say('Next'));
    this.hand = button(say('Hand in'), () => this.handIn());
    const form = element('form.lc-practice-card', { novalidate: true }, this.head, this.place,
      element('div.lc-actions', {}, this.next, this.back, this.hand), this.aloud);
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.onward();
    });
    const bar = element('div.lc-exam-bar', {}, element('b', {}, exam.title), this.left, this.share);
    this.body.replaceChildren(bar, this.overview, form);
    this.showQuestion();
    this.tick();
    this.ticking = setInterval(() => this.tick(), 500);
  }

  showQuestion() {
    const { at, questions, kept, exam } = this.paper;
    this.hand.removeAttribute('data-sure');
    this.hand.textContent = say('Hand in');
    this.card = new Card(questions[at], { typed: kept.answers[at], onChange: () => this.keep() });
    this.head.textContent = say('Question {place} of {all}', { place: at + 1, all: questions.length });
    const within = exam.factor > 1 && questions[at].kind === 'compute'
      ? [element('p.lc-within', {}, say('No calculator: from 100 on, a number within a factor of {factor} is right.', { factor: exam.factor }))] : [];
    this.place.replaceChildren(this.card.element, ...within);
    this.isShownClosed = this.paper.isClosed(at);
    if (this.isShownClosed) this.card.freeze();
    this.back.disabled = at === 0;
    this.next.hidden = at === questions.length - 1;
    this.hand.classList.toggle('lc-primary', this.next.hidden);
    this.markOverview();
  }

  markOverview() {
    const { paper } = this;
    all('button', this.overview).forEach((one, place) => {
      one.toggleAttribute('data-answered', paper.isAnswered(place));
      if (place === paper.at) one.setAttribute('aria-current', 'step');
      else one.removeAttribute('aria-current');
      const state = paper.isClosed(place) ? say('its time is over') : paper.isAnswered(place) ? say('answered') : say('no answer yet');
      one.toggleAttribute('data-closed', paper.isClosed(place));
      one.setAttribute('aria-label', say('Question {place}: {state}', { place: place + 1, state }));
    });
  }

  keep() {
    this.paper.write(this.card.answers());
    this.markOverview();
  }

  // An order that nobody moved is an answer too: what is in sight when a question is left.
  leave() {
    if (this.card && !this.isShownClosed) this.keep();
  }

  goTo(place) {
    this.leave();
    this.paper.goTo(place);
    this.showQuestion();
    this.tick();
    if (!this.card) return; // the time of the exam is over
    if (this.isShownClosed) this.head.focus();
    else this.card.focus();
  }

  onward() {
    if (this.paper.at < this.paper.questions.length - 1) this.goTo(this.paper.at + 1);
    else this.hand.focus();
  }

  tick() {
    const now = Date.now();
    const left = this.paper.ends - now;
    this.left.textContent = say('{time} left', { time: clock(left) });
    const seconds = Math.ceil(left / 1000);
    const told = TOLD_AT.find((at) => seconds <= at && seconds > at - 2);
    if (told && told !== this.told) {
      this.told = told;
      this.aloud.textContent = say('{minutes} minutes are left.', { minutes: told / 60 });
    }
    if (left <= 0) this.finish();
    else if (this.paper.limit < Infinity) this.tickQuestion(now);
  }

  tickQuestion(now) {
    const left = this.paper.limit - this.paper.spentOn(this.paper.at, now);
    this.share.textContent = left > 0 ? say('this question {time}', { time: clock(left) }) : say('its time is over');
    if (left > 0 || this.isShownClosed) return;
    const next = this.paper.nextOpen(now);
    if (next === null) this.finish();
    else {
      this.goTo(next);
      this.aloud.textContent = say('The time of that question is over; this is the next one.');
    }
  }

  handIn() {
    this.leave();
    const missing = this.paper.unanswered();
    if (missing && !this.hand.hasAttribute('data-sure')) {
      this.hand.setAttribute('data-sure', '');
      this.hand.textContent = say('Hand in all the same');
      this.aloud.textContent = say('Questions without an answer: {missing}. Press once more to hand in all the same.', { missing });
      return;
    }
    this.finish();
  }

  // ---- the end

  async finish() {
    clearInterval(this.ticking);
    this.leave();
    this.card = null;
    const { paper } = this;
    const said = element('p.lc-exam-said', { role: 'status' }, say('The exam is over. It is marked as soon as Python runs.'));
    this.body.replaceChildren(said);
    startPython();
    try {
      const result = await markedResult(paper, ask);
      await this.progress.noteResult(result);
      await paper.forget();
      this.show(result);
    } catch (error) {
      said.textContent = say('The exam could not be marked: {error}. Its answers are kept.', { error: error.message });
      said.after(button(say('Try again'), () => this.finish()));
    }
  }

  show(result) {
    const shown = showResult(result, { onDone: () => this.chooseAgain() });
    this.body.replaceChildren(shown);
    shown.querySelector('h2').focus();
    this.showEarlier();
  }

  showEarlier() {
    this.earlier.replaceChildren(...earlierResults(this.progress.kept.results, (result) => this.show(result)));
  }
}

export async function startExams() {
  await new Exams(document.querySelector('.lc-exam'), await Progress.open()).start();
}
