// What a reader leaves behind (guesses, steps, choices, reading positions), kept in the browser's IndexedDB.
// One database for each site path, so that two courses on one server do not mix; the schema has a version.

const SCHEMA_VERSION = 1;
const TABLE = 'kept';

export const siteRoot = new URL(document.documentElement.dataset.content_root || './', location.href).pathname;

let opening = null;

function open() {
  opening ??= new Promise((resolve, reject) => {
    const request = indexedDB.open(`every-flop-counts:${siteRoot}`, SCHEMA_VERSION);
    request.onupgradeneeded = ({ oldVersion }) => {
      if (oldVersion < 1) request.result.createObjectStore(TABLE);
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
    request.onblocked = () => reject(new Error('an older tab has the database open'));
  });
  return opening;
}

async function transact(mode, act) {
  const database = await open();
  return new Promise((resolve, reject) => {
    const transaction = database.transaction(TABLE, mode);
    const request = act(transaction.objectStore(TABLE));
    transaction.oncomplete = () => resolve(request.result); // a request that succeeded may still be undone
    transaction.onabort = () => reject(transaction.error);
  });
}

let persistenceAsked = false;

function askForPersistence() {
  if (persistenceAsked) return;
  persistenceAsked = true;
  navigator.storage?.persist?.().catch(() => {});
}

// Reading and writing never throw: a browser without storage (private mode) just forgets.
export async function recall(key, otherwise = null) {
  try {
    return (await transact('readonly', (table) => table.get(key))) ?? otherwise;
  } catch {
    return otherwise;
  }
}

export async function remember(key, value) {
  return alter(key, () => value);
}

// What is kept becomes what `act` makes of it, before anybody else reads it; `act` is called once in any case.
export async function alter(key, act) {
  let acted = false;
  const altered = (found) => {
    acted = true;
    return act(found);
  };
  try {
    await transact('readwrite', (table) => {
      const request = table.get(key);
      request.onsuccess = () => table.put(altered(request.result), key);
      return request;
    });
    askForPersistence();
    return true;
  } catch {
    if (!acted) act();
    return false;
  }
}

export async function forget(key) {
  try {
    await transact('readwrite', (table) => table.delete(key));
    return true;
  } catch {
    return false;
  }
}
