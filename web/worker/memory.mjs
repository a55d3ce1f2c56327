// Snapshots of Python's memory as they travel: without what the freshly instantiated module has in its memory anyway.
// Where a snapshot's memory begins, Pyodide says in its second word.
const begin = (snapshot) => new DataView(snapshot.buffer, snapshot.byteOffset).getUint32(4, true);

// Exclusive or of the snapshot's memory and the fresh one, in place; done twice it changes nothing.
export function withoutFresh(snapshot, fresh) {
  const start = snapshot.byteOffset + begin(snapshot);
  const words = (array, from) => new Uint32Array(array.buffer, from, Math.min(fresh.length, snapshot.byteLength - begin(snapshot)) >> 2);
  const [kept, known] = [words(snapshot, start), words(fresh, fresh.byteOffset)];
  for (let index = 0; index < kept.length; index += 1) kept[index] ^= known[index];
  return snapshot;
}

export const withFresh = withoutFresh;
