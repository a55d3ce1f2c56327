// Loaded before JupyterLite starts: what has to hold by then on each of its pages.

// ---- its own service worker is in charge ------------------------------------------------------------------------
//
// JupyterLite takes the service worker that it finds in charge for its own. Where a reader comes from the site's pages
// that is the site's: at first JupyterLite unregisters every worker of this host, and should its own be gone later on,
// a notebook would ask the site's for the files beside it, in vain.
const PATIENCE = 5000; // ms: JupyterLite starts without it as well

const root = new URL('./', import.meta.url);
const own = new URL('service-worker.js?enableCache=false', root).href;
const noteOf = (script) => `${script}-version`; // where JupyterLite notes for which of its versions a worker is

async function noteVersion() {
  const settings = await (await fetch(new URL('jupyter-lite.json', root))).json();
  localStorage.setItem(noteOf(own), settings['jupyter-config-data'].appVersion);
}

async function takeCharge({ serviceWorker }) {
  const inCharge = () => serviceWorker.controller?.scriptURL;
  if (inCharge() === own) return;
  const changed = new Promise((resolve) => serviceWorker.addEventListener('controllerchange', resolve, { once: true }));
  const { active } = await serviceWorker.register(own);
  if (!active) await Promise.race([changed, new Promise((resolve) => setTimeout(resolve, PATIENCE))]);
  if (inCharge() && inCharge() !== own) localStorage.removeItem(noteOf(inCharge()));
}

if (navigator.serviceWorker) {
  for (const prepare of [noteVersion, takeCharge]) {
    try {
      await prepare(navigator);
    } catch (error) {
      console.warn('JupyterLite starts without a service worker of its own:', error); // storage refused, no network
    }
  }
}

// ---- a download has the name of its file ------------------------------------------------------------------------
//
// JupyterLite gives the whole path for a name, in which browsers write _ for each /.
document.addEventListener(
  'click',
  ({ target }) => {
    if (target instanceof HTMLAnchorElement && target.download.includes('/')) target.download = target.download.split('/').at(-1);
  },
  { capture: true },
);
