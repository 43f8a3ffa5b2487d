// Loads one rung of a playlist to its end in hls.js or Shaka Player, seeks into its middle, and tells what happened.
"use strict";

const PATIENCE_MS = 90_000;
const SEEKS = 6;
const EVERYTHING_S = 100_000;
const buffers = []; // of the player that runs: [kind, SourceBuffer, MediaSource]

const addSourceBuffer = MediaSource.prototype.addSourceBuffer;
MediaSource.prototype.addSourceBuffer = function (type) {
  const buffer = addSourceBuffer.call(this, type);
  buffers.push([type.split("/")[0], buffer, this]);
  return buffer;
};

const PLAYERS = {
  hls: async (video, url, [, height], errors) => {
    const hls = new Hls({
      maxBufferLength: EVERYTHING_S,
      maxMaxBufferLength: EVERYTHING_S,
      maxBufferSize: 1e9,
      startFragPrefetch: false,
      autoStartLoad: false,
    });
    hls.on(Hls.Events.ERROR, (_, data) => errors.push(`${data.details}: ${data.error || data.reason || ""}`));
    hls.on(Hls.Events.MANIFEST_PARSED, () => {
      const level = hls.levels.findIndex((one) => !height || one.height === height);
      if (level < 0) errors.push(`no level of height ${height}`);
      hls.loadLevel = level; // fixed: no other is chosen
      hls.startLoad();
    });
    hls.loadSource(url);
    hls.attachMedia(video);
    return () => hls.destroy();
  },
  shaka: async (video, url, [width, height], errors) => {
    const player = new shaka.Player();
    const shortest = Math.min(width, height); // what Shaka calls the height of an upright picture, too
    player.addEventListener("error", (event) => errors.push(`${event.detail.code}: ${event.detail.data}`));
    player.configure({
      // Looked at often: by itself it notices a second late that all of a stream is there.
      streaming: { bufferingGoal: EVERYTHING_S, bufferBehind: EVERYTHING_S, updateIntervalSeconds: 0.05 },
      restrictions: shortest ? { minHeight: shortest, maxHeight: shortest } : {},
    });
    await player.attach(video);
    await player.load(url).catch((error) => errors.push(`${error.code}: ${error.data}`));
    return () => player.destroy();
  },
};

const until = async (condition, errors, what, patience = PATIENCE_MS) => {
  const end = performance.now() + patience;
  while (!condition()) {
    if (errors.length) return;
    if (performance.now() > end) return void errors.push(`waited in vain: ${what}`);
    await new Promise((done) => setTimeout(done, 20));
  }
};

const ranges = (buffered) => Array.from({ length: buffered.length }, (_, at) => [buffered.start(at), buffered.end(at)]);

// Follows which picture is on the screen, by its own time: the first one may come as late as after a seek.
const watch = (video) => {
  const shown = { at: null };
  const see = (_, about) => {
    shown.at = about.mediaTime;
    video.requestVideoFrameCallback(see);
  };
  video.requestVideoFrameCallback(see);
  return shown;
};

// Seeks, and tells which picture is on the screen then; one that is not the wanted one has all patience to change.
// A picture that comes between two questions about it is told to nobody, and one that stands does not come again: then
// the same place is sought anew.
const seek = async (video, time, shown, wanted, errors) => {
  const isThere = () => wanted === null || (shown.at !== null && Math.abs(shown.at - wanted) < 0.001);
  for (let left = SEEKS; left > 0; left -= 1) {
    let arrived = false;
    video.addEventListener("seeked", () => { arrived = true; }, { once: true });
    video.currentTime = time;
    await until(() => arrived, errors, `to ${time}`);
    await until(isThere, [], "a picture", PATIENCE_MS / SEEKS);
    if (isThere() || errors.length) break;
  }
  return shown.at;
};

window.run = async (name, url, size, middle, wanted) => {
  buffers.length = 0;
  const errors = [];
  const video = document.createElement("video");
  video.muted = true;
  document.documentElement.append(video);
  const shown = watch(video);
  const stop = await PLAYERS[name](video, url, size, errors);
  await until(() => buffers.length && buffers.every(([, , source]) => source.readyState === "ended"), errors, "its end");
  if (video.error) errors.push(video.error.message);
  const buffered = Object.fromEntries(buffers.map(([kind, buffer]) => [kind, ranges(buffer.buffered)]));
  const shownAt = errors.length ? null : await seek(video, middle, shown, wanted, errors);
  const told = { errors, buffered, all: ranges(video.buffered), shownAt, height: video.videoHeight, width: video.videoWidth };
  await stop();
  video.remove();
  return told;
};
