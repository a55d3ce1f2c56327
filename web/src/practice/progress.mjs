// What somebody has practised: answers, when each question comes back, results of mock exams. It stays in the
// browser's IndexedDB, and leaves it as a file only.
import { alter, forget, recall } from '../store.mjs';
import { say } from '../words.mjs';

const KEY = 'practice';
export const EXAM = 'exam'; // the one that is being written
export const VERSION = 1;
const FORMAT = 'every-flop-counts-progress';
const MOST_ANSWERS = 3000;

// How mastery forgets: each answer counts FADING of the one after it, and an answer that earned nothing stands before
// the first, so that one right answer is not yet mastery.
export const FADING = 0.8;
export const REMEMBERED = 12;

const empty = () => ({ version: VERSION, answers: [], cards: {}, waiting: [], results: [], wishes: {} });

export class Progress {
  static async open() {
    const kept = await recall(KEY);
    return new Progress(isProgress(kept) ? kept : empty());
  }

  constructor(kept) {
    this.kept = kept;
  }

  // Another tab may have written meanwhile: what is changed is what is kept now.
  change(act) {
    return alter(KEY, (now) => {
      if (isProgress(now)) this.kept = now;
      act(this.kept);
      return this.kept;
    });
  }

  // {at, day, id, skills, share}: the day's first attempt waits for Python to schedule it.
  note(answer) {
    const { id, share, day } = answer;
    return this.change((kept) => {
      kept.answers = [...kept.answers, answer].slice(-MOST_ANSWERS);
      const again = kept.cards[id]?.reviewed === day || kept.waiting.some((one) => one.id === id && one.day === day);
      if (!again) kept.waiting.push({ id, share, day });
    });
  }

  noteResult = (result) => this.change((kept) => kept.results.push(result));

  answeredOn = (day) => this.kept.answers.filter((answer) => answer.day === day);

  // ---- repetition

  dueOn = (day) => Object.keys(this.kept.cards).filter((id) => this.kept.cards[id].due <= day && this.kept.cards[id].reviewed < day);
  hasMet = (id) => id in this.kept.cards;

  async review(ask) {
    while (this.kept.waiting.length) {
      const [{ id, share, day }] = this.kept.waiting;
      const card = await ask('review', this.kept.cards[id] ?? null, share, day);
      await this.change((kept) => {
        const others = kept.waiting.filter((one) => one.id !== id || one.day !== day);
        if (others.length < kept.waiting.length) kept.cards[id] = card; // else all was deleted meanwhile
        kept.waiting = others;
      });
    }
  }

  // ---- mastery

  // {share, count} of a skill: a mean of its last answers in which the newest weigh most.
  mastery(skill) {
    const shares = this.kept.answers.filter(({ skills }) => skills.includes(skill)).map(({ share }) => share);
    return { share: mastery(shares), count: shares.length };
  }

  // ---- as a file

  file = () => JSON.stringify({ format: FORMAT, ...this.kept }, null, 1);

  // Joins what a file holds with what is here; throws Error with words for the reader.
  async join(text) {
    const other = readFile(text);
    await this.change((kept) => {
      const both = (name, key) => [...new Map([...kept[name], ...other[name]].map((one) => [key(one), one])).values()];
      kept.answers = both('answers', ({ at, id }) => `${at} ${id}`).sort((a, b) => a.at - b.at);
      kept.results = both('results', ({ ended }) => ended).sort((a, b) => a.ended - b.ended);
      kept.waiting = both('waiting', ({ id, day }) => `${id} ${day}`);
      for (const [id, card] of Object.entries(other.cards)) {
        if (!(kept.cards[id]?.reviewed >= card.reviewed)) kept.cards[id] = card;
      }
    });
    return other;
  }

  async erase() {
    await this.change((kept) => Object.assign(kept, empty())); // after what is on its way
    await Promise.all([KEY, EXAM].map(forget));
  }
}

export function mastery(shares) {
  let [sum, weights, weight] = [0, 0, 1];
  for (const share of shares.slice(-REMEMBERED).reverse()) {
    sum += weight * share;
    weights += weight;
    weight *= FADING;
  }
  return sum / (weights + weight);
}

const isProgress = (kept) =>
  kept?.version === VERSION && ['answers', 'waiting', 'results'].every((name) => Array.isArray(kept[name])) && typeof kept.cards === 'object';

function readFile(text) {
  let found = null;
  try {
    found = JSON.parse(text);
  } catch { /* said below */ }
  if (found?.format !== FORMAT) throw new Error(say('This file does not hold progress of this course.'));
  if (!isProgress(found)) throw new Error(say('This file is of version {version}, which this page cannot read.', { version: String(found.version) }));
  return found;
}
