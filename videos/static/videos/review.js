// A case's page: its keys, its pictures, its player. All of it works with buttons, too; the server decides everything.

const page = document.getElementById("review");
const byId = (id) => document.getElementById(id);
const STEP_S = 10;
const KEYS_OFF = "gilfoyle-review-keys-off";

// Pictures: blurred by the server, and in their sharp form only asked for when somebody wants to see them

const tiles = byId("tiles");
const sheets = tiles ? [...tiles.querySelectorAll("[data-sheet]")] : [];

const showSheets = (name) => {
  for (const { dataset } of sheets) {
    const address = dataset[name];
    for (const tile of tiles.querySelectorAll(`[data-of="${dataset.sheet}"]`)) {
      tile.style.backgroundImage = address ? `url("${address}")` : "none";
    }
  }
};

const sharp = byId("sharp");
const showSharp = (isSharp) => {
  if (!tiles || (sharp.getAttribute("aria-pressed") === "true") === isSharp) return;
  sharp.setAttribute("aria-pressed", String(isSharp));
  showSheets(isSharp ? "sharp" : "blurred");
};
const toggleGrey = () => {
  if (!tiles) return;
  byId("grey").setAttribute("aria-pressed", String(tiles.classList.toggle("rv-grey")));
  page.classList.toggle("rv-coloured", !tiles.classList.contains("rv-grey"));
};

if (tiles) {
  showSheets("blurred");
  sharp.addEventListener("click", () => showSharp(sharp.getAttribute("aria-pressed") !== "true"));
  byId("grey").addEventListener("click", toggleGrey);
}

// The player: nothing of it is loaded before somebody wants to see the video

const token = () => document.querySelector("[name=csrfmiddlewaretoken]")?.value ?? "";
const tell = (words) => { const place = byId("player-words"); if (place) place.textContent = words; };
let frame = null;
let isAsked = false;
let wanted_s = null;

const film = () => frame?.contentDocument?.getElementById("video") ?? null;

const startFilm = () => {
  const video = film();
  if (!video) return;
  video.muted = true;
  const seek = () => { if (wanted_s !== null) video.currentTime = wanted_s; wanted_s = null; };
  if (video.readyState > 0) seek(); else video.addEventListener("loadedmetadata", seek, { once: true });
  const start = frame.contentDocument.getElementById("start");
  if (start) start.click(); else video.play().catch(() => {});
};

const openPlayer = async () => {
  if (isAsked || !page.dataset.play) return;
  isAsked = true;
  let told = {};
  try {
    const answer = await fetch(page.dataset.play, { method: "POST", headers: { "X-CSRFToken": token() } });
    if (answer.headers.get("content-type")?.includes("json")) told = await answer.json();
    if (!answer.ok) delete told.address;
  } catch { /* the server is out of reach: asked again, it may answer */ }
  if (!told.address) {
    isAsked = false;
    tell(told.message ?? "It can't be played now. Try it again.");
    return;
  }
  tell("");
  frame = document.createElement("iframe");
  frame.title = "Player";
  frame.allow = "autoplay; fullscreen";
  frame.addEventListener("load", startFilm);
  frame.src = told.address;
  byId("play")?.replaceWith(frame);
};

const seek = (at_s) => {
  const video = film();
  if (video && video.readyState > 0) {
    video.currentTime = Math.max(0, at_s);
    video.play().catch(() => {});
  } else {
    wanted_s = at_s;
    openPlayer();
  }
  byId("screen")?.scrollIntoView({ block: "nearest" });
};

const togglePlay = () => {
  const video = film();
  if (!video) openPlayer();
  else if (video.paused) video.play().catch(() => {});
  else video.pause();
};

const step = (by_s) => {
  const video = film();
  if (video) seek(video.currentTime + by_s);
};

byId("play")?.addEventListener("click", openPlayer);
page.addEventListener("click", (event) => {
  const button = event.target.closest("[data-seek]");
  if (button) seek(Number(button.dataset.seek));
});

// Decisions: one key each; those that need more are chosen by their key and sent by Ctrl-Enter

const form = byId("decide-form");
let chosen = null;

const choose = (button) => {
  chosen = button;
  for (const one of form.querySelectorAll("[data-key]")) one.classList.toggle("rv-picked", one === button);
  byId("chosen").textContent = `${button.querySelector("span").textContent.replace("…", "")}: Ctrl-Enter, or press it again.`;
  byId("more").open = true;
  byId(button.value === "geo_block" ? "countries" : "explanation").focus();
};

const press = (button) => {
  if (button.disabled) return;
  if ("twoSteps" in button.dataset && chosen !== button) choose(button);
  else button.form.requestSubmit(button);
};

// A second press while the first is under way would decide the next case unseen.
let isSent = false;
document.addEventListener("submit", (event) => {
  if (isSent) { event.preventDefault(); return; }
  if (event.target.method === "dialog") return;
  const button = event.submitter;
  if (button && "twoSteps" in button.dataset && chosen !== button) {
    event.preventDefault();
    choose(button);
    return;
  }
  isSent = true;
});
window.addEventListener("pageshow", () => { isSent = false; });

const submitChosen = () => {
  const button = chosen ?? form?.querySelector(".rv-suggested");
  if (button) form.requestSubmit(button);
};

// Keys

const help = byId("help");
const keysOn = byId("keys-on");
const areOff = () => { try { return localStorage.getItem(KEYS_OFF) === "yes"; } catch { return false; } };
keysOn.checked = !areOff();
keysOn.addEventListener("change", () => {
  try { localStorage.setItem(KEYS_OFF, keysOn.checked ? "no" : "yes"); } catch { /* for this page alone, then */ }
});
const openHelp = () => { if (!help.open) help.showModal(); };
byId("help-open")?.addEventListener("click", openHelp);

const ACTIONS = {
  b: () => showSharp(true),
  g: toggleGrey,
  " ": togglePlay,
  "[": () => step(-STEP_S),
  "]": () => step(STEP_S),
  k: () => history.back(),
  "?": openHelp,
};

const isTyping = (target) => target.closest("input, textarea, select, [contenteditable]") !== null;

document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    if (event.target.closest("form:not(#decide-form)") === null && !help.open) {
      event.preventDefault();
      submitChosen();
    }
    return;
  }
  const isPlain = !event.ctrlKey && !event.metaKey && !event.altKey;
  if (!isPlain || event.repeat || help.open || !keysOn.checked || isTyping(event.target)) return;
  if (event.key === " " && event.target.closest("button, a, summary")) return; // the space bar presses those
  const button = page.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
  if (button) {
    event.preventDefault();
    press(button);
  } else if (Object.hasOwn(ACTIONS, event.key)) {
    event.preventDefault();
    ACTIONS[event.key]();
  }
});
document.addEventListener("keyup", (event) => { if (event.key === "b") showSharp(false); });
window.addEventListener("blur", () => showSharp(false));
