// Where the worker keeps the files of Python unpacked, so that the next start reads them instead of unpacking again: a
// cache with the name of their version. Without a name nothing is kept; a browser that refuses storage keeps nothing.
// The way out is the service worker's (web/src/offline/service_worker.mjs), which forgets this cache with its own.
const ROOM = 10; // times what is to be kept must be free on the device

export class Shelf {
  constructor(name, folder) {
    this.name = globalThis.caches ? name : null;
    this.folder = folder;
  }

  #address = (file) => new URL(`${file}.unpacked`, this.folder).href;

  // The body of a file that is kept, or null.
  async take(file) {
    try {
      const found = this.name && (await caches.match(this.#address(file), { cacheName: this.name }));
      return found ? found.body : null;
    } catch {
      return null;
    }
  }

  // Keeps files, {name: Blob}; what an older version kept goes, being of no use any more.
  async put(files) {
    if (!this.name || !(await this.#hasRoom(Object.values(files)))) return;
    try {
      const cache = await caches.open(this.name);
      for (const [file, blob] of Object.entries(files)) {
        const headers = { 'Content-Length': String(blob.size) };
        await cache.put(this.#address(file), new Response(blob, { headers }));
      }
      await this.#clear((name) => name !== this.name);
    } catch {
      await this.forget();
    }
  }

  async forget() {
    if (this.name) await this.#clear(() => true).catch(() => {});
  }

  async #hasRoom(blobs) {
    const { quota = 0, usage = 0 } = (await navigator.storage?.estimate?.()) ?? {};
    return quota - usage > ROOM * blobs.reduce((sum, { size }) => sum + size, 0);
  }

  async #clear(isMeant) {
    const ours = this.name.slice(0, this.name.lastIndexOf(' ') + 1); // all but the version
    for (const name of await caches.keys()) if (name.startsWith(ours) && isMeant(name)) await caches.delete(name);
  }
}
