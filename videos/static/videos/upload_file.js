// What can be told of a file before it is sent: whether it may be, and by what to know it again.

import { sizeInWords, timeInWords } from "./upload_words.js";

const ENDS_BYTES = 256 * 1024;
const PATIENCE_MS = 5000;
const NO_FILM = /^(image|text|font|model)\/|^application\/(pdf|zip|json|msword|x-msdownload|x-7z-compressed|vnd\.)/;

// The server looks at the file itself and decides; this only spares people an hour of sending what it will refuse.
export function refusalOf(file, limits) {
  if (file.size === 0) return { code: "empty", title: "This file is empty.", words: "Choose another one." };
  if (file.size > limits.maxSize) {
    return {
      code: "source_too_large",
      title: `This file is too large: ${sizeInWords(file.size)}.`,
      words: `At most ${sizeInWords(limits.maxSize)} can be uploaded here.`,
    };
  }
  const ending = file.name.includes(".") ? `.${file.name.split(".").pop().toLowerCase()}` : "";
  if (limits.otherEndings.includes(ending)) {
    return { code: "kind_not_accepted", title: `Files that end in ${ending} can't be uploaded here.`, words: `These can: ${limits.kinds}.` };
  }
  if (NO_FILM.test(file.type) && !limits.endings.includes(ending)) {
    return { code: "not_a_video", title: "This file is not a video.", words: `What can be uploaded here: ${limits.kinds === "All usual ones" ? "videos and sound" : limits.kinds}.` };
  }
  return null;
}

export function refusalOfDropped(items) {
  if (items.length > 1) return { code: "several_files", title: "These are several files.", words: "One video goes to this address: drop one file." };
  if (items[0].webkitGetAsEntry?.()?.isDirectory) return { code: "folder", title: "This is a folder.", words: "Drop the file itself." };
  return null;
}

// Browsers read the length of what they can play; of the rest nothing is known before it is there.
export function durationOf(file) {
  return new Promise((done) => {
    const film = document.createElement("video");
    const address = URL.createObjectURL(file);
    const end = (duration) => {
      clearTimeout(timer);
      film.removeAttribute("src");
      URL.revokeObjectURL(address);
      done(Number.isFinite(duration) ? duration : null);
    };
    const timer = setTimeout(end, PATIENCE_MS, null);
    film.preload = "metadata";
    film.onloadedmetadata = () => end(film.duration);
    film.onerror = () => end(null);
    film.src = address;
  });
}

export function refusalOfDuration(duration, limits) {
  if (duration === null || duration <= limits.maxDuration + 1) return null;
  return {
    code: "source_too_long",
    title: `This video is too long: ${timeInWords(duration)}.`,
    words: `At most ${timeInWords(limits.maxDuration)} can be uploaded here.`,
  };
}

// The same after a new name and on another device: made of the size and of both ends. No secret hangs on it.
export async function fingerprintOf(file) {
  const ends = [file.slice(0, ENDS_BYTES), file.slice(Math.max(0, file.size - ENDS_BYTES))];
  let [high, low] = [0xdeadbeef, 0x41c6ce57];
  for (const end of ends) {
    for (const byte of new Uint8Array(await end.arrayBuffer())) {
      high = Math.imul(high ^ byte, 2654435761);
      low = Math.imul(low ^ byte, 1597334677);
    }
  }
  const hex = (number) => (number >>> 0).toString(16).padStart(8, "0");
  return `${file.size}-${hex(high)}${hex(low)}`;
}
