// The embed player: puts its parts together and shows one state at a time.

import { Address } from "./address.js";
import { Controls } from "./controls.js";
import { asClock } from "./clock.js";
import { Film } from "./film.js";
import { bindKeys, bindTouch } from "./hands.js";
import { Messages, bindFilm } from "./messages.js";
import { Renewal } from "./renewal.js";
import { Scrub } from "./scrub.js";
import { States } from "./states.js";

const byId = (id) => document.getElementById(id);
const player = byId("player");
const video = byId("video");
const facts = player.dataset;
const notices = new Map([...document.querySelectorAll("[data-notice]")].map((one) => [one.dataset.notice, one]));

const say = (words) => { byId("says").textContent = words; };
const address = new Address(location.pathname, facts.revision);
const film = new Film(video, address, facts.hlsScript);
const asClip = (begin_s, length_s) => (Number.isFinite(begin_s) && length_s > 0 ? { begin_s, length_s } : null);
if (facts.beginS) film.clip = asClip(Number(facts.beginS), Number(facts.durationS));
const length = () => Number(facts.durationS) || null;
const controls = new Controls(film, byId, say);
const scrub = new Scrub(film, byId, (time_s) => controls.seek(time_s));
controls.scrub = scrub;
scrub.storyboard = facts.storyboardUrl || "";

const begin = () => {
  if (facts.state !== "playable") return;
  controls.begin();
  film.begin();
};

const messages = new Messages(facts.origins, {
  play: () => (film.hasBegun ? film.play() : begin()),
  pause: () => video.pause(),
  seek: ({ time_s }) => {
    if (!Number.isFinite(time_s)) return;
    if (film.hasBegun && video.readyState) controls.seek(time_s);
    else video.addEventListener("loadedmetadata", () => controls.seek(time_s), { once: true });
  },
  token: async ({ token }) => {
    if (!address.renew(token)) return;
    await states.renewed();
    if (facts.state === "playable" && film.hasBegun) goOn();
  },
});
let wasPlaying = false; // when a notice came over the film

const goOn = () => {
  film.resume(wasPlaying);
  wasPlaying = false;
};

const renewal = new Renewal(address, () => states.check());

// ---- one state at a time -----------------------------------------------------------------------------------------

const showProgress = (percent) => {
  byId("ring").style.strokeDashoffset = String(100 - percent);
  byId("progress").textContent = percent ? `${percent} % done` : "";
};

const showNotice = (name) => {
  for (const [other, notice] of notices) notice.hidden = other !== name;
  for (const id of ["start", "top"]) byId(id).hidden = Boolean(name) || (id === "start" && film.hasBegun);
  const notice = notices.get(name);
  if (!notice) return;
  const [title, words] = [".notice-title", ".notice-words"].map((part) => notice.querySelector(part).textContent);
  say(`${title}. ${words}`);
  const button = notice.querySelector("button");
  if (document.hasFocus() && player.contains(document.activeElement)) (button || notice.querySelector(".notice-title")).focus({ preventScroll: true });
};

const becomePlayable = (answer) => {
  const wasWaiting = facts.state === "processing";
  if (answer.revision) {
    address.revision = address.revision || answer.revision;
    scrub.storyboard = answer.storyboard_url || scrub.storyboard;
    if (!film.hasBegun && answer.begin_s !== null) film.clip = asClip(answer.begin_s, answer.duration_s);
    if (answer.poster_url && !video.poster) video.poster = answer.poster_url;
    if (!film.hasBegun) player.classList.toggle("is-sound", !answer.has_picture);
    for (const id of ["title", "heading"]) byId(id).textContent = answer.title || (id === "title" ? "" : "Video");
    document.title = answer.title || "Video";
    facts.durationS = answer.duration_s || "";
    byId("start-duration").textContent = asClock(answer.duration_s);
    byId("start-duration").hidden = !answer.duration_s;
    byId("growing").hidden = !answer.is_growing;
    renewal.plan(answer.renew_in_s ?? NaN);
  }
  if (facts.state === "playable") return;
  facts.state = "playable";
  showNotice("");
  messages.tell("ready", { duration_s: length() });
  if (!wasWaiting) return;
  say("The video can be played now.");
  // Who has touched the page while waiting wants to see it; others are asked, as browsers would.
  if (navigator.userActivation && navigator.userActivation.hasBeenActive) begin();
};

// Of these the film behind the notice is kept: it goes on where it stopped.
const PASSING = ["network", "unavailable", "expired", "playable"];

const change = (answer) => {
  const { state } = answer;
  if (state === "processing") showProgress(answer.progress);
  if (state === "playable") return becomePlayable(answer);
  if (state === facts.state) return undefined;
  if (facts.state === "playable") wasPlaying = !video.paused;
  if (PASSING.includes(state)) video.pause();
  else {
    film.end();
    controls.reset();
  }
  facts.state = state;
  showNotice(state);
  messages.tell("error", { state });
  if (state === "expired") messages.tell("token-expired");
  if (state === "processing") states.wait();
  return undefined;
};

const states = new States(player, film, messages, change);

// ---- wiring ------------------------------------------------------------------------------------------------------

film.addEventListener("failed", (event) => {
  if (event.detail.isUnsupported) change({ state: "unsupported" });
  else states.explain(event.detail.isMedia ? "undecodable" : "network");
});
film.addEventListener("growing", (event) => {
  if (!event.detail.isGrowing && !byId("growing").hidden) say("The video is complete.");
  byId("growing").hidden = !event.detail.isGrowing;
});

const tryAgain = async () => {
  await states.retry();
  if (facts.state !== "playable") return;
  wasPlaying = true;
  if (film.hasBegun) goOn();
  else begin();
};
for (const button of document.querySelectorAll("[data-action]")) button.addEventListener("click", tryAgain);
window.addEventListener("online", () => { if (facts.state === "network") tryAgain(); });

bindKeys(controls, byId);
bindTouch(controls, byId);
bindFilm(messages, video, scrub, length);
byId("start").addEventListener("click", begin);
video.addEventListener("play", () => { if (!film.hasBegun) begin(); });

// The script is fetched when somebody comes near, or while nothing else is to be done; never where data is dear.
for (const name of ["pointerenter", "touchstart", "focusin"]) player.addEventListener(name, () => film.load(), { once: true, passive: true });
const isSaving = navigator.connection && navigator.connection.saveData;
if (facts.state === "playable" && !isSaving) (window.requestIdleCallback || setTimeout)(() => film.load());

if ("mediaSession" in navigator && byId("title").textContent) {
  navigator.mediaSession.metadata = new MediaMetadata({ title: byId("title").textContent });
}

showProgress(Number(facts.progress));
renewal.plan(Number(facts.renewInS ?? NaN));
if (facts.state === "processing") states.wait();
if (facts.state === "playable") messages.tell("ready", { duration_s: length() });
else {
  messages.tell("error", { state: facts.state });
  if (facts.state === "expired") messages.tell("token-expired");
}
