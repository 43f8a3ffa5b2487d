// Times, as clocks show them and as people say them.

export const asClock = (time_s) => {
  if (!Number.isFinite(time_s)) return "";
  const whole = Math.max(0, Math.floor(time_s));
  const [hours, minutes, seconds] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (number) => String(number).padStart(2, "0");
  return hours ? `${hours}:${two(minutes)}:${two(seconds)}` : `${minutes}:${two(seconds)}`;
};

export const inWords = (time_s) => {
  const whole = Math.max(0, Math.floor(time_s || 0));
  const parts = [[Math.floor(whole / 3600), "hour"], [Math.floor(whole / 60) % 60, "minute"], [whole % 60, "second"]];
  const said = parts.filter(([number], at) => number || (at === 2 && whole === 0));
  return said.map(([number, name]) => `${number} ${name}${number === 1 ? "" : "s"}`).join(" ");
};
