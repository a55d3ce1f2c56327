// All explorers of a page: drawn at once from what the book's build left, made live by one worker when first touched.
import { all } from '../dom.mjs';
import { meansIt } from '../python/policy.mjs';
import { inAdvance, isStarted, lastLine, python, runAtStart, savesData, size, startPython, startUnlessSaving, watchPython } from '../python/running.mjs';
import { adoptModel, keepMessages, openModel, Opened, pairTrees } from './adopt.mjs';
import { Explorer } from './explorer.mjs';
import { PageManager } from './manager.mjs';

const REST_MEANS_IT = 150; // ms that a mouse rests on an explorer before Python starts in advance
const VIEW_MEANS_IT = 700; // ms that an explorer is in view
const PAUSE = 120; // ms without a move

const manager = new PageManager();
const opened = new Opened();
const comms = new Map(); // comm id -> what gets Python's messages

let explorers = [];
let shownStates = {};

const everyToolbar = (act) => explorers.forEach(({ toolbar }) => act(toolbar));

// ---- messages between models and Python -----------------------------------------------------------------------

function makeComm(id) {
  const comm = {
    comm_id: id,
    target_name: 'jupyter.widget',
    on_msg: (receive) => comms.set(id, receive),
    on_close() {},
    close() {},
    send(data, callbacks) {
      const sent = python.send(id, data);
      sent.answer.then(takeAnswer).finally(() => tellIdle(callbacks, sent.id));
      finishSoon();
      return sent.id;
    },
  };
  return comm;
}

// ipywidgets sends the newest value of a control only when the last one was answered: this says that it was.
function tellIdle(callbacks, id) {
  callbacks?.iopub?.status?.({ content: { execution_state: 'idle' }, parent_header: { msg_id: id } });
}

async function deliver({ kind, comm_id: id, data }) {
  if (kind === 'comm_msg') await comms.get(id)?.({ content: { comm_id: id, data }, buffers: [], header: { msg_type: kind } });
}

async function takeMessages({ messages }) {
  for (const message of messages) if (message.kind === 'comm_open' || opened.has(message.comm_id)) opened.note(message);
  for (const liveId of opened.ids()) await openModel({ manager, opened, liveId, makeComm });
  await Promise.all(messages.map(deliver));
}

async function takeAnswer(answer) {
  await takeMessages(answer);
  showErrors(answer.error);
  explorers.forEach((explorer) => explorer.changed());
}

// What stands under *More* is drawn when the reader pauses; while it is open, right after each move.
let pause = 0;

function finishSoon() {
  clearTimeout(pause);
  if (explorers.some((explorer) => explorer.isOpen())) finish();
  else pause = setTimeout(finish, PAUSE);
}

// An error of the move before stays in sight: that the rest could be drawn does not mend it.
async function finish() {
  const answer = await python.finish().answer;
  await takeMessages(answer);
  if (answer.error) showErrors(answer.error);
  explorers.forEach((explorer) => explorer.redrawn());
}

function showErrors(error) {
  if (error) console.error(error);
  everyToolbar((toolbar) => (error ? toolbar.error(lastLine(error)) : toolbar.live()));
}

// ---- from snapshot to live ------------------------------------------------------------------------------------

async function join(explorer, liveId) {
  const pairs = new Map();
  if (!pairTrees(opened, shownStates, liveId, explorer.modelId, pairs)) {
    for (const id of opened.ids()) await openModel({ manager, opened, liveId: id, makeComm });
    await explorer.show(liveId); // another tree than the book's: its view replaces the printed one
    return;
  }
  const models = [];
  for (const [live, shown] of pairs) {
    models.push(await adoptModel({ manager, opened, shownStates, liveId: live, shownId: shown, makeComm }));
  }
  models.forEach((model) => model.save_changes()); // what the reader has moved meanwhile
  models.forEach((model) => model.sendKept?.()); // and pressed
}

async function goLive(answer) {
  answer.messages.forEach((message) => opened.note(message));
  for (const [index, explorer] of explorers.entries()) {
    if (answer.roots[index]) await join(explorer, answer.roots[index]);
  }
  showErrors(answer.error);
}

// ---- what counts as a touch -----------------------------------------------------------------------------------

function startOnTouch({ place }) {
  for (const kind of ['pointerdown', 'click', 'keydown', 'input', 'change']) {
    place.addEventListener(kind, (event) => meansIt(event) && startUnlessSaving(), { capture: true });
  }
  startInAdvance(place);
}

// A move of a control starts Python, however it was made; whether an answer is to be expected, the explorer is told.
// A page that opens with the reader's own convention moves its controls too: before a touch, that starts nothing.
function moved() {
  if (navigator.userActivation?.hasBeenActive ?? true) startUnlessSaving();
  return isStarted();
}

// The conditions are asked when the time has come: a reader's connection changes.
function startInAdvance(place) {
  const start = () => inAdvance() && startUnlessSaving();
  let rest = 0;
  place.addEventListener('pointerenter', ({ pointerType }) => {
    if (pointerType === 'mouse') rest = setTimeout(start, REST_MEANS_IT);
  });
  place.addEventListener('pointerleave', () => clearTimeout(rest));
  let view = 0;
  new IntersectionObserver(([{ isIntersecting }]) => {
    clearTimeout(view);
    if (isIntersecting) view = setTimeout(start, VIEW_MEANS_IT);
  }).observe(place);
}

// Parts of a picture that stand for a value (data-set) can be clicked, or pressed with Enter or space.
function setByPicture(explorer) {
  const act = (event) => {
    const part = event.target.closest?.('[data-set]');
    if (!part) return;
    event.preventDefault();
    explorer.setByPicture(part.dataset.set);
  };
  explorer.place.addEventListener('click', act);
  explorer.place.addEventListener('keydown', (event) => ['Enter', ' '].includes(event.key) && act(event));
}

async function drawAll() {
  const state = document.querySelector('script.lc-widget-state');
  const json = JSON.parse(state.textContent);
  shownStates = json.state;
  (await manager.set_state(json)).forEach(keepMessages);
  for (const explorer of explorers) {
    explorer.toolbar.snapshot({ size, saving: savesData(), inAdvance: inAdvance() });
    await explorer.show();
    startOnTouch(explorer);
    setByPicture(explorer);
  }
}

export async function startExplorers() {
  const hooks = { onStart: startPython, onMoved: moved };
  explorers = all('.lc-live').map((place) => new Explorer(place, manager, hooks));
  runAtStart(() => explorers.map(({ source }) => source), goLive);
  watchPython({
    starting: (told) => everyToolbar((toolbar) => toolbar.starting(told)),
    progressed: (told) => everyToolbar((toolbar) => toolbar.progressed(told)),
    failed: (reason) => explorers.forEach((explorer) => explorer.failed(reason)),
  });
  await drawAll();
  performance.mark('lc-drawn');
  if (!isStarted()) document.documentElement.dataset.lcPython = 'drawn'; // a touch may have been quicker
  const asked = explorers.map((explorer) => explorer.readAddress()).some(Boolean);
  if (asked && !savesData()) startPython();
}
