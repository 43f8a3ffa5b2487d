// The embed player: hls.js where it is there and media source extensions are, else the browser's own HLS.
"use strict";

(() => {
  const byId = (id) => document.getElementById(id);
  const video = byId("video");
  const source = byId("player").dataset.hls;
  const state = { hls: null, wish: -1, hasBegun: false, recoveries: 0, idleTimer: 0 }; // wish: the level that was chosen, -1: none

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

  // ---- the quality menu ----------------------------------------------------------------------------------------

  const button = byId("quality-button");
  const menu = byId("quality-menu");
  const choices = () => Array.from(menu.querySelectorAll("[role=menuitemradio]"));

  const closeMenu = (giveBackFocus) => {
    menu.hidden = true;
    button.setAttribute("aria-expanded", "false");
    if (giveBackFocus) button.focus();
  };

  const openMenu = () => {
    menu.hidden = false;
    button.setAttribute("aria-expanded", "true");
    (choices().find((one) => one.getAttribute("aria-checked") === "true") || choices()[0]).focus();
  };

  const shortestSide = (level) => Math.min(level.width || Infinity, level.height || Infinity);
  const labelOf = (level) => (level.height ? `${shortestSide(level)}p` : `${Math.round(level.bitrate / 1000)} kb/s`);

  const showQuality = () => {
    const { hls, wish } = state;
    const playing = hls.levels[hls.currentLevel];
    const automatic = playing ? `Auto · ${labelOf(playing)}` : "Auto";
    byId("quality-now").textContent = wish === -1 ? automatic : labelOf(hls.levels[wish]);
    for (const one of choices()) one.setAttribute("aria-checked", String(Number(one.dataset.level) === wish));
  };

  const addChoice = (level, label) => {
    const choice = document.createElement("button");
    choice.type = "button";
    choice.className = "player-choice";
    choice.setAttribute("role", "menuitemradio");
    choice.dataset.level = String(level);
    choice.tabIndex = -1;
    choice.textContent = label;
    choice.addEventListener("click", () => {
      state.wish = level;
      state.hls.nextLevel = level;
      showQuality();
      closeMenu(true);
    });
    menu.append(choice);
  };

  const fillMenu = () => {
    const levels = state.hls.levels.map((level, index) => ({ index, level }));
    levels.sort((a, b) => shortestSide(b.level) - shortestSide(a.level) || b.level.bitrate - a.level.bitrate);
    menu.replaceChildren();
    addChoice(-1, "Auto");
    for (const { index, level } of levels) addChoice(index, labelOf(level));
    byId("quality").hidden = levels.length < 2;
    showQuality();
  };

  const moveInMenu = (event) => {
    const all = choices();
    const at = all.indexOf(document.activeElement);
    const target = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 }[event.key];
    if (event.key === "Escape") closeMenu(true);
    else if (event.key === "Tab") closeMenu(false);
    else if (target !== undefined) all[(target + all.length) % all.length].focus();
    else return;
    event.stopPropagation();
    if (event.key !== "Tab") event.preventDefault();
  };

  button.addEventListener("click", () => (menu.hidden ? openMenu() : closeMenu(true)));
  menu.addEventListener("keydown", moveInMenu);
  document.addEventListener("pointerdown", (event) => {
    if (!menu.hidden && !byId("quality").contains(event.target)) closeMenu(false);
  });

  // ---- the bar fades while the film runs -----------------------------------------------------------------------

  const wake = () => {
    byId("top").classList.remove("is-idle");
    clearTimeout(state.idleTimer);
    state.idleTimer = setTimeout(() => {
      if (!video.paused && menu.hidden) byId("top").classList.add("is-idle");
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
    state.hls.on(Hls.Events.MANIFEST_PARSED, fillMenu);
    state.hls.on(Hls.Events.LEVEL_SWITCHED, showQuality);
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
    Object.assign(state, { wish: -1, recoveries: 0, hasBegun: false });
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
