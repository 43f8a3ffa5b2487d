// What the page around an iframe hears: only of the origins that the address allows, and never just anybody.

export const isFramed = window.parent !== window;

export function tellAround(page, event, facts = {}) {
  if (!isFramed) return;
  const message = { source: "gilfoyle-upload", event, ...facts };
  if (page.dataset.video) message.video_id = page.dataset.video;
  originsToTell(page).forEach((origin) => window.parent.postMessage(message, origin));
}

function originsToTell(page) {
  const allowed = (page.dataset.origins || "").split(" ").filter(Boolean);
  const own = window.location.origin;
  const around = window.location.ancestorOrigins?.[0];
  if (around) return allowed.includes("*") || allowed.includes(around) || around === own ? [around] : [];
  // Browsers that do not say who is around deliver to the named origin alone. "*" is none: of any site that is
  // allowed the one that led here is told.
  const named = allowed.map((origin) => (origin === "*" ? originOf(document.referrer) : origin));
  return [...new Set([...named, own])].filter(Boolean);
}

function originOf(address) {
  return URL.canParse?.(address) ? new URL(address).origin : "";
}

export function fitFrame(page) {
  if (!isFramed) return;
  document.documentElement.classList.add("is-framed");
  const tellHeight = () => tellAround(page, "resized", { height_px: Math.ceil(page.getBoundingClientRect().height) });
  new ResizeObserver(tellHeight).observe(page);
}
