// What the build wrote into a page that poses questions: the catalogue, the skills in words, and the page's own.
import { isWhole } from '../grammar/rational.mjs';
import { formatExact } from '../numbers.mjs';
import { siteRoot } from '../store.mjs';
import { exact } from '../text/verdict.mjs';
import { say } from '../words.mjs';

const data = JSON.parse(document.querySelector('script.lc-bank').textContent);

export const catalogue = data.catalogue; // {id, kind, level, skills} for each question
export const first = data.first ?? []; // questions posed by the build, with all that it takes to judge them
export const exams = data.exams ?? [];

const skills = new Map(data.skills.map((skill) => [skill.id, skill]));
const trained = new Set(catalogue.flatMap((question) => question.skills));

export const skillsInUse = () => [...skills.keys()].filter((id) => trained.has(id));
export const skillWords = (id) => skills.get(id)?.words ?? id;
export const chapterOf = (id) => new URL(`chapters/${skills.get(id).page}.html`, new URL(siteRoot, location.href)).href;

const KINDS = {
  compute: () => say('compute a number'),
  figure: () => say('work out a figure'),
  audit: () => say('find what was counted'),
  estimate: () => say('estimate'),
  order: () => say('put in order'),
  inverse: () => say('work backwards'),
  steps: () => say('step by step'),
  table: () => say('fill a table'),
  mistake: () => say('find the mistake'),
  convention: () => say('find the convention'),
  missing: () => say('find what is left open'),
  design: () => say('choose sizes'),
};
export const kindWords = (kind) => KINDS[kind]?.() ?? kind;
export const kindsInUse = () => [...new Set(catalogue.map(({ kind }) => kind))];

// A day as a reader's calendar has it: 2026-11-26.
export function today() {
  const now = new Date();
  const two = (number) => String(number).padStart(2, '0');
  return `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`;
}

// A typed whole number with its digits in groups; anything else as it is.
export function inGroups(text) {
  const value = exact(text);
  return value && isWhole(value) ? formatExact(value) : text;
}

export const percent = (share) => `${Math.round(100 * share)} %`;
export const oneOf = (list) => list[Math.floor(Math.random() * list.length)];
export const freshSeed = () => crypto.getRandomValues(new Uint32Array(2)).join('-');
