// Plays films in hls.js, Shaka Player and dash.js at once, all steered in the same words.
"use strict";

const PATIENCE_MS = 40_000;

// Shaka's own way to show text through the element drops cues that come before it has noticed which track is on.
class ShownText {
  constructor(video) { this.track = video.addTextTrack("subtitles", "shown"); }
  append(cues) {
    const known = Array.from(this.track.cues || []).map((cue) => `${cue.startTime} ${cue.text}`);
    const added = cues.filter((cue) => !known.includes(`${cue.startTime} ${cue.payload}`));
    for (const cue of added) this.track.addCue(new VTTCue(cue.startTime, cue.endTime, cue.payload));
  }
  remove() { return true; }
  isTextVisible() { return this.track.mode === "showing"; }
  setTextVisibility(on) { this.track.mode = on ? "showing" : "hidden"; }
  setTextLanguage() {}
  enableTextDisplayer() {}
  configure() {}
  destroy() { return Promise.resolve(); }
}

// Each takes (video, address, errors) and gives {play(), choose(height), languages(), caption(language), stop()}.
const PLAYERS = {
  hls: async (video, url, errors) => {
    const hls = new Hls();
    hls.on(Hls.Events.ERROR, (_, data) => { if (data.fatal) errors.push(`${data.details}: ${data.error || ""}`); });
    hls.loadSource(url);
    hls.attachMedia(video);
    const beside = document.createElement("video");
    let glimpses = null;
    let isAttached = null;
    return {
      choose: (height) => { hls.currentLevel = hls.levels.findIndex((one) => one.height === height); },
      caption: (language) => {
        hls.subtitleTrack = hls.subtitleTracks.findIndex((one) => one.lang === language);
        hls.subtitleDisplay = true;
      },
      play: () => video.play(),
      // Shows the key frame of a time in an element beside, as seek bars do.
      glimpse: async (time) => {
        if (!glimpses) {
          glimpses = hls.createIFramePlayer();
          glimpses.on(Hls.Events.ERROR, (_, data) => errors.push(`${data.details}: ${data.error || ""}`));
          isAttached = new Promise((done) => glimpses.on(Hls.Events.MEDIA_ATTACHED, done));
          glimpses.attachMedia(beside);
        }
        await isAttached; // what is asked for before is forgotten
        glimpses.loadMediaAt(time);
      },
      glimpsed: () => [beside.currentTime, beside.videoHeight, beside.readyState],
      languages: () => hls.subtitleTracks.map((one) => one.lang),
      stop: () => hls.destroy(),
    };
  },
  shaka: async (video, url, errors) => {
    const player = new shaka.Player();
    player.addEventListener("error", (event) => errors.push(`${event.detail.code}: ${event.detail.data}`));
    player.configure("streaming.bufferingGoal", 3); // so that there is something left to load differently
    player.configure("textDisplayFactory", () => new ShownText(video));
    await player.attach(video);
    await player.load(url).catch((error) => errors.push(`${error.code}: ${error.data}`));
    return {
      choose: (height) => {
        player.configure("abr.enabled", false);
        player.selectVariantTrack(player.getVariantTracks().find((one) => one.height === height), true);
      },
      caption: (language) => player.selectTextTrack(player.getTextTracks().find((one) => one.language === language)),
      play: () => video.play(),
      run: (rate) => player.trickPlay(rate),
      languages: () => player.getTextTracks().map((one) => one.language),
      thumbnail: (time) => {
        const track = player.getImageTracks()[0];
        return track && player.getThumbnails(track.id, time);
      },
      stop: () => player.destroy(),
    };
  },
  dashjs: async (video, url, errors) => {
    const player = dashjs.MediaPlayer().create();
    player.updateSettings({ debug: { logLevel: dashjs.Debug.LOG_LEVEL_NONE } });
    player.on(dashjs.MediaPlayer.events.ERROR, (event) => errors.push(`${event.error.code}: ${event.error.message}`));
    player.initialize(video, url, false);
    return {
      choose: (height) => {
        player.updateSettings({ streaming: { abr: { autoSwitchBitrate: { video: false } } } });
        const wanted = player.getRepresentationsByType("video").find((one) => one.height === height);
        player.setRepresentationForTypeById("video", wanted.id, true);
      },
      caption: (language) => {
        player.enableText(true);
        player.setTextTrack(player.getTracksFor("text").findIndex((one) => one.lang === language));
      },
      play: () => player.play(), // not the element's own: what it does not hear of, it never asks for again
      languages: () => (player.isReady() && player.getActiveStream() ? player.getTracksFor("text") : []).map((one) => one.lang),
      stop: () => player.destroy(),
    };
  },
};

window.films = {};

window.start = async (id, player, url) => {
  const video = document.createElement("video");
  video.muted = true;
  video.width = 320;
  document.documentElement.append(video);
  const film = { video, errors: [], heights: new Set(), hasEnded: false };
  video.addEventListener("resize", () => film.heights.add(video.videoHeight));
  video.addEventListener("ended", () => { film.hasEnded = true; });
  window.films[id] = film;
  film.player = await PLAYERS[player](video, url, film.errors);
};

window.until = async (what, patience = PATIENCE_MS) => {
  // `what` is made of (film), and has to hold for each of them.
  const end = performance.now() + patience;
  const waiting = () => Object.entries(window.films).filter(([, film]) => !film.errors.length && !what(film));
  while (waiting().length) {
    if (performance.now() > end) {
      for (const [, film] of waiting()) {
        const { currentTime, readyState, duration, videoHeight, paused, seeking, buffered } = film.video;
        const there = Array.from({ length: buffered.length }, (_, at) => [buffered.start(at), buffered.end(at)]);
        film.errors.push(`waited in vain: ${what} ${JSON.stringify({ currentTime, readyState, duration, videoHeight, paused, seeking, there })}`);
      }
    }
    await new Promise((done) => setTimeout(done, 20));
  }
  return Object.fromEntries(Object.entries(window.films).map(([id, film]) => [id, film.errors]));
};

window.each = (act) => { for (const film of Object.values(window.films)) act(film); };

window.cues = (film) => Array.from(film.video.textTracks)
  .filter((track) => track.mode !== "disabled")
  .flatMap((track) => Array.from(track.cues || []).map((cue) => [cue.startTime, cue.endTime, cue.text]))
  .sort((one, other) => one[0] - other[0]);

window.tell = () => Object.fromEntries(Object.entries(window.films).map(([id, film]) => [id, {
  errors: film.errors,
  hasEnded: film.hasEnded,
  duration: film.video.duration,
  at: film.video.currentTime,
  heights: Array.from(film.heights).sort(),
  cues: window.cues(film),
  corrupted: film.video.getVideoPlaybackQuality().corruptedVideoFrames || 0,
}]));

window.stop = async () => {
  for (const film of Object.values(window.films)) {
    await film.player.stop();
    film.video.remove();
  }
  window.films = {};
};
