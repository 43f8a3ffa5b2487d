// Sizes, times and refusals as one says them. Touches no page.

const UNITS = ["bytes", "KB", "MB", "GB", "TB"];

export function sizeInWords(bytes) {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${UNITS[unit]}`;
}

const counted = (count, unit) => `${count} ${unit}${count === 1 ? "" : "s"}`;

export function timeInWords(seconds) {
  if (seconds < 5) return "a few seconds";
  if (seconds < 55) return `${Math.ceil(seconds / 5) * 5} seconds`;
  const minutes = Math.max(1, Math.round(seconds / 60));
  if (minutes < 60) return counted(minutes, "minute");
  const hours = Math.floor(minutes / 60);
  const rest = minutes % 60;
  return rest ? `${counted(hours, "hour")} ${counted(rest, "minute")}` : counted(hours, "hour");
}

export const percentOf = (part, whole) => (whole ? Math.floor((100 * part) / whole) : 100);

export function momentInWords(text) {
  return new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short" }).format(new Date(text));
}

// What a server said (application/problem+json), or what its silence means.
export function problemInWords(status, body) {
  try {
    const problem = JSON.parse(body);
    if (problem.title) return { code: String(problem.code || ""), title: String(problem.title), words: String(problem.hint || "") };
  } catch {
    // No problem of ours: a proxy's page, or nothing.
  }
  if (status === 413) {
    return { code: "too_large", title: "The file is too large for the way to this server.", words: "Its operator can raise the limit of the proxy before it." };
  }
  if (!status) {
    return { code: "unreachable", title: "The server can't be reached.", words: "What has arrived is kept. Try again when you are connected." };
  }
  return { code: "fault", title: "Something went wrong on the server's side.", words: "What has arrived is kept. Try again in a moment." };
}

// What another file would put an end to; null where that is nothing.
export function doubtOf({ status, upload }) {
  if (upload?.offset_bytes) {
    return {
      title: "This is another file than the one that was begun.",
      words: `${sizeInWords(upload.offset_bytes)} of that one have arrived. If you start with this file, they are removed.`,
    };
  }
  if (status !== "receiving" || upload) return null;
  return {
    title: "Another upload is under way.",
    words: "A file is on its way to this address, but not by this page. If you start with this file, that one is given up.",
  };
}

// How fast it goes: of the last seconds alone, for connections change.
export class Pace {
  constructor(now) {
    this.marks = [[now, null]];
  }

  note(now, bytes) {
    if (this.marks[0][1] === null) this.marks = [];
    this.marks.push([now, bytes]);
    while (this.marks.length > 2 && now - this.marks[0][0] > 8000) this.marks.shift();
  }

  get bytesPerSecond() {
    const [first, last] = [this.marks[0], this.marks[this.marks.length - 1]];
    const took = last[0] - first[0];
    return took >= 500 ? (1000 * (last[1] - first[1])) / took : 0;
  }
}
