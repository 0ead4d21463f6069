// Keeps a draft: saves by itself a while after the last change, says how it stands, and never saves over somebody else's
// work unseen. What could not be saved stays in the editor and is tried again.
const AFTER = 4000; // ms after the last change

export default class Saver {
  // given: {save, csrf, name, sha, said}; content() gives the file as text; kept(answer) is told what the server found.
  constructor(given, content, kept) {
    Object.assign(this, { given, content, kept, sha: given.sha, said: given.said });
    this.dirty = false;
    this.saving = false;
    this.held = false;
    this.status = document.querySelector("[data-save-state]");
    document.querySelector("[data-save]")?.addEventListener("click", () => { this.dirty = true; this.save(); });
    addEventListener("beforeunload", (event) => { if (this.dirty) event.preventDefault(); });
  }

  tell(text, bad = false) {
    this.status.textContent = text;
    this.status.classList.toggle("error", bad);
  }

  // While somebody has to decide something first, nothing is saved.
  hold(on) {
    this.held = on;
    if (!on && this.dirty) this.changed();
  }

  changed() {
    this.dirty = true;
    this.tell(this.said.unsaved);
    this._later(AFTER);
  }

  async save() {
    clearTimeout(this.timer);
    if (!this.dirty || this.saving || this.held) return;
    this.saving = true;
    this.dirty = false;
    this.tell(this.said.saving);
    let refused = false;
    try {
      const answer = await fetch(this.given.save, {
        method: "PUT",
        headers: { "Content-Type": "application/json", "X-CSRF-Token": this.given.csrf, "Idempotency-Key": crypto.randomUUID() },
        body: JSON.stringify({ name: this.given.name, content: await this.content(), expected: this.sha }),
      });
      const told = await answer.json();
      if (!answer.ok) {
        this.dirty = refused = true;
        return void this.tell(told.detail || told.title || this.said.failed, true);
      }
      this.sha = told.sha256;
      this.tell(`${this.said.saved} ${new Date().toLocaleTimeString()}`);
      this.kept(told);
    } catch {
      this.dirty = refused = true;
      this.tell(this.said.failed, true);
      this._later(AFTER * 2);
    } finally {
      this.saving = false;
      if (this.dirty && !refused) this.changed();
    }
  }

  _later(wait) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.save(), wait);
  }
}

export function download(name, content, type) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([content], { type }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}
