// Talk with the page around the iframe: it may steer and is told what happens. Nothing of the film or its viewer is told.

const PREFIX = "gilfoyle:";
const UPDATES_MS = 250;

export class Messages {
  constructor(origins, handlers) {
    this.isFramed = window.parent !== window;
    this.isOpen = origins === "*"; // the token leaves all sites free
    this.origins = [...origins.split(" ").filter((origin) => origin && origin !== "*"), location.origin];
    this.around = this.#findAround();
    if (!this.isFramed) return;
    window.addEventListener("message", (event) => {
      if (event.source !== window.parent || !this.#mayTalk(event.origin)) return;
      const { data } = event;
      const isOurs = data !== null && typeof data === "object" && typeof data.type === "string" && data.type.startsWith(PREFIX);
      const name = isOurs ? data.type.slice(PREFIX.length) : "";
      if (!Object.hasOwn(handlers, name)) return;
      this.around = event.origin;
      handlers[name](data);
    });
  }

  tell(name, facts = {}) {
    if (!this.isFramed) return;
    const target = this.isOpen ? "*" : this.around;
    if (target) window.parent.postMessage({ type: PREFIX + name, ...facts }, target);
  }

  #mayTalk(origin) { return this.isOpen || this.origins.includes(origin); }

  // Who is around is known from the browser, or from the only site that may be, or once it has spoken.
  #findAround() {
    const above = location.ancestorOrigins && location.ancestorOrigins[0];
    if (above) return this.#mayTalk(above) ? above : "";
    return this.origins.length === 2 ? this.origins[0] : "";
  }
}

// `length`: the seconds that are known before anything of the film is loaded; null where nobody knows.
export const bindFilm = (messages, video, scrub, length) => {
  const times = () => ({ time_s: scrub.now_s, duration_s: scrub.end_s || length() });
  let told = -Infinity;
  for (const name of ["play", "pause", "ended"]) video.addEventListener(name, () => messages.tell(name, times()));
  scrub.film.addEventListener("ended", () => messages.tell("ended", times())); // of a clip, which ends within the film
  video.addEventListener("timeupdate", (event) => {
    if (event.timeStamp - told < UPDATES_MS) return;
    told = event.timeStamp;
    messages.tell("timeupdate", times());
  });
};
