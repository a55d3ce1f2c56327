// A challenge (web/sphinx/course_challenges.py): watches what the explorer of the page counts, says how far it is
// from the goal, and gives a link that carries the setting which meets it.
import { all } from '../dom.mjs';
import { formatNumber } from '../numbers.mjs';
import { say } from '../words.mjs';
import { copyAndSay } from './copy.mjs';

const SAID_AFTER = 600; // ms of rest: a slider on its way is not read aloud

const MEETS = { '==': (now, value) => now === value, '<=': (now, value) => now <= value, '>=': (now, value) => now >= value };

export const isMet = (sign, now, value) => MEETS[sign](now, value);

const nameOf = { parameters: () => say('parameters'), macs: () => say('MACs'), flops: () => say('FLOPs by textbook') };

// What is still missing, in words.
export function missing({ amount, sign, value }, now) {
  const values = { amount: nameOf[amount](), by: formatNumber(Math.abs(now - value)), factor: (now / value).toPrecision(2) };
  if (now > value) return say('{by} {amount} too many (×{factor})', values);
  return sign === '<=' ? '' : say('{by} {amount} too few (×{factor})', values);
}

class Challenge {
  constructor(block) {
    this.block = block;
    this.explorer = document.querySelector(`.lc-live:has(.lc-explorer-${block.dataset.explorer})`);
    this.goals = all('.lc-quest-goals > li', block).map((item) => ({
      item, amount: item.dataset.amount, sign: item.dataset.sign, value: Number(item.dataset.value),
    }));
    this.said = block.querySelector('.lc-quest-said');
    this.link = block.querySelector('.lc-quest-link');
    if (!this.explorer) return;
    this.link.addEventListener('click', () => copyAndSay(this.link, this.address()));
    block.querySelector('.lc-quest-begin').addEventListener('click', () => this.begin());
    this.explorer.addEventListener('lc-explorer-changed', () => this.look());
    this.look();
  }

  // The explorer's own address of its setting, and this challenge as its place on the page.
  address() {
    const url = new URL(location.href);
    url.hash = this.block.id;
    return url.href;
  }

  begin() {
    this.explorer.dispatchEvent(new CustomEvent('lc-explorer-set', { detail: JSON.parse(this.block.dataset.start) }));
    this.explorer.scrollIntoView({ block: 'nearest' });
  }

  // What the explorer counts, as Python said it; null where it counts nothing.
  totals() {
    const told = this.explorer.querySelector('.lc-said[data-macs]');
    return told && Object.fromEntries(['parameters', 'macs', 'flops'].map((name) => [name, Number(told.dataset[name])]));
  }

  look() {
    const totals = this.totals();
    if (!totals) return;
    const lacks = this.goals.map((goal) => this.#mark(goal, totals[goal.amount]));
    const open = lacks.filter(Boolean);
    this.link.hidden = open.length > 0;
    this.block.toggleAttribute('data-met', open.length === 0);
    this.#tell(open.length
      ? say('{met} of {all} reached. {missing}.', { met: lacks.length - open.length, all: lacks.length, missing: open.join('; ') })
      : say('Reached: {setting}.', { setting: this.goals.map(({ amount }) => `${formatNumber(totals[amount])} ${nameOf[amount]()}`).join(', ') }));
  }

  #mark(goal, now) {
    const met = isMet(goal.sign, now, goal.value);
    goal.item.toggleAttribute('data-met', met);
    goal.item.querySelector('output').textContent = met ? say('✓ now {now}', { now: formatNumber(now) }) : say('✗ now {now}', { now: formatNumber(now) });
    return met ? '' : missing(goal, now);
  }

  // At once where nothing has been said yet; then when the reader rests.
  #tell(words) {
    clearTimeout(this.timer);
    if (this.said.textContent === words) return;
    this.timer = setTimeout(() => { this.said.textContent = words; }, this.said.textContent ? SAID_AFTER : 0);
  }
}

export function startChallenges() {
  all('.lc-quest').forEach((block) => new Challenge(block));
}
