// The film: hls.js where it can be had and media source extensions are, else the browser's own HLS.
// Nothing is fetched before begin(). Events: "tracks", "quality", "captions", "growing", "chapters", "failed".

const SAVING_HEIGHT = 480;
const RECOVERIES = 2;
const CLOCK_S = 0.02; // what counts as the same moment
const isSaving = () => Boolean(navigator.connection && navigator.connection.saveData);
const shortestSide = (level) => Math.min(level.width || Infinity, level.height || Infinity);
const labelOf = (level) => (level.height ? `${shortestSide(level)}p` : `${Math.round(level.bitrate / 1000)} kb/s`);

export class Film extends EventTarget {
  constructor(video, address, script) {
    super();
    this.clip = null; // {begin_s, length_s}: only so much of what there is to play; null: all of it
    for (const name of ["timeupdate", "seeking", "playing"]) video.addEventListener(name, () => this.#keepToClip());
    Object.assign(this, { video, address, script, hls: null, hasBegun: false, isNative: false });
    this.#forget();
    video.addEventListener("error", () => {
      if (this.isNative && this.hasBegun && video.src) this.#tell("failed", { isMedia: true });
    });
    video.addEventListener("durationchange", () => {
      if (this.isNative && this.hasBegun) this.#tell("growing", { isGrowing: video.duration === Infinity });
    });
  }

  // level: the size that was chosen, text: the captions shown, lastText: those that come back; -1: none, automatic.
  #forget() {
    Object.assign(this, { level: -1, text: -1, lastText: -1, textWish: null, recoveries: 0 });
  }

  #tell(name, detail) { this.dispatchEvent(new CustomEvent(name, { detail })); }

  // ---- of a clip: players have whole segments, and show a part of them ---------------------------------------------

  get begin_s() { return this.clip ? this.clip.begin_s : 0; }

  get there_s() {
    const { duration, seekable } = this.video;
    if (Number.isFinite(duration)) return duration;
    return seekable.length ? seekable.end(seekable.length - 1) : 0;
  }

  get clipEnd_s() { return this.clip ? this.clip.begin_s + this.clip.length_s : Infinity; }
  get end_s() { return this.clip ? Math.min(this.clipEnd_s, this.there_s || Infinity) : this.there_s; }

  // Of what still grows the end may not be there yet: then it waits for more, as for any film.
  get isEndThere() { return this.there_s >= this.clipEnd_s - CLOCK_S; }
  get hasEnded() { return this.video.ended || (this.isEndThere && this.video.currentTime >= this.end_s - CLOCK_S); }

  #keepToClip() {
    const { clip, video } = this;
    if (!clip || !this.hasBegun || !video.readyState) return;
    clearTimeout(this.endTimer);
    if (video.currentTime < clip.begin_s - CLOCK_S) video.currentTime = clip.begin_s;
    const left_s = this.end_s - video.currentTime;
    if (left_s <= CLOCK_S && this.isEndThere) {
      const wasPlaying = !video.paused;
      video.pause();
      if (left_s < -CLOCK_S) video.currentTime = this.end_s;
      if (wasPlaying) this.#tell("ended");
    } else if (!video.paused) this.endTimer = setTimeout(() => this.#keepToClip(), Math.min(250, (left_s * 1000) / video.playbackRate));
  }

  // ---- the script, as late as possible and as early as needed ----------------------------------------------------

  load() {
    if (!this.script || window.Hls) return Promise.resolve();
    this.loading = this.loading || new Promise((done) => {
      const element = document.createElement("script");
      element.src = this.script;
      element.onload = element.onerror = done; // without it the browser's own player may do
      document.head.append(element);
    });
    return this.loading;
  }

  get isReady() { return !this.script || Boolean(window.Hls) || Boolean(this.wasTried); }

  async begin() {
    if (this.hasBegun) return;
    this.hasBegun = true;
    // Within the click itself where that is possible: browsers let films begin only then.
    if (!this.isReady) await this.load();
    this.wasTried = true;
    if (window.Hls && window.Hls.isSupported()) this.#useScript();
    else if (this.video.canPlayType("application/vnd.apple.mpegurl")) this.#useBrowser(this.begin_s);
    else return this.#tell("failed", { isUnsupported: true });
    this.play();
  }

  play() {
    if (this.clip && this.video.readyState && this.hasEnded) this.video.currentTime = this.begin_s; // again, as films do
    this.video.play().catch(() => {}); // a browser may want a click of its own; the button is there
  }

  end() {
    if (this.hls) this.hls.destroy();
    this.hls = null;
    this.video.pause();
    if (this.video.hasAttribute("src")) {
      this.video.removeAttribute("src"); // nothing that was kept shows any more
      this.video.load();
    }
    this.hasBegun = false;
    this.isNative = false;
    this.#forget();
  }

  // A lost connection: what is there stays, and loading goes on.
  resume(plays) {
    if (this.hls && !this.hls.levels.length) this.hls.loadSource(this.address.master); // not even the list had come
    else if (this.hls) this.hls.startLoad();
    else if (this.isNative) this.#useBrowser(this.video.currentTime);
    if (plays) this.play();
  }

  #useBrowser(from_s) {
    this.isNative = true;
    this.video.src = this.address.master;
    if (from_s) this.video.addEventListener("loadedmetadata", () => { this.video.currentTime = from_s; }, { once: true });
  }

  // To a screen of the browser's own finding (AirPlay): only its own player can go there.
  handOver() {
    if (this.isNative) return;
    const [from_s, wasPaused] = [this.video.currentTime, this.video.paused];
    if (this.hls) this.hls.destroy();
    this.hls = null;
    this.#useBrowser(from_s);
    this.#tell("tracks");
    if (!wasPaused) this.play();
  }

  #useScript() {
    const { Events, ErrorTypes } = window.Hls;
    const buffer = isSaving() ? { maxBufferLength: 12, maxMaxBufferLength: 20 } : {};
    const hls = new window.Hls({
      startPosition: this.begin_s, enableWorker: false, capLevelToPlayerSize: true, backBufferLength: 60, ...buffer,
      // The token stands in every address; a fresh one takes the place of the one that the playlists came by.
      xhrSetup: (xhr, url) => xhr.open("GET", this.address.renewed(url), true),
    });
    this.hls = hls;
    hls.on(Events.MANIFEST_LOADED, (_name, data) => this.#findChapters(data));
    hls.on(Events.MANIFEST_PARSED, () => {
      if (isSaving()) hls.autoLevelCapping = this.#savingLevel();
      this.#fillTexts();
      this.#tell("tracks");
    });
    // A moment later: hls.js makes a choice of its own right after it has said so.
    hls.on(Events.SUBTITLE_TRACKS_UPDATED, () => setTimeout(() => this.#applyText()));
    hls.on(Events.SUBTITLE_TRACK_SWITCH, (_name, data) => this.#showText(data.id));
    hls.on(Events.LEVEL_SWITCHED, () => this.#tell("quality"));
    hls.on(Events.AUDIO_TRACKS_UPDATED, () => this.#tell("tracks"));
    hls.on(Events.AUDIO_TRACK_SWITCHED, () => this.#tell("tracks"));
    hls.on(Events.LEVEL_UPDATED, (_name, data) => this.#tell("growing", { isGrowing: data.details.live }));
    hls.on(Events.ERROR, (_name, data) => {
      if (!data.fatal) return;
      const isMedia = data.type === ErrorTypes.MEDIA_ERROR;
      if (isMedia && this.recoveries < RECOVERIES) {
        this.recoveries += 1;
        hls.recoverMediaError();
      } else this.#tell("failed", { isMedia });
    });
    hls.attachMedia(this.video);
    hls.loadSource(this.address.master);
  }

  #savingLevel() {
    const fitting = this.hls.levels.map((level, at) => ({ at, size: shortestSide(level) })).filter((one) => one.size <= SAVING_HEIGHT);
    return fitting.length ? fitting.reduce((most, one) => (one.size > most.size ? one : most)).at : 0;
  }

  #findChapters(data) {
    const found = data.sessionData && data.sessionData["com.apple.hls.chapters"];
    if (found && found.URI) this.#tell("chapters", { url: new URL(found.URI, new URL(this.address.master, location.href)).href });
  }

  // ---- quality ---------------------------------------------------------------------------------------------------

  // A size is one choice, in however many codecs and kinds of sound it is there: what is most like the first.
  get qualities() {
    if (!this.hls) return [];
    const all = this.hls.levels.map((level, id) => ({ id, level, label: labelOf(level) }));
    const first = this.hls.levels[this.hls.firstLevel];
    const codecOf = (level) => (level.videoCodec || "").split(".")[0];
    const isOther = (level, what) => Number(Boolean(first) && what(level) !== what(first));
    const strangeness = ({ level }) => isOther(level, codecOf) * 2 + isOther(level, (one) => one.attrs.AUDIO);
    all.sort((a, b) => strangeness(a) - strangeness(b) || b.level.bitrate - a.level.bitrate);
    const levels = [...new Map(all.map((one) => [one.label, one]).reverse()).values()];
    return levels.sort((a, b) => shortestSide(b.level) - shortestSide(a.level) || b.level.bitrate - a.level.bitrate);
  }

  get qualityWords() {
    const playing = this.hls && this.hls.levels[this.hls.currentLevel];
    if (this.level !== -1) return labelOf(this.hls.levels[this.level]);
    return playing ? `Auto · ${labelOf(playing)}` : "Auto";
  }

  chooseQuality(id) {
    this.level = id;
    this.hls.nextLevel = id;
    this.#tell("quality");
  }

  // ---- sound: by name, since the same sound has another number in each codec -----------------------------------------

  get sounds() { return this.hls ? this.hls.audioTracks.map((track) => track.name) : []; }

  get sound() {
    const track = this.hls && this.hls.audioTracks[this.hls.audioTrack];
    return track ? track.name : "";
  }

  chooseSound(name) {
    const id = this.hls.audioTracks.findIndex((track) => track.name === name);
    if (id >= 0) this.hls.audioTrack = id;
  }

  // ---- captions ----------------------------------------------------------------------------------------------------

  // Players show forced tracks by themselves; they are nothing to choose.
  get texts() {
    if (this.hls) return this.hls.allSubtitleTracks.map((track, id) => ({ id, track, label: track.name })).filter(({ track }) => !track.forced);
    const own = [...this.video.textTracks].map((track, id) => ({ id, track, label: track.label || track.language }));
    return this.isNative ? own.filter(({ track }) => ["subtitles", "captions"].includes(track.kind)) : [];
  }

  #fillTexts() {
    const { texts } = this;
    if (texts.length) this.lastText = texts[0].id;
    const shown = texts.find(({ track }) => track.default);
    this.#showText(shown ? shown.id : -1);
  }

  #showText(id) {
    this.text = this.texts.some((one) => one.id === id) ? id : -1;
    if (this.text !== -1) this.lastText = id;
    this.#tell("captions");
  }

  chooseText(id) {
    this.textWish = id;
    this.#applyText();
    this.#showText(id);
  }

  toggleText() {
    const first = this.texts[0];
    if (this.lastText === -1 && first) this.lastText = first.id;
    if (this.lastText !== -1) this.chooseText(this.text === -1 ? this.lastText : -1);
  }

  // hls.js knows the tracks of a level once it plays one; until then only we know what was chosen.
  #applyText() {
    const { hls, textWish } = this;
    if (textWish === null) return;
    if (hls && hls.subtitleTracks.length) hls.subtitleTrack = textWish;
    if (this.isNative) for (const { id, track } of this.texts) track.mode = id === textWish ? "showing" : "disabled";
  }
}
