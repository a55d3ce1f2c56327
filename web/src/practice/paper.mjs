// A mock exam while it is written, as plain data that a reload brings back: its questions, its answers, its clock.
import { forget, recall, remember } from '../store.mjs';
import { catalogue } from './bank.mjs';
import { EXAM } from './progress.mjs';

const VERSION = 1;

const shuffled = (list) => {
  const mixed = [...list];
  for (let end = mixed.length - 1; end > 0; end -= 1) {
    const other = Math.floor(Math.random() * (end + 1));
    [mixed[end], mixed[other]] = [mixed[other], mixed[end]];
  }
  return mixed;
};

// The ids of an exam's questions, part after part. None comes twice before all that fit have come.
export function drawn(exam, bank = catalogue) {
  const used = new Set();
  return exam.part.flatMap((part) => {
    const fits = bank.filter(({ skills, level, kind }) => skills.some((skill) => part.skills.includes(skill))
      && (!part.levels || part.levels.includes(level)) && (!part.kinds || part.kinds.includes(kind)));
    const pool = shuffled(fits.length ? fits : bank);
    const fresh = [...pool.filter(({ id }) => !used.has(id)), ...pool.filter(({ id }) => used.has(id))];
    const chosen = Array.from({ length: part.count }, (_, place) => fresh[place % fresh.length].id);
    chosen.forEach((id) => used.add(id));
    return chosen;
  });
}

export const countOf = (exam) => exam.part.reduce((sum, { count }) => sum + count, 0);

// On a napkin each question has its share of the time; otherwise only the whole has an end.
export const limitOf = (exam) => (exam.mode === 'napkin' ? (60_000 * exam.minutes) / countOf(exam) : Infinity);

export class Paper {
  static async open() {
    const kept = await recall(EXAM);
    return kept?.version === VERSION ? new Paper(kept) : null;
  }

  static begin(exam, questions, now = Date.now()) {
    const kept = { version: VERSION, exam, questions, began: now, at: 0, since: now, answers: questions.map(() => ({})), spent: questions.map(() => 0) };
    return new Paper(kept);
  }

  constructor(kept) {
    Object.assign(this, { kept, exam: kept.exam, questions: kept.questions });
    this.limit = limitOf(kept.exam);
  }

  save = () => remember(EXAM, this.kept);
  forget = () => forget(EXAM);

  get at() {
    return this.kept.at;
  }

  get ends() {
    return this.kept.began + 60_000 * this.exam.minutes;
  }

  spentOn = (place, now = Date.now()) => this.kept.spent[place] + (place === this.at ? now - this.kept.since : 0);
  isClosed = (place, now = Date.now()) => this.spentOn(place, now) >= this.limit;
  isAnswered = (place) => Object.values(this.kept.answers[place]).some((text) => text.trim());
  unanswered = () => this.questions.filter((_, place) => !this.isAnswered(place)).length;

  write(answers) {
    this.kept.answers[this.at] = answers;
    return this.save();
  }

  goTo(place, now = Date.now()) {
    this.kept.spent[this.at] = this.spentOn(this.at, now);
    Object.assign(this.kept, { at: place, since: now });
    return this.save();
  }

  // The next place, round the paper, whose time is not over; null where there is none.
  nextOpen(now = Date.now()) {
    const { length } = this.questions;
    const places = Array.from({ length: length - 1 }, (_, step) => (this.at + 1 + step) % length);
    return places.find((place) => !this.isClosed(place, now)) ?? null;
  }
}
