// The queue: j and k move from case to case, Enter opens one; the counts of the views stay true.

const COUNTED_EVERY_MS = 15_000;
const top_ = document.querySelector("[data-counts]");

const links = () => [...document.querySelectorAll("#result_list .field-subject_cell a, #result_list th a")];

const isTyping = (target) => target.closest("input, textarea, select, [contenteditable]") !== null;

const move = (by) => {
  const all = links();
  if (!all.length) return;
  const here = all.indexOf(document.activeElement);
  all[Math.min(all.length - 1, Math.max(0, here < 0 ? 0 : here + by))].focus();
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
  if (event.key === "j") move(1);
  else if (event.key === "k") move(-1);
  else return;
  event.preventDefault();
});

const count = async () => {
  if (document.hidden) return;
  const answer = await fetch(top_.dataset.counts, { headers: { Accept: "application/json" } }).catch(() => null);
  if (!answer?.ok || answer.redirected) return;
  const counts = await answer.json();
  for (const place of document.querySelectorAll("[data-count]")) place.textContent = counts[place.dataset.count] ?? "";
};

if (top_) {
  setInterval(count, COUNTED_EVERY_MS);
  document.addEventListener("visibilitychange", count);
}

// Whoever comes to the queue is at its first case at once.
addEventListener("DOMContentLoaded", () => { if (document.activeElement === document.body) links()[0]?.focus({ preventScroll: true }); });
