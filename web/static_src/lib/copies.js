// What is typed, kept on the device until the server has it. In IndexedDB: that survives a closed tab and a killed browser,
// while localStorage is written to disk only now and then. Where the browser allows no database nothing is kept.

const STORE = "copies";
const PATIENCE = 1000; // ms until a page goes on without what the device may hold
let opened = null;

function database() {
  return new Promise((resolve, reject) => {
    const asked = indexedDB.open("onewindow-drafts", 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore(STORE, { keyPath: "key" });
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
  });
}

async function run(mode, work) {
  const base = await (opened ??= database());
  return new Promise((resolve, reject) => {
    const transaction = base.transaction(STORE, mode);
    const asked = work(transaction.objectStore(STORE));
    transaction.oncomplete = () => resolve(asked?.result);
    transaction.onerror = transaction.onabort = () => reject(transaction.error);
  });
}

const late = () => new Promise((resolve) => { setTimeout(resolve, PATIENCE); });

export const put = (copy) => run("readwrite", (store) => store.put(copy)).catch(() => {});

export const get = (key) => Promise.race([run("readonly", (store) => store.get(key)).catch(() => undefined), late()]);

// Forget the copies for which `gone` holds.
export const forget = (gone) => Promise.race([run("readwrite", (store) => {
  store.openCursor().onsuccess = ({ target: { result: cursor } }) => {
    if (!cursor) return;
    if (gone(cursor.value)) cursor.delete();
    cursor.continue();
  };
}).catch(() => {}), late()]);
