// Join Python's new widgets to the models that the page already shows, so that no view is replaced and focus, drag
// and scroll survive. Both trees come from the same cell, so they are walked side by side to find which is which.
const REFERENCE = 'IPY_MODEL_';

function references(value) {
  if (typeof value === 'string') return value.startsWith(REFERENCE) ? [value.slice(REFERENCE.length)] : [];
  return Array.isArray(value) ? value.flatMap(references) : [];
}

// What Python has opened and the page has not taken over yet: comm id -> state.
export class Opened {
  #states = new Map();

  note({ kind, comm_id: id, data }) {
    if (kind === 'comm_open') this.#states.set(id, { ...data.state });
    else if (kind === 'comm_msg' && this.has(id)) Object.assign(this.#states.get(id), data.state);
  }

  has = (id) => this.#states.has(id);

  get = (id) => this.#states.get(id);

  ids = () => [...this.#states.keys()];

  take(id) {
    const state = this.#states.get(id);
    this.#states.delete(id);
    return state;
  }
}

// Pair the tree under `liveId` with the snapshot's under `shownId`, into `pairs`; false if they differ in kind.
export function pairTrees(opened, shownStates, liveId, shownId, pairs) {
  if (pairs.has(liveId)) return pairs.get(liveId) === shownId;
  const live = opened.get(liveId);
  const shown = shownStates[shownId];
  if (!live || !shown || live._model_name !== shown.model_name || live._model_module !== shown.model_module) return false;
  pairs.set(liveId, shownId);
  return Object.keys(live).every((key) => {
    const [ours, theirs] = [references(live[key]), references(shown.state[key])];
    return ours.length === theirs.length
      && ours.every((id, index) => pairTrees(opened, shownStates, id, theirs[index], pairs));
  });
}

// What Python says that the snapshot did not (the book may be older than the library), but for what the reader moved.
function differences(live, shown, moved) {
  const fresh = {};
  for (const [key, value] of Object.entries(live)) {
    const own = key.startsWith('_') && key !== '_options_labels';
    if (own || key in moved || references(value).length) continue;
    if (JSON.stringify(value) !== JSON.stringify(shown[key])) fresh[key] = value;
  }
  return fresh;
}

// A button that is pressed before Python runs is pressed for Python as soon as it does.
export function keepMessages(model) {
  const kept = [];
  model.send = (...message) => kept.push(message);
  model.sendKept = () => {
    delete model.send;
    delete model.sendKept;
    kept.forEach((message) => model.send(...message));
  };
}

export async function adoptModel({ manager, opened, shownStates, liveId, shownId, makeComm }) {
  const model = await manager.get_model(shownId);
  const live = opened.take(liveId);
  const comm = makeComm(liveId);
  comm.on_msg(model._handle_comm_msg.bind(model));
  manager.register_model(liveId, Promise.resolve(model));
  const fresh = differences(live, shownStates[shownId].state, model._buffered_state_diff ?? {});
  if (Object.keys(fresh).length) model.set_state(await model.constructor._deserialize_state(fresh, manager));
  model.comm = comm;
  model.comm_live = true;
  return model;
}

// A widget that the page does not know yet gets a model of its own.
export async function openModel({ manager, opened, liveId, makeComm }) {
  await manager.handle_comm_open(makeComm(liveId), {
    content: { comm_id: liveId, target_name: 'jupyter.widget', data: { state: opened.take(liveId), buffer_paths: [] } },
    metadata: { version: '2.1.0' },
    buffers: [],
  });
}
