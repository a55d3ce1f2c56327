// The page's one Python, whoever wants it: explorers, practice, the mock exam. Who watches is told how far it is;
// who asks before it runs gets the answer when it does.
import { keepPython, shelfFor } from '../offline/page.mjs';
import { startsInAdvance, waitsForButton } from './policy.mjs';
import { Python } from './python.mjs';

function readCourse() {
  const told = JSON.parse(document.querySelector('meta[name="lc-python"]').content);
  return { folder: new URL(`${told.folder}/`, import.meta.url), sizes: told.sizes };
}

const course = readCourse();
export const size = Object.values(course.sizes).reduce((sum, bytes) => sum + bytes, 0);
export const savesData = () => waitsForButton(navigator.connection);
export const inAdvance = () => startsInAdvance(navigator.connection, matchMedia('(pointer: coarse)').matches);

export const python = new Python();
const watchers = [];
let starting = null; // the promise of Python, while it starts or runs
let cells = () => [];
let enliven = async () => {};
let live;
let whenLive;
const awaitLife = () => { whenLive = new Promise((resolve) => { live = resolve; }); };
awaitLife();

// A watcher has any of: starting({size}), progressed({loaded, total}), live(), failed(reason).
export const watchPython = (watcher) => watchers.push(watcher);

// What Python runs when it starts, and what becomes of its answer before it counts as live.
export function runAtStart(sources, whenRun) {
  cells = sources;
  enliven = whenRun;
}

export const isStarted = () => starting !== null;
export const hasFailed = () => document.documentElement.dataset.lcPython === 'failed';

const tellAll = (what, ...values) => watchers.forEach((watcher) => watcher[what]?.(...values));

function fail(reason) {
  document.documentElement.dataset.lcPython = 'failed';
  tellAll('failed', reason);
}

function hear(message) {
  if (message.type === 'progress') tellAll('progressed', message);
  else if (message.type === 'died') fail(message.reason);
  else console.warn(message.text);
}

async function launch() {
  performance.mark('lc-start');
  document.documentElement.dataset.lcPython = 'starting';
  tellAll('starting', { size });
  try {
    const { how, answer } = await python.start({ course, cells: cells(), shelf: await shelfFor(course.folder), tell: hear });
    await enliven(answer);
    Object.assign(document.documentElement.dataset, { lcPython: 'live', lcHow: how });
  } catch (error) {
    starting = null; // so that it can be tried again
    fail(error.message);
    return;
  }
  performance.mark('lc-live');
  live();
  tellAll('live');
  keepPython();
}

// After it was live, Python starts anew with the page, which opens where the reader is.
export function startPython() {
  if (starting && hasFailed()) location.reload();
  starting ??= launch();
}

export function startUnlessSaving() {
  if (!savesData() && !hasFailed()) startPython();
}

export const lastLine = (traceback) => traceback.trim().split('\n').pop();

export class Stopped extends Error {}

export const whenPythonLives = () => whenLive;

// A function of a service, by name; starts nothing. Rejects with Stopped where Python was stopped meanwhile.
export async function askOf(service, name, given, file = null) {
  await whenLive;
  const { result, error, stopped } = await python.ask(service, name, given, file).answer;
  if (stopped) throw new Stopped();
  if (!error) return result;
  console.error(error);
  throw new Error(lastLine(error));
}

export const ask = (name, ...given) => askOf('questions', name, given);

// Python works at something that does not end: it is stopped, and another one starts in its place.
export function restartPython() {
  awaitLife();
  python.stop();
  starting = launch();
}
