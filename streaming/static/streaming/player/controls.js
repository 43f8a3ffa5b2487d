// The buttons under the film, what they are called, and when they are to be seen.

import { asClock } from "./clock.js";
import { Menu } from "./menu.js";

const IDLE_MS = 2600;
const SPEEDS = [0.5, 0.75, 1, 1.25, 1.5, 1.75, 2];
const speedWords = (speed) => (speed === 1 ? "Normal" : `${speed} ×`);

export class Controls {
  constructor(film, byId, say) {
    Object.assign(this, { film, byId, say, video: film.video, player: byId("player"), scrub: null, idleTimer: 0 });
    this.menu = new Menu(byId("settings"), byId("menu"), () => this.#pages());
    this.#bindButtons();
    this.#bindFilm();
    this.#bindOutside();
    for (const name of ["pointerdown", "keydown"]) document.addEventListener(name, () => this.wake());
    document.addEventListener("pointermove", (event) => { if (event.pointerType === "mouse") this.wake(); });
    document.addEventListener("focusin", (event) => { if (event.target.matches(":focus-visible")) this.wake(); });
    document.addEventListener("pointerleave", () => { if (!this.video.paused) this.#rest(); });
    this.#showVolume();
  }

  // ---- what can be done ---------------------------------------------------------------------------------------------

  seek(time_s) {
    if (!this.film.hasBegun) return;
    this.video.currentTime = this.film.begin_s + Math.max(0, Math.min(time_s, this.scrub.end_s || Infinity));
  }

  seekBy(by_s) {
    this.seek(this.scrub.now_s + by_s);
    this.flash(`${by_s > 0 ? "+" : "−"}${Math.abs(by_s)} s`, by_s > 0 ? "right" : "left");
  }

  toggle() {
    if (!this.film.hasBegun) this.byId("start").click();
    else if (this.video.paused || this.film.hasEnded) this.film.play();
    else this.video.pause();
  }

  // A page of its own, for who has something against the video.
  report() {
    this.video.pause();
    window.open(`${this.film.address.report}?t=${Math.floor(this.scrub.now_s)}`, "_blank", "noopener");
  }

  changeVolume(by) {
    this.video.muted = false;
    this.video.volume = Math.max(0, Math.min(1, Math.round((this.video.volume + by) * 100) / 100));
    this.tell(`Volume ${Math.round(this.video.volume * 100)} %`);
  }

  mute() {
    this.video.muted = !this.video.muted;
    this.tell(this.video.muted ? "Sound off" : "Sound on");
  }

  changeSpeed(steps) {
    const at = SPEEDS.findIndex((speed) => speed >= this.video.playbackRate);
    this.video.playbackRate = SPEEDS[Math.max(0, Math.min(SPEEDS.length - 1, at + steps))];
    this.tell(`Speed ${speedWords(this.video.playbackRate).toLowerCase()}`);
  }

  toggleCaptions() {
    if (!this.film.texts.length) return;
    this.film.toggleText();
    const shown = this.film.texts.find((one) => one.id === this.film.text);
    this.tell(shown ? `Captions: ${shown.label}` : "Captions off");
  }

  fullscreen() {
    if (document.fullscreenElement) document.exitFullscreen();
    else if (this.player.requestFullscreen && document.fullscreenEnabled) this.player.requestFullscreen().catch(() => {});
    else if (this.video.webkitEnterFullscreen) this.video.webkitEnterFullscreen();
  }

  pictureInPicture() {
    if (this.byId("pip").hidden || this.video.readyState < 1) return;
    if (document.pictureInPictureElement) document.exitPictureInPicture();
    else this.video.requestPictureInPicture().catch(() => {});
  }

  help() {
    this.menu.close(false);
    if (!this.byId("help").open) this.byId("help").showModal();
  }

  // ---- what is to be seen and heard of it -----------------------------------------------------------------------------

  flash(words, side) {
    const box = this.byId("flash");
    box.textContent = words;
    box.className = `player-flash is-${side}`;
    box.hidden = true;
    void box.offsetWidth; // so that it begins anew
    box.hidden = false;
    clearTimeout(this.flashTimer);
    this.flashTimer = setTimeout(() => { box.hidden = true; }, 700);
  }

  tell(words) {
    this.flash(words, "middle");
    this.say(words);
  }

  begin() {
    const { byId } = this;
    byId("start").hidden = true;
    byId("bar").hidden = false;
    this.scrub.draw();
    this.wake();
    // A key press goes on with the keys, a click with the page's own.
    if (document.activeElement === document.body || document.activeElement === byId("start")) byId("play").focus({ preventScroll: true });
  }

  reset() {
    this.menu.close(false);
    if (this.byId("help").open) this.byId("help").close();
    this.byId("bar").hidden = true;
    this.byId("busy").hidden = true;
    this.player.classList.remove("is-idle", "is-playing");
  }

  wake() {
    this.player.classList.remove("is-idle");
    clearTimeout(this.idleTimer);
    this.idleTimer = setTimeout(() => this.#rest(), IDLE_MS);
  }

  #rest() {
    const isWanted = this.video.paused || this.menu.isOpen || this.scrub.isHeld || this.player.classList.contains("is-sound");
    if (!isWanted) this.player.classList.add("is-idle");
  }

  // A touch brings the controls, and another takes them away.
  touched() {
    if (this.player.classList.contains("is-idle") || this.video.paused) this.wake();
    else this.#rest();
  }

  // ---- wiring ---------------------------------------------------------------------------------------------------------

  #bindButtons() {
    const { byId, video } = this;
    byId("play").addEventListener("click", () => this.toggle());
    byId("mute").addEventListener("click", () => { video.muted = !video.muted; });
    byId("captions").addEventListener("click", () => this.film.toggleText());
    byId("fullscreen").addEventListener("click", () => this.fullscreen());
    byId("pip").addEventListener("click", () => this.pictureInPicture());
    byId("volume").addEventListener("input", (event) => {
      video.volume = Number(event.target.value) / 100;
      video.muted = video.volume === 0;
    });
  }

  #bindFilm() {
    const { byId, film, player, video } = this;
    const showPlay = () => {
      const isPlaying = !video.paused && !film.hasEnded;
      player.classList.toggle("is-playing", isPlaying);
      byId("play").setAttribute("aria-label", isPlaying ? "Pause" : film.hasEnded ? "Play again" : "Play");
      byId("play").classList.toggle("is-pressed", isPlaying);
      this.wake();
    };
    for (const name of ["play", "pause", "ended", "seeked", "emptied"]) video.addEventListener(name, showPlay);
    video.addEventListener("volumechange", () => this.#showVolume());
    video.addEventListener("ratechange", () => this.menu.refresh());
    for (const name of ["waiting", "seeking"]) video.addEventListener(name, () => { byId("busy").hidden = !film.hasBegun; });
    for (const name of ["playing", "canplay", "seeked", "pause", "emptied"]) video.addEventListener(name, () => { byId("busy").hidden = true; });
    video.addEventListener("loadedmetadata", () => {
      player.classList.toggle("is-sound", !video.videoWidth);
      byId("pip").hidden = !video.videoWidth || !document.pictureInPictureEnabled || !video.requestPictureInPicture;
    });
    for (const name of ["tracks", "quality", "captions"]) film.addEventListener(name, () => this.#showTracks());
    video.textTracks.addEventListener("addtrack", () => { if (film.isNative) this.#showTracks(); });
  }

  #bindOutside() {
    const { byId, player, video } = this;
    byId("fullscreen").hidden = !(document.fullscreenEnabled || video.webkitEnterFullscreen);
    document.addEventListener("fullscreenchange", () => {
      const isFull = Boolean(document.fullscreenElement);
      byId("fullscreen").classList.toggle("is-pressed", isFull);
      byId("fullscreen").setAttribute("aria-label", isFull ? "Leave full screen" : "Full screen");
    });
    // AirPlay, where the browser itself has it and has found a screen.
    video.addEventListener("webkitplaybacktargetavailabilitychanged", (event) => {
      byId("airplay").hidden = event.availability !== "available" || !video.canPlayType("application/vnd.apple.mpegurl");
    });
    byId("airplay").addEventListener("click", () => {
      this.film.handOver();
      video.webkitShowPlaybackTargetPicker();
    });
    player.classList.toggle("has-fixed-volume", /iP(hone|ad|od)/.test(navigator.userAgent)); // there it is the device's
  }

  #showVolume() {
    const { byId, video } = this;
    const isOff = video.muted || video.volume === 0;
    byId("mute").setAttribute("aria-label", isOff ? "Sound on" : "Sound off");
    byId("mute").classList.toggle("is-pressed", isOff);
    byId("volume").value = String(isOff ? 0 : Math.round(video.volume * 100));
    byId("volume").style.setProperty("--part", `${byId("volume").value}%`);
    byId("volume").setAttribute("aria-valuetext", `${byId("volume").value} %`);
  }

  #showTracks() {
    const button = this.byId("captions");
    button.hidden = !this.film.texts.length;
    button.setAttribute("aria-pressed", String(this.film.text !== -1));
    button.classList.toggle("is-marked", this.film.text !== -1);
    this.menu.refresh();
  }

  #pages() {
    const { film, video } = this;
    const { qualities, sounds, texts } = film;
    const { chapters } = this.scrub;
    const shown = texts.find((one) => one.id === film.text);
    const chapter = this.scrub.chapterAt(this.scrub.now_s);
    const pages = [
      qualities.length > 1 && {
        name: "quality", title: "Quality", now: film.qualityWords, value: film.level,
        choices: [[-1, "Auto"], ...qualities.map((one) => [one.id, one.label])], choose: (id) => film.chooseQuality(id),
      },
      {
        name: "speed", title: "Speed", now: speedWords(video.playbackRate), value: video.playbackRate,
        choices: SPEEDS.map((speed) => [speed, speedWords(speed)]), choose: (speed) => { video.playbackRate = speed; },
      },
      texts.length && {
        name: "captions", title: "Captions", now: shown ? shown.label : "Off", value: film.text,
        choices: [[-1, "Off"], ...texts.map((one) => [one.id, one.label])], choose: (id) => film.chooseText(id),
      },
      sounds.length > 1 && {
        name: "sound", title: "Sound", now: film.sound, value: film.sound,
        choices: sounds.map((name) => [name, name]), choose: (name) => film.chooseSound(name),
      },
      chapters.length && {
        name: "chapters", title: "Chapters", now: chapter ? chapter.title : "", value: chapter ? chapter.start_s : -1,
        choices: chapters.map((one) => [one.start_s, `${asClock(one.start_s)}  ${one.title}`]), choose: (start_s) => this.seek(start_s),
      },
      this.player.dataset.canReport && { name: "report", title: "Report", now: "", choose: () => this.report() },
      { name: "help", title: "Keys", now: "?", choose: () => this.help() },
    ];
    return pages.filter(Boolean);
  }
}
