// Files of a form are sent one by one as soon as they are chosen, and kept on the device (IndexedDB) until the server
// has them: a dropped line, a closed tab or an empty battery loses no photograph. Without script the form sends them.

const STORE = "pending";
const RETRY = 5000; // ms until a failed upload is tried again; at once when the line is back
const PATIENCE = 60000; // ms an upload may take on a bad line
const KEEPING = "…"; // the state of a file until the device has it

function database() {
  return new Promise((resolve, reject) => {
    const asked = indexedDB.open("onewindow-uploads", 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore(STORE, { keyPath: "id" });
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
  });
}

// The shelf of files that wait; in memory where the browser allows no database.
async function shelf() {
  const memory = new Map();
  let base = null;
  try { base = await database(); } catch { /* private window: what waits lives as long as the page */ }
  const run = (mode, work) => new Promise((resolve, reject) => {
    // Only when the whole of it is complete is it on the device: a tab that is closed before takes it along.
    const bundle = base.transaction(STORE, mode, { durability: "strict" });
    const asked = work(bundle.objectStore(STORE));
    bundle.oncomplete = () => resolve(asked.result);
    bundle.onabort = () => reject(bundle.error ?? asked.error);
  });
  return base
    ? {
        put: (one) => run("readwrite", (s) => s.put(one)).catch(() => memory.set(one.id, one)), // the device is full
        drop: (id) => memory.delete(id) || run("readwrite", (s) => s.delete(id)),
        all: async () => [...await run("readonly", (s) => s.getAll()), ...memory.values()],
      }
    : { put: async (one) => memory.set(one.id, one), drop: async (id) => memory.delete(id), all: async () => [...memory.values()] };
}

function words(input) {
  return JSON.parse(input.dataset.words);
}

function size(bytes) {
  return bytes < 1e6 ? `${Math.max(1, Math.round(bytes / 1e3))} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

function inputOf(form, field) {
  return [...form.querySelectorAll("input[type=file][data-words]")].find((one) => one.name === `upload:${field}`);
}

function listOf(form, field) {
  return [...form.querySelectorAll("ul[data-files]")].find((one) => one.dataset.files === field);
}

function lineOf(form, one) {
  return form.querySelector(`li[data-upload="${one.id}"]`);
}

// The files the form names: those go with it when it is sent.
function namedFiles(form) {
  return new Set([...form.querySelectorAll("ul[data-files] input[type=hidden]")].map((field) => field.value));
}

function show(form, one, state) {
  const input = inputOf(form, one.field);
  let line = lineOf(form, one);
  if (!line) {
    line = document.createElement("li");
    line.dataset.upload = one.id;
    listOf(form, one.field).append(line);
  }
  line.dataset.state = state;
  const said = document.createElement("small");
  said.textContent = ` ${size(one.blob.size)} · ${state}`;
  line.replaceChildren(one.name, said);
  line.classList.toggle("waiting", !one.file);
  if (!one.file) return;
  const hidden = Object.assign(document.createElement("input"), { type: "hidden", name: one.field, value: one.file });
  const box = Object.assign(document.createElement("input"), { type: "checkbox", name: `remove:${one.field}`, value: one.file });
  const label = document.createElement("label");
  label.className = "inline";
  label.append(box, ` ${words(input).remove}`);
  line.prepend(hidden);
  line.append(" ", label);
}

async function send(form, one) {
  const data = new FormData();
  data.append("file", one.blob, one.name);
  const answer = await fetch("/api/v1/files", {
    method: "POST", body: data, headers: { "X-CSRF-Token": form.elements.csrf.value, Accept: "application/json" },
    signal: AbortSignal.timeout(PATIENCE),
  });
  const said = await answer.json().catch(() => ({}));
  if (answer.ok) return said.id;
  // What the server refuses it will refuse again; what went wrong on the way or inside it may go right next time.
  throw Object.assign(new Error("refused"), { final: answer.status >= 400 && answer.status < 500 && answer.status !== 401 && answer.status !== 403 && answer.status !== 429, title: said.title });
}

export async function keepUploads(form) {
  const inputs = [...form.querySelectorAll("input[type=file][data-words]")];
  if (!inputs.length) return;
  const kept = await shelf();
  const page = form.dataset.draft;
  let busy = false, timer = 0, wanted = null, storing = null;
  const mine = async () => (await kept.all()).filter((one) => one.page === page && inputOf(form, one.field)).sort((a, b) => a.at - b.at);

  // Sends what waits, one after the other; whoever pressed the button meanwhile need not press it again.
  async function pump() {
    if (busy) return;
    busy = true;
    clearTimeout(timer);
    let one;
    while ((one = (await mine()).find((each) => !each.file))) {
      if (!(await deliver(one))) break;
    }
    busy = false;
    const button = wanted;
    wanted = null;
    if (button && !form.querySelector("li.waiting")) form.requestSubmit(button);
  }

  // False when the line is down and it has to be tried again later.
  async function deliver(one) {
    const said = words(inputOf(form, one.field));
    show(form, one, said.sending);
    try {
      one.file = await send(form, one);
      await kept.put(one);
      show(form, one, said.sent);
      form.dispatchEvent(new Event("input", { bubbles: true })); // the draft names the file from now on
      return true;
    } catch (problem) {
      show(form, one, problem.final ? (problem.title ?? said.refused) : said.waiting);
      if (problem.final) await kept.drop(one.id);
      else timer = setTimeout(pump, RETRY);
      return Boolean(problem.final);
    }
  }

  for (const input of inputs) {
    input.addEventListener("change", async () => {
      const field = input.name.replace("upload:", "");
      const chosen = [...input.files].map((file, index) => (
        { id: crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`, page, field, name: file.name, blob: file, at: Date.now() + index }
      ));
      input.value = ""; // from here on they are sent one by one and not with the form
      if (!input.multiple) listOf(form, field).replaceChildren();
      for (const one of chosen) show(form, one, KEEPING);
      const all = Promise.all([storing, ...chosen.map((one) => kept.put(one))]);
      storing = all;
      await all;
      for (const one of chosen) { // said when it is so; some may be on their way by now
        if (lineOf(form, one)?.dataset.state === KEEPING) show(form, one, words(input).waiting);
      }
      if (storing === all) storing = null; // else more was chosen meanwhile
      pump();
    });
  }
  form.addEventListener("submit", (event) => {
    if (storing) { // the page must not be left before the device has the files
      const button = event.submitter;
      event.preventDefault();
      event.stopImmediatePropagation();
      storing.then(() => form.requestSubmit(button));
      return;
    }
    const waiting = form.querySelectorAll("li.waiting").length;
    if (!waiting || event.submitter?.value !== "submit") {
      const sent = namedFiles(form); // as the form goes now: a file that arrives a moment later stays on the shelf
      return mine().then((all) => all.filter((one) => sent.has(one.file)).forEach((one) => kept.drop(one.id)));
    }
    event.preventDefault();
    event.stopImmediatePropagation();
    form.querySelector(".saved").textContent = words(inputs[0]).unsent.replace("{n}", waiting);
    wanted = event.submitter;
    pump();
  }, { capture: true });
  addEventListener("online", pump);

  // What was chosen before a reload: still to be sent, or sent while the draft could not be saved.
  for (const one of await mine()) {
    const named = namedFiles(form).has(one.file);
    if (one.file && named) await kept.drop(one.id);
    else show(form, one, one.file ? words(inputOf(form, one.field)).sent : words(inputOf(form, one.field)).waiting);
    if (one.file && !named) form.dispatchEvent(new Event("input", { bubbles: true }));
  }
  pump();
}
