// The upload page. Whatever happens, the server knows how far a file is: this page keeps nothing of its own.
/* global tus */

import { fitFrame, tellAround } from "./upload_frame.js";
import { durationOf, fingerprintOf, refusalOf, refusalOfDropped, refusalOfDuration } from "./upload_file.js";
import { isPassing, stateAt } from "./upload_server.js";
import { Pace, doubtOf, momentInWords, percentOf, problemInWords, sizeInWords, timeInWords } from "./upload_words.js";

const PIECE_BYTES = 64 * 1024 * 1024; // what a proxy before the server lets through at once
const RETRIES_MS = [0, 1000, 2000, 4000, 8000, 15000, ...Array(40).fill(30000)];
const STALLED_MS = 60_000;
const MOST_STOLEN = 2;
const SECTIONS = ["choosing", "asking", "sending", "ended"];
const TITLE = document.title;

const at = (id) => document.getElementById(id);
const page = at("upload");
const endpoint = new URL(page.dataset.endpoint, window.location.href).href;
const words = (text) => text.split(" ").filter(Boolean);
const limits = {
  maxSize: Number(page.dataset.maxSize),
  maxDuration: Number(page.dataset.maxDuration),
  endings: words(page.dataset.endings),
  otherEndings: words(page.dataset.otherEndings),
  kinds: page.dataset.kinds,
};

let sending = null; // the file on its way
let isTaking = false; // whether a file may be dropped now

const tell = (event, facts) => tellAround(page, event, facts);

// ---- What is shown

function show(section, heading = null) {
  const hadFocus = document.activeElement !== document.body && page.contains(document.activeElement);
  SECTIONS.forEach((id) => { at(id).hidden = id !== section; });
  isTaking = section === "choosing";
  // Who was at a button that is gone is not thrown back to the beginning of the page.
  if (hadFocus && heading && !document.activeElement?.checkVisibility?.()) at(heading).focus();
}

function say(text) {
  at("said").textContent = text;
}

function nameTab(text) {
  document.title = text ? `${text} – ${TITLE}` : TITLE;
}

function showChoosing(begun) {
  nameTab("");
  at("file").value = "";
  at("begun").hidden = !begun;
  if (begun) {
    const whole = begun.length_bytes;
    const much = whole ? `${percentOf(begun.offset_bytes, whole)} % of ${sizeInWords(whole)}` : sizeInWords(begun.offset_bytes);
    at("begun").textContent = `An upload was begun: ${much} has arrived. Choose the same file, and it goes on from there.`;
  }
  show("choosing", "file");
}

function ask({ title, words: text }, yes, no) {
  at("asking-title").textContent = title;
  at("asking-words").textContent = text;
  at("yes").textContent = yes.label;
  at("no").textContent = no.label;
  at("yes").onclick = yes.run;
  at("no").onclick = no.run;
  show("asking", "asking-title");
  say(`${title} ${text}`);
}

function showEnded({ title, words: text, isGood = false, again = null, other = false }) {
  at("good").toggleAttribute("hidden", !isGood);
  at("bad").toggleAttribute("hidden", isGood);
  at("ended-title").textContent = title;
  at("ended-words").textContent = text;
  at("ended-words").hidden = !text;
  at("again").hidden = !again;
  at("again").onclick = again;
  at("other").hidden = !other;
  nameTab(title.replace(/\.$/, ""));
  show("ended", "ended-title");
  say(`${title} ${text}`);
}

function showSending(title, text, { isStill = false, buttons = true, pause = "Pause" } = {}) {
  page.classList.toggle("is-still", isStill);
  if (at("sending-title").textContent !== title) {
    at("sending-title").textContent = title;
    say(`${title.endsWith("…") ? title : `${title}.`} ${text}`);
  }
  at("sending-words").textContent = text;
  at("sending-words").hidden = !text;
  at("pause").textContent = pause;
  at("pause").hidden = at("cancel").hidden = !buttons;
  show("sending", "sending-title");
}

function showFile(file) {
  at("name").parentElement.parentElement.hidden = false;
  at("name").textContent = file.name;
  at("name").title = file.name;
  at("size").textContent = sizeInWords(file.size);
}

function showLooking(file) {
  showFile(file);
  showSending("Looking at the file…", "", { buttons: false });
  at("bar").removeAttribute("value"); // how long that takes is not known
  at("percent").textContent = at("rate").textContent = "";
}

function showBar(percent, left, right) {
  at("bar").value = percent;
  at("percent").textContent = left;
  at("rate").textContent = right;
}

// ---- What the server knows

const askServer = () => stateAt(endpoint);
let turn = 0; // of whatever waits for an answer: an older one ends when a newer begins

async function load() {
  const { state, status } = await begin({ again: load });
  tell("loaded", { status: state?.status ?? (isPassing(status) ? "unreachable" : "refused") });
}

async function begin({ isAnother = false, again = begin } = {}) {
  turn += 1;
  const mine = turn;
  const answer = await askServer();
  if (mine !== turn) return answer;
  const { state, status, problem } = answer;
  if (!state) {
    showEnded({ ...problem, again: isPassing(status) ? () => again() : null });
    return answer;
  }
  const { upload } = state;
  if (upload && upload.length_bytes === upload.offset_bytes) follow();
  else if (state.status === "receiving" || state.status === "waiting" || (state.status === "failed" && isAnother)) showChoosing(upload?.offset_bytes ? upload : null);
  else if (state.status === "taken") showEnded({ title: "This video has got its file already.", words: "Nothing more can be uploaded here." });
  else follow(state);
  return answer;
}

async function follow(known = null) {
  turn += 1;
  const mine = turn;
  sending = null;
  at("name").parentElement.parentElement.hidden = true;
  for (let look = 0; mine === turn; look += 1) {
    const { state, status, problem } = look === 0 && known ? { state: known } : await askServer();
    if (mine !== turn) return;
    if (state && showWork(state)) return;
    if (!state && !isPassing(status)) {
      showEnded({ title: "The file has arrived.", words: `${problem.title} This page can't tell how it goes on.`, isGood: true });
      return;
    }
    await new Promise((done) => { setTimeout(done, Math.min(10_000, 1000 + 500 * look)); });
  }
}

function showWork(state) {
  if (state.status === "ready") {
    tell("ready");
    showEnded({ title: "Done", words: "The video is ready. You can close this page.", isGood: true });
    return true;
  }
  if (state.status === "failed") {
    tell("failed", state.failure);
    showEnded({ title: "This file can't be used.", words: state.failure.message, other: true });
    return true;
  }
  if (state.status !== "processing" && state.status !== "receiving") {
    begin();
    return true;
  }
  const text = state.playable ? "It can be watched already; the rest is being made. You can close this page." : "It is being processed. You can close this page.";
  showSending("The file has arrived", text, { buttons: false });
  showBar(state.progress, `${state.progress} % processed`, "");
  nameTab(`${state.progress} % processed`);
  return false;
}

// ---- Sending

async function choose(file) {
  turn += 1;
  const mine = turn;
  isTaking = false;
  let refusal = refusalOf(file, limits);
  if (!refusal) {
    showLooking(file);
    refusal = refusalOfDuration(await durationOf(file), limits);
    if (mine !== turn) return; // another file was chosen meanwhile
  }
  if (refusal) {
    refuse(refusal, {});
    return;
  }
  let fingerprint;
  try {
    fingerprint = await fingerprintOf(file);
  } catch {
    if (mine !== turn) return;
    refuse({ code: "unreadable", title: "This file can't be read.", words: "It may have been moved, or is a folder." }, {});
    return;
  }
  if (mine !== turn) return;
  tell("chosen", { size_bytes: file.size });
  const { state, status, problem } = await askServer();
  if (mine !== turn) return;
  if (!state) {
    refuse(problem, { again: isPassing(status) ? () => choose(file) : null, other: isPassing(status) });
    return;
  }
  const { upload } = state;
  const isSame = upload && upload.fingerprint === fingerprint && upload.length_bytes === file.size;
  const doubt = isSame ? null : doubtOf(state);
  const start = () => send(file, fingerprint, isSame ? upload.id : null);
  if (!doubt) start();
  else ask(doubt, { label: "Start with this file", run: start }, { label: "Choose again", run: () => begin() });
}

function refuse(problem, { again = null, other = true }) {
  tell("refused", { code: problem.code, message: problem.title });
  showEnded({ ...problem, again, other });
}

function send(file, fingerprint, uploadId) {
  const mine = { file, sent: 0, told: -1, movedAt: Date.now(), stolen: 0, isPaused: false, pace: new Pace(Date.now()) };
  sending = mine;
  showFile(file);
  mine.upload = new tus.Upload(file, {
    endpoint,
    uploadUrl: uploadId ? `${endpoint}/${uploadId}` : null,
    metadata: { fingerprint },
    chunkSize: PIECE_BYTES,
    retryDelays: RETRIES_MS,
    storeFingerprintForResuming: false, // the server tells what was begun; nothing is left in this browser
    onShouldRetry: (error) => sending === mine && isWorthAnother(mine, error),
    onProgress: (sent, total) => { if (sending === mine) move(mine, sent, total); },
    onSuccess: () => { if (sending === mine) arrive(mine); },
    onError: (error) => { if (sending === mine) fail(mine, error); },
  });
  showBar(0, "", "");
  showSending(uploadId ? "Going on" : "Starting", "");
  tell("started", { size_bytes: file.size, is_resumed: Boolean(uploadId) });
  mine.upload.start();
}

const statusOf = (error) => error.originalResponse?.getStatus() || 0;
const bodyOf = (error) => error.originalResponse?.getBody() || "";

function isWorthAnother(mine, error) {
  const status = statusOf(error);
  const { code } = problemInWords(status, bodyOf(error));
  if (code === "upload_resumed_elsewhere") {
    mine.stolen += 1;
    return mine.stolen <= MOST_STOLEN; // perhaps this page's own last connection; two pages must not fight for ever
  }
  const isWorth = status === 0 || status === 423 || (status >= 500 && status !== 507) || code === "upload_offset_mismatch" || code === "upload_incomplete";
  if (isWorth && !mine.isPaused) {
    tell("interrupted", { sent_bytes: mine.sent });
    showSending("The connection was lost", "Trying again. What has arrived is kept; you need not wait here.", { isStill: true });
    at("rate").textContent = "";
    mine.pace = new Pace(Date.now());
  }
  return isWorth;
}

function move(mine, sent, total) {
  const now = Date.now();
  if (sent !== mine.sent) mine.movedAt = now;
  mine.sent = sent;
  mine.pace.note(now, sent);
  if (mine.isPaused) return;
  const percent = percentOf(sent, total);
  const rate = mine.pace.bytesPerSecond;
  const left = rate > 0 && sent < total ? ` · ${sizeInWords(rate)}/s · ${timeInWords((total - sent) / rate)} left` : "";
  showBar(percent, `${percent} %`, `${sizeInWords(sent)} of ${sizeInWords(total)}${left}`);
  if (sent < total) showSending("Uploading", "You can close this page and come back: choose the same file, and it goes on.");
  else showSending("All sent", "The server checks the file.", { buttons: false });
  nameTab(`${percent} %`);
  if (percent !== mine.told) {
    if (Math.floor(percent / 25) > Math.floor(mine.told / 25) && percent > 0 && percent < 100) say(`${percent} % uploaded`);
    mine.told = percent;
    tell("progressed", { sent_bytes: sent, size_bytes: total });
  }
}

function arrive(mine) {
  tell("uploaded", { size_bytes: mine.file.size });
  follow();
}

function fail(mine, error) {
  const status = statusOf(error);
  const problem = problemInWords(status, bodyOf(error));
  sending = null;
  const isOver = problem.code.startsWith("upload_grant_") || problem.code === "project_suspended" || problem.code === "source_exists";
  const { file } = mine;
  refuse(problem, { again: isOver || status === 413 ? null : () => choose(file), other: !isOver });
}

function pause() {
  const mine = sending;
  if (!mine) return;
  mine.isPaused = true;
  mine.upload.abort();
  tell("paused", { sent_bytes: mine.sent });
  showSending("Paused", "What has arrived is kept. You can go on now or later.", { isStill: true, pause: "Go on" });
  at("rate").textContent = `${sizeInWords(mine.sent)} of ${sizeInWords(mine.file.size)}`;
  nameTab("Paused");
}

function goOn() {
  const mine = sending;
  if (!mine) return;
  mine.isPaused = false;
  mine.movedAt = Date.now();
  mine.pace = new Pace(Date.now());
  showSending("Going on", "");
  tell("resumed", { sent_bytes: mine.sent });
  mine.upload.start();
}

// After a dead connection, or when there is one again: at once rather than when a timer says so.
async function reconnect() {
  const mine = sending;
  if (!mine || mine.isPaused || mine.sent >= mine.file.size) return;
  mine.movedAt = Date.now();
  await mine.upload.abort();
  if (sending === mine && !mine.isPaused) mine.upload.start();
}

function cancel() {
  if (!sending) return;
  if (!sending.isPaused) pause();
  ask(
    { title: "Give up this upload?", words: "What has arrived of the file is removed." },
    { label: "Give it up", run: giveUp },
    { label: "Keep it", run: goOn },
  );
}

async function giveUp() {
  const mine = sending;
  if (!mine) return;
  sending = null;
  at("yes").disabled = true;
  await mine.upload.abort(true).catch(() => {}); // else it expires by itself
  at("yes").disabled = false;
  tell("cancelled");
  say("The upload was given up.");
  begin();
}

// ---- Files, and what else happens

at("file").addEventListener("change", () => {
  const [file] = at("file").files;
  if (file) choose(file);
});
at("pause").addEventListener("click", () => (sending?.isPaused ? goOn() : pause()));
at("cancel").addEventListener("click", cancel);
at("other").addEventListener("click", () => begin({ isAnother: true }));

["dragenter", "dragover"].forEach((type) => window.addEventListener(type, (event) => {
  event.preventDefault();
  if (event.dataTransfer) event.dataTransfer.dropEffect = isTaking ? "copy" : "none";
  page.classList.toggle("is-over", isTaking);
}));
window.addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) page.classList.remove("is-over");
});
window.addEventListener("drop", (event) => {
  event.preventDefault(); // or the browser would show the file in place of this page
  page.classList.remove("is-over");
  const items = [...(event.dataTransfer?.items || [])].filter((item) => item.kind === "file");
  if (!isTaking || items.length === 0) return;
  const refusal = refusalOfDropped(items);
  if (refusal) refuse(refusal, {});
  else choose(items[0].getAsFile());
});
window.addEventListener("online", reconnect);
window.setInterval(() => {
  if (sending && Date.now() - sending.movedAt > STALLED_MS) reconnect();
}, 5000);

at("until").textContent = momentInWords(at("until").dateTime);
at("largest").textContent = sizeInWords(limits.maxSize);
fitFrame(page);
load();
