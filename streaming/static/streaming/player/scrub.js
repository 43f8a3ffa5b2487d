// The bar of time: what is loaded and played, where a chapter begins, and a picture of where one would go.

import { asClock, inWords } from "./clock.js";

const TIMES = /(?:(\d+):)?(\d{2}):(\d{2}\.\d{3}) --> (?:(\d+):)?(\d{2}):(\d{2}\.\d{3})[^\n]*\n(\S+)#xywh=(\d+),(\d+),(\d+),(\d+)/g;
const inSeconds = (hours, minutes, seconds) => Number(hours || 0) * 3600 + Number(minutes) * 60 + Number(seconds);

export const readStoryboard = (text) => [...text.matchAll(TIMES)].map((found) => ({
  start_s: inSeconds(found[1], found[2], found[3]),
  end_s: inSeconds(found[4], found[5], found[6]),
  sheet: found[7],
  box: found.slice(8, 12).map(Number),
}));

// Apple's chapters.json: [{"start-time": 0, "titles": [{"language": "en", "title": "…"}]}, …]
export const readChapters = (given) => given
  .map((one) => ({ start_s: Number(one["start-time"]), title: String(((one.titles || [])[0] || {}).title || "") }))
  .filter((one) => Number.isFinite(one.start_s) && one.title)
  .sort((a, b) => a.start_s - b.start_s);

export class Scrub {
  constructor(film, byId, seek) {
    Object.assign(this, { film, byId, seek, isHeld: false, tiles: null, chapters: [], storyboard: "" });
    const range = byId("seek");
    range.addEventListener("input", () => {
      this.isHeld = true;
      this.#preview(Number(range.value), true);
      seek(Number(range.value));
    });
    range.addEventListener("change", () => { this.isHeld = false; this.#hide(); });
    range.addEventListener("pointermove", (event) => { if (event.pointerType === "mouse") this.#preview(this.#timeAt(event), false); });
    range.addEventListener("pointerleave", () => this.#hide());
    range.addEventListener("blur", () => this.#hide());
    for (const name of ["timeupdate", "seeking", "progress", "durationchange", "loadedmetadata", "emptied"]) film.video.addEventListener(name, () => this.draw());
    film.addEventListener("chapters", (event) => this.#loadChapters(event.detail.url));
  }

  // Of the film or clip, in seconds of its own: it begins at 0.
  get end_s() { return Math.max(0, this.film.end_s - this.film.begin_s); }
  get now_s() { return Math.max(0, this.film.video.currentTime - this.film.begin_s); }

  draw() {
    const { video } = this.film;
    const { byId, end_s, now_s } = this;
    const { begin_s } = this.film;
    const part = (time_s) => `${end_s ? Math.min(100, (time_s / end_s) * 100) : 0}%`;
    const range = byId("seek");
    range.max = String(end_s || 1);
    if (!this.isHeld) range.value = String(now_s);
    range.setAttribute("aria-valuetext", `${inWords(now_s)} of ${inWords(end_s)}`);
    byId("played").style.width = part(this.isHeld ? Number(range.value) : now_s);
    const loaded = [...Array(video.buffered.length).keys()].map((at) => [video.buffered.start(at), video.buffered.end(at)]);
    const ahead = loaded.find(([from_s, to_s]) => from_s <= video.currentTime + 0.2 && to_s >= video.currentTime);
    byId("buffered").style.width = part(ahead ? Math.max(0, ahead[1] - begin_s) : 0);
    byId("now").textContent = asClock(now_s);
    byId("end").textContent = asClock(end_s);
    if (this.markedEnd_s !== end_s) this.#mark();
  }

  chapterAt(time_s) { return this.chapters.filter((one) => one.start_s <= time_s).at(-1); }

  #timeAt(event) {
    const box = event.currentTarget.getBoundingClientRect();
    return Math.max(0, Math.min(1, (event.clientX - box.left) / box.width)) * this.end_s;
  }

  #preview(time_s, isHeld) {
    if (!this.end_s) return;
    this.#loadTiles().then(() => this.#showTile(time_s));
    const { byId } = this;
    const box = byId("preview");
    box.hidden = false;
    byId("preview-time").textContent = asClock(time_s);
    const chapter = this.chapterAt(time_s);
    byId("preview-chapter").textContent = chapter ? chapter.title : "";
    byId("preview-chapter").hidden = !chapter;
    this.#showTile(time_s);
    const [whole, own] = [byId("seek-box").clientWidth, box.offsetWidth];
    const middle = (time_s / this.end_s) * whole;
    box.style.left = `${Math.max(0, Math.min(whole - own, middle - own / 2))}px`;
    if (isHeld) this.draw();
  }

  #hide() { this.byId("preview").hidden = true; }

  #showTile(time_s) {
    const tile = this.byId("tile");
    const found = (this.tiles || []).find((one) => time_s >= one.start_s && time_s < one.end_s) || (this.tiles || []).at(-1);
    tile.hidden = !found || this.film.video.clientHeight < 150;
    if (tile.hidden) return;
    const [x, y, width, height] = found.box;
    // As large as there is room for; the sheet is drawn at its own size, and the box is scaled.
    const scale = Math.min(1, (this.film.video.clientWidth * 0.42) / width, (this.film.video.clientHeight * 0.42) / height);
    Object.assign(tile.style, {
      width: `${width}px`, height: `${height}px`, zoom: String(scale),
      backgroundImage: `url("${this.film.address.folder}${found.sheet}")`, backgroundPosition: `-${x}px -${y}px`,
    });
  }

  // Once, and only for who looks for a place in the film.
  async #loadTiles() {
    if (this.tiles || !this.storyboard) return;
    this.tiles = [];
    try {
      const answer = await fetch(this.film.address.renewed(this.storyboard), { credentials: "omit" });
      if (answer.ok) this.tiles = readStoryboard(await answer.text());
    } catch { /* a picture is nice to have */ }
  }

  async #loadChapters(url) {
    try {
      const answer = await fetch(this.film.address.renewed(url), { credentials: "omit" });
      if (answer.ok) this.chapters = readChapters(await answer.json());
    } catch { /* the film goes without */ }
    this.#mark();
  }

  #mark() {
    this.markedEnd_s = this.end_s;
    const marks = this.chapters.filter((one) => one.start_s > 0 && one.start_s < this.end_s).map((one) => {
      const mark = document.createElement("i");
      mark.className = "player-mark";
      mark.style.left = `${(one.start_s / this.end_s) * 100}%`;
      return mark;
    });
    this.byId("marks").replaceChildren(...marks);
  }
}
