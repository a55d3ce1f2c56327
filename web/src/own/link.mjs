// A pasted model in the address, behind the #, which browsers never send: its text and what is set, as base64url.
const PREFIX = '#model-';
const LONGEST = 20_000; // characters of the address that most programs carry
const NAMES = ['batch', 'dtype', 'input', 'tokens', 'source', 'cached', 'memory', 'logits', 'size'];

const ofBytes = (bytes) => btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
const toBytes = (text) => Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));

const ownSettings = (settings) =>
  Object.fromEntries(NAMES.filter((name) => typeof settings?.[name] === 'string' && settings[name]).map((name) => [name, settings[name].slice(0, 200)]));

// The address that brings this model back; null where it would be too long.
export function linkTo({ text, settings }) {
  const json = JSON.stringify({ text, settings: ownSettings(settings) });
  const written = ofBytes(new TextEncoder().encode(json)).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
  if (written.length > LONGEST) return null;
  const url = new URL(location.href);
  url.hash = PREFIX + written;
  return url;
}

export const asksForModel = () => location.hash.startsWith(PREFIX);

// {text, settings} of this page's address; null where it has none that can be read.
export function readLink() {
  const written = location.hash.slice(PREFIX.length);
  if (!asksForModel() || written.length > LONGEST) return null;
  try {
    const json = new TextDecoder('utf-8', { fatal: true }).decode(toBytes(written.replaceAll('-', '+').replaceAll('_', '/')));
    const { text, settings } = JSON.parse(json);
    return typeof text === 'string' ? { text, settings: ownSettings(settings) } : null;
  } catch {
    return null;
  }
}
