// A short token of a session is exchanged for later ones, well before it ends, for as long as the session goes on.

const AGAIN_MS = 5000;

export class Renewal {
  constructor(address, onRenewed) { Object.assign(this, { address, onRenewed, timer: 0 }); }

  plan(in_s) {
    clearTimeout(this.timer);
    if (Number.isFinite(in_s)) this.timer = setTimeout(() => this.#renew(), in_s * 1000);
  }

  async #renew() {
    try {
      const answer = await fetch(this.address.refresh, { method: "POST", credentials: "omit", cache: "no-store" });
      if (answer.ok) {
        if (this.address.renew((await answer.json()).token)) this.onRenewed();
        return;
      }
      if (answer.status < 500) return; // the session is over: what ends with it says so itself
    } catch { /* the network may come back in time */ }
    this.timer = setTimeout(() => this.#renew(), AGAIN_MS);
  }
}
