// The page's one worker, as a promise: start it, then send messages and get an answer to each.
import { say } from '../words.mjs';

export class PythonFailed extends Error {}

// What the worker says of its trouble as data, in words.
const REASONS = {
  lost: ({ name }) => say('{name} could not be downloaded; is the connection still there?', { name }),
  absent: ({ name, status }) => say('{name} is not on this site (the server answered {status})', { name, status }),
  error: ({ error }) => error,
};

export class Python {
  #worker;
  #nextId = 1;
  #waiting = new Map(); // message id -> resolve

  // `course` says where Pyodide lies and how large its files are; `tell` gets {type: 'progress' | 'note', ...}, and
  // {type: 'died', reason} if Python breaks down after it has become live.
  // `shelf` names the cache that keeps what the worker unpacked, or is null.
  // Resolves to {how: 'snapshot' | 'plain', answer}; rejects with PythonFailed, whose message is for the reader.
  start({ course, cells, shelf, tell }) {
    return new Promise((resolve, reject) => {
      let live = false;
      const fail = (reason) => {
        this.#worker?.terminate();
        if (live) tell({ type: 'died', reason });
        else reject(new PythonFailed(reason));
      };
      try {
        this.#worker = new Worker(new URL('worker.mjs', course.folder), { type: 'module', name: 'python' });
      } catch (error) {
        fail(say('this browser cannot run it ({error})', { error: error.message }));
        return;
      }
      this.#worker.onerror = (event) => {
        event.preventDefault();
        fail(event.message || say('its program worker.mjs could not be loaded from this site'));
      };
      this.#worker.onmessage = ({ data }) => {
        if (data.type === 'live') {
          live = true;
          resolve({ how: data.how, answer: JSON.parse(data.answer) });
        }
        else if (data.type === 'failed') fail(REASONS[data.reason.kind](data.reason));
        else if (data.type === 'answer') this.#settle(data);
        else tell(data);
      };
      this.#worker.postMessage({ type: 'start', cells, files: course.sizes, shelf, useSnapshot: true });
    });
  }

  #settle({ id, answer }) {
    this.#waiting.get(id)?.(JSON.parse(answer));
    this.#waiting.delete(id);
  }

  send(commId, data) {
    return this.#ask({ type: 'update', commId, data: JSON.stringify(data) });
  }

  // Python draws what it has left for later: what stands under *More*.
  finish() {
    return this.#ask({ type: 'finish' });
  }

  // A function of a service (web/worker/course_bridge.py), with its arguments and a file of the reader's, if any:
  // answered with {result, error}.
  ask(service, name, given, file = null) {
    return this.#ask({ type: 'ask', service, name, arguments: JSON.stringify(given), file });
  }

  // Whatever it is at: who waits for an answer will get none, and is told so.
  stop() {
    this.#worker?.terminate();
    for (const settle of this.#waiting.values()) settle({ result: null, error: null, stopped: true });
    this.#waiting.clear();
  }

  #ask(message) {
    const id = this.#nextId;
    this.#nextId += 1;
    this.#worker.postMessage({ ...message, id });
    return { id: String(id), answer: new Promise((resolve) => this.#waiting.set(id, resolve)) };
  }
}
