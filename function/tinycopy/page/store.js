// Saved copy. The rest of the page knows only `openStore()` and what it returns; an account's
// history on a server can take the place of IndexedDB by answering to the same four names.

const NAME = "tinycopy";
const COPIES = "copies";

const done = (request) =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

const committed = (transaction) =>
  new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onerror = transaction.onabort = () => reject(transaction.error);
  });

/**
 * The store of saved copy: {list(), put(items, by), remove(id), watch(act)}, the first three
 * asynchronous. act(by) hears of every change, and of who made it if that was said. An item: {id, text, brief, checks, tags, rating, savedAt, editedAt, model}.
 * Raises DOMException where the browser keeps nothing on the device.
 */
export async function openStore() {
  const opening = indexedDB.open(NAME, 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore(COPIES, { keyPath: "id" });
  const database = await done(opening);
  const channel = new BroadcastChannel(NAME); // other tabs see a change at once
  const watchers = [];
  const changed = (by) => watchers.forEach((act) => act(by));
  channel.onmessage = () => changed();

  async function write(act, by) {
    const transaction = database.transaction(COPIES, "readwrite");
    act(transaction.objectStore(COPIES));
    await committed(transaction);
    channel.postMessage("changed");
    changed(by);
  }

  return {
    list: () => done(database.transaction(COPIES).objectStore(COPIES).getAll()),
    put: (items, by) => write((copies) => items.forEach((item) => copies.put(item)), by),
    remove: (id) => write((copies) => copies.delete(id)),
    watch: (act) => watchers.push(act),
  };
}
