// The embed player: hls.js where it is there and media source extensions are, else the browser's own HLS.
"use strict";

(() => {
  const byId = (id) => document.getElementById(id);
  const video = byId("video");
  const source = byId("player").dataset.hls;
  // wish: the level that was chosen; text: the captions shown; lastText: those that key c turns on; -1: none.
  const fresh = { wish: -1, text: -1, lastText: -1, textWish: null, hasBegun: false, recoveries: 0 };
  const state = { hls: null, idleTimer: 0, ...fresh };

  // ---- words ---------------------------------------------------------------------------------------------------

  const WORDS = {
    401: ["This link has expired", "Go back to the page that you came from and open the video again."],
    403: ["This video is not available", "It can't be played at the moment."],
    404: ["There is nothing to play", "The video is not ready yet, or is no longer here."],
    network: ["The connection was lost", "Check your network, then try again."],
    media: ["This video can't be shown", "Your browser could not decode it. Another browser may."],
    unsupported: ["Your browser can't play this", "A current version of any large browser can."],
  };

  const showNotice = (kind, mayRetry) => {
    const [title, words] = WORDS[kind] || WORDS.network;
    byId("notice-title").textContent = title;
    byId("notice-words").textContent = words;
    byId("notice-again").hidden = !mayRetry;
    byId("notice").hidden = false;
    video.pause();
    if (mayRetry) byId("notice-again").focus();
  };

  const hideNotice = () => { byId("notice").hidden = true; };

  // The browser's own player gives no status, so the playlist is asked for it once.
  const explain = async (otherwise) => {
    try {
      const answer = await fetch(source, { cache: "no-store", credentials: "omit" });
      showNotice(answer.ok ? otherwise : answer.status, answer.ok || answer.status >= 500);
    } catch {
      showNotice("network", true);
    }
  };

  // ---- menus: a button that names the choice, and a list to choose from ------------------------------------------

  const menus = [];

  const makeMenu = (name) => {
    const box = byId(name);
    const button = byId(`${name}-button`);
    const list = byId(`${name}-menu`);
    const choices = () => Array.from(list.querySelectorAll("[role=menuitemradio]"));

    const close = (giveBackFocus) => {
      list.hidden = true;
      button.setAttribute("aria-expanded", "false");
      if (giveBackFocus) button.focus();
    };

    const open = () => {
      for (const other of menus) other.close(false);
      list.hidden = false;
      button.setAttribute("aria-expanded", "true");
      (choices().find((one) => one.getAttribute("aria-checked") === "true") || choices()[0]).focus();
    };

    const add = (value, label, choose) => {
      const choice = document.createElement("button");
      choice.type = "button";
      choice.className = "player-choice";
      choice.setAttribute("role", "menuitemradio");
      choice.dataset.value = String(value);
      choice.tabIndex = -1;
      choice.textContent = label;
      choice.addEventListener("click", () => {
        choose(value);
        close(true);
      });
      list.append(choice);
    };

    const mark = (value, label) => {
      byId(`${name}-now`).textContent = label;
      for (const one of choices()) one.setAttribute("aria-checked", String(one.dataset.value === String(value)));
    };

    const move = (event) => {
      const all = choices();
      const at = all.indexOf(document.activeElement);
      const target = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 }[event.key];
      if (event.key === "Escape") close(true);
      else if (event.key === "Tab") close(false);
      else if (target !== undefined) all[(target + all.length) % all.length].focus();
      else return;
      event.stopPropagation();
      if (event.key !== "Tab") event.preventDefault();
    };

    button.addEventListener("click", () => (list.hidden ? open() : close(true)));
    list.addEventListener("keydown", move);
    document.addEventListener("pointerdown", (event) => {
      if (!list.hidden && !box.contains(event.target)) close(false);
    });
    const menu = { add, close, mark, clear: () => list.replaceChildren(), isOpen: () => !list.hidden };
    menu.show = (isUseful) => { box.hidden = !isUseful; };
    menus.push(menu);
    return menu;
  };

  // ---- the quality menu ----------------------------------------------------------------------------------------

  const quality = makeMenu("quality");
  const shortestSide = (level) => Math.min(level.width || Infinity, level.height || Infinity);
  const labelOf = (level) => (level.height ? `${shortestSide(level)}p` : `${Math.round(level.bitrate / 1000)} kb/s`);

  const showQuality = () => {
    const { hls, wish } = state;
    const playing = hls.levels[hls.currentLevel];
    const automatic = playing ? `Auto · ${labelOf(playing)}` : "Auto";
    quality.mark(wish, wish === -1 ? automatic : labelOf(hls.levels[wish]));
  };

  const chooseQuality = (level) => {
    state.wish = level;
    state.hls.nextLevel = level;
    showQuality();
  };

  const fillQuality = () => {
    const all = state.hls.levels.map((level, index) => ({ index, level }));
    const first = state.hls.levels[state.hls.firstLevel];
    const codecOf = (level) => (level.videoCodec || "").split(".")[0];
    const isOther = (level, what) => Number(Boolean(first) && what(level) !== what(first));
    const strangeness = (level) => isOther(level, codecOf) * 2 + isOther(level, (one) => one.attrs.AUDIO);
    // A size is one choice, in however many codecs and kinds of sound it is there: what is most like the first.
    all.sort((a, b) => strangeness(a.level) - strangeness(b.level) || b.level.bitrate - a.level.bitrate);
    const bySize = new Map(all.map((one) => [labelOf(one.level), one]).reverse());
    const levels = [...bySize.values()];
    levels.sort((a, b) => shortestSide(b.level) - shortestSide(a.level) || b.level.bitrate - a.level.bitrate);
    quality.clear();
    quality.add(-1, "Auto", chooseQuality);
    for (const { index, level } of levels) quality.add(index, labelOf(level), chooseQuality);
    quality.show(levels.length > 1);
    showQuality();
  };

  // ---- the sound menu --------------------------------------------------------------------------------------------

  const sound = makeMenu("sound");

  const showSound = () => {
    const { hls } = state;
    const track = hls.audioTracks[hls.audioTrack];
    if (track) sound.mark(track.name, track.name);
  };

  // By name: the same sound has another number in each codec.
  const chooseSound = (name) => {
    const { hls } = state;
    const id = hls.audioTracks.findIndex((track) => track.name === name);
    if (id >= 0) hls.audioTrack = id;
    sound.mark(name, name);
  };

  const fillSound = () => {
    const tracks = state.hls.audioTracks;
    sound.clear();
    if (tracks.length > 1) for (const track of tracks) sound.add(track.name, track.name, chooseSound);
    sound.show(tracks.length > 1);
    showSound();
  };

  // ---- the captions menu -----------------------------------------------------------------------------------------

  const captions = makeMenu("captions");

  const showCaptions = (id) => {
    const track = state.hls.allSubtitleTracks[id];
    state.text = track ? id : -1;
    if (track) state.lastText = id;
    captions.mark(state.text, track ? track.name : "Off");
  };

  const chooseCaptions = (id) => {
    state.textWish = id;
    applyCaptions();
    showCaptions(id);
  };

  // hls.js knows the tracks of a level once it plays one; until then only we know what was chosen.
  const applyCaptions = () => {
    const { hls, textWish } = state;
    if (hls && textWish !== null && hls.subtitleTracks.length) hls.subtitleTrack = textWish;
  };

  // Players show forced tracks by themselves; they are nothing to choose.
  const fillCaptions = () => {
    const tracks = state.hls.allSubtitleTracks.map((track, id) => ({ id, track })).filter(({ track }) => !track.forced);
    captions.clear();
    if (tracks.length) captions.add(-1, "Off", chooseCaptions);
    for (const { id, track } of tracks) captions.add(id, track.name, chooseCaptions);
    captions.show(tracks.length > 0);
    if (tracks.length) state.lastText = tracks[0].id;
    const shown = tracks.find(({ track }) => track.default);
    showCaptions(shown ? shown.id : -1);
  };

  // ---- the bar fades while the film runs -----------------------------------------------------------------------

  const wake = () => {
    byId("top").classList.remove("is-idle");
    clearTimeout(state.idleTimer);
    state.idleTimer = setTimeout(() => {
      if (!video.paused && !menus.some((menu) => menu.isOpen())) byId("top").classList.add("is-idle");
    }, 2600);
  };
  for (const name of ["pointermove", "pointerdown", "keydown", "focusin"]) document.addEventListener(name, wake);
  for (const name of ["play", "pause", "ended"]) video.addEventListener(name, wake);

  // ---- keys, as viewers know them from elsewhere -----------------------------------------------------------------

  const seek = (by_s) => { video.currentTime = Math.max(0, Math.min(video.currentTime + by_s, video.duration || Infinity)); };
  const KEYS = {
    " ": () => {
      if (!state.hasBegun) begin();
      else if (video.paused) video.play().catch(() => {});
      else video.pause();
    },
    k: () => KEYS[" "](),
    j: () => seek(-10),
    l: () => seek(10),
    ArrowLeft: () => seek(-5),
    ArrowRight: () => seek(5),
    ArrowUp: () => { video.volume = Math.min(1, video.volume + 0.1); },
    ArrowDown: () => { video.volume = Math.max(0, video.volume - 0.1); },
    m: () => { video.muted = !video.muted; },
    c: () => { if (state.hls && state.lastText !== -1) chooseCaptions(state.text === -1 ? state.lastText : -1); },
    f: () => (document.fullscreenElement ? document.exitFullscreen() : byId("player").requestFullscreen().catch(() => {})),
  };
  document.addEventListener("keydown", (event) => {
    // The video's own controls answer their keys themselves.
    const isElsewhere = event.target === document.body || event.target === byId("player");
    const isLetter = event.target === video && event.key.length === 1 && event.key !== " ";
    const act = KEYS[event.key];
    if (!act || event.ctrlKey || event.metaKey || event.altKey || !(isElsewhere || isLetter)) return;
    event.preventDefault();
    act();
  });

  // ---- playing ---------------------------------------------------------------------------------------------------

  const onFatal = (data) => {
    const { hls } = state;
    const status = data.response && data.response.code;
    if (data.type === Hls.ErrorTypes.MEDIA_ERROR && state.recoveries < 2) {
      state.recoveries += 1;
      hls.recoverMediaError();
    } else if (WORDS[status]) showNotice(status, false);
    else showNotice(data.type === Hls.ErrorTypes.MEDIA_ERROR ? "media" : "network", true);
  };

  const useScript = () => {
    const lazily = { autoStartLoad: false, startPosition: 0 };
    state.hls = new Hls({ ...lazily, enableWorker: false, capLevelToPlayerSize: true, backBufferLength: 60 });
    state.hls.on(Hls.Events.MANIFEST_PARSED, fillQuality);
    state.hls.on(Hls.Events.MANIFEST_PARSED, fillCaptions);
    // A moment later: hls.js makes a choice of its own right after it has said so.
    state.hls.on(Hls.Events.SUBTITLE_TRACKS_UPDATED, () => setTimeout(applyCaptions));
    state.hls.on(Hls.Events.SUBTITLE_TRACK_SWITCH, (_name, data) => showCaptions(data.id));
    state.hls.on(Hls.Events.LEVEL_SWITCHED, showQuality);
    state.hls.on(Hls.Events.AUDIO_TRACKS_UPDATED, fillSound);
    state.hls.on(Hls.Events.AUDIO_TRACK_SWITCHED, showSound);
    state.hls.on(Hls.Events.LEVEL_UPDATED, (_name, data) => { byId("growing").hidden = !data.details.live; });
    state.hls.on(Hls.Events.ERROR, (_name, data) => { if (data.fatal) onFatal(data); });
    state.hls.loadSource(source);
  };

  // No picture or sound is fetched before the viewer wants it: only the list of qualities.
  const begin = () => {
    if (state.hasBegun) return;
    state.hasBegun = true;
    byId("start").hidden = true;
    video.controls = true;
    if (state.hls) {
      state.hls.attachMedia(video);
      state.hls.startLoad(0);
    } else video.src = source;
    video.play().catch(() => {}); // a browser may want a click of its own; its controls are there now
    byId("player").focus({ preventScroll: true }); // keys go to the page; Tab leads to the browser's controls
  };

  const prepare = () => {
    hideNotice();
    Object.assign(state, fresh);
    if (state.hls) state.hls.destroy();
    state.hls = null;
    if (window.Hls && Hls.isSupported()) useScript();
    else if (!video.canPlayType("application/vnd.apple.mpegurl")) showNotice("unsupported", false);
  };

  byId("start").addEventListener("click", begin);
  byId("notice-again").addEventListener("click", () => { prepare(); begin(); });
  video.addEventListener("play", begin);
  video.addEventListener("error", () => { if (!state.hls && state.hasBegun) explain("media"); });
  video.addEventListener("durationchange", () => {
    if (!state.hls && state.hasBegun) byId("growing").hidden = Number.isFinite(video.duration);
  });
  wake();
  prepare();
})();
