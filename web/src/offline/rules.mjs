// What the service worker decides without doing anything: which file an address means, and which files are wanted.

// The file of the site (a key of `files`) that an address under `root` means, as servers read it; null if there is none.
export function fileAt(url, root, files) {
  const { origin, pathname } = new URL(url);
  const bare = decodeURI(origin + pathname);
  if (!bare.startsWith(root)) return null;
  const path = bare.slice(root.length);
  return [path, `${path}index.html`, `${path}/index.html`, `${path}.html`].find((name) => name in files) ?? null;
}

// Files whose name changes with their contents.
export const lasting = (file) => /\/(python-|chunk-)/.test(file);

// The files of these groups, pages before what is large.
export const wanted = (files, groups) =>
  Object.keys(files).filter((file) => groups.includes(files[file][2])).sort((a, b) => files[a][1] - files[b][1]);

// All caches of the course that lies at this path of its server.
export const prefixOf = (path) => `every-flop-counts ${path} `;

// The cache that keeps Python unpacked (web/worker/shelf.mjs), for the version whose folder has this name.
export const shelfName = (path, version) => `${prefixOf(path)}unpacked ${version}`;
