// How it stands with the video: asked while it is prepared, and while it plays, so that an end is noticed at once.

const WAIT_MS = { first: 1500, longest: 15_000, growth: 1.3 };
const WATCH_MS = 1500;
const ANSWER_MS = 8000;
const PATIENCE_MS = 5000; // for a fresh token from the page around

const BY_CODE = { token_expired: "expired", token_not_yet_valid: "early", token_invalid: "invalid", video_not_ready: "missing", media_not_found: "missing" };

// Return {state, …} as the server tells it; "network" where it does not answer, "unavailable" where it can't tell.
export const ask = async (address) => {
  try {
    const answer = await fetch(address.state, { cache: "no-store", credentials: "omit", signal: AbortSignal.timeout(ANSWER_MS) });
    if (answer.ok) return await answer.json();
    if (answer.status >= 500) return { state: "unavailable" };
    const { code } = await answer.json();
    return { state: BY_CODE[code] || (answer.status === 403 ? "restricted" : "missing") };
  } catch {
    return { state: "network" };
  }
};

export class States {
  // onChange(answer): the state is another than the one shown.
  constructor(player, film, messages, onChange) {
    Object.assign(this, { player, film, messages, onChange, timer: 0, wait_ms: WAIT_MS.first, isAsking: false, patience: 0 });
    film.video.addEventListener("playing", () => this.watch());
    document.addEventListener("visibilitychange", () => { if (!document.hidden && this.now === "processing") this.#again(0); });
  }

  get now() { return this.player.dataset.state; }

  wait() {
    this.wait_ms = WAIT_MS.first;
    this.#again(this.wait_ms);
  }

  watch() { this.#again(WATCH_MS); }
  stop() { clearTimeout(this.timer); }

  #again(after_ms) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.check(), after_ms);
  }

  async check() {
    clearTimeout(this.timer);
    if (this.isAsking) return;
    this.isAsking = true;
    const answer = await ask(this.film.address);
    this.isAsking = false;
    this.#take(answer);
  }

  // Ask because something went wrong: the film itself may be to blame.
  async explain(otherwise) {
    const answer = await ask(this.film.address);
    const isFilmsFault = answer.state === "playable" && otherwise !== "playable";
    this.onChange(isFilmsFault ? { state: otherwise } : answer);
  }

  retry() { return this.explain("playable"); }

  #take(answer) {
    const { state } = answer;
    if (state === "expired" && this.now === "playable" && this.messages.isFramed && !this.patience) return this.#askForToken(answer);
    if (state === "expired" && this.patience) return undefined;
    // What is loaded goes on playing while a server or a network is out for a moment.
    const isPassing = (state === "network" || state === "unavailable") && (this.now === "playable" || this.now === "processing");
    if (isPassing) return this.#goOn();
    this.onChange(answer);
    return this.#goOn();
  }

  #goOn() {
    if (this.now === "processing" && !document.hidden) {
      this.#again(this.wait_ms);
      this.wait_ms = Math.min(WAIT_MS.longest, this.wait_ms * WAIT_MS.growth);
    } else if (this.now === "playable" && this.film.hasBegun && !this.film.video.paused) this.#again(WATCH_MS);
  }

  #askForToken(answer) {
    this.messages.tell("token-expired");
    this.patience = setTimeout(() => {
      this.patience = 0;
      this.onChange(answer);
    }, PATIENCE_MS);
  }

  renewed() {
    clearTimeout(this.patience);
    this.patience = 0;
    return this.explain("playable");
  }
}
