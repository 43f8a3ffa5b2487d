// Copy buttons: <button data-copy="#id-of-the-text">. Plain HTTP has no clipboard API, so there the text is selected.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const source = document.querySelector(button.dataset.copy);
  if (!source) return;
  const label = button.querySelector("[data-copy-label]") || button;
  const before = label.textContent;
  try {
    await navigator.clipboard.writeText(source.textContent.trim());
    label.textContent = "Copied";
  } catch {
    window.getSelection().selectAllChildren(source);
    label.textContent = "Press Ctrl+C";
  }
  window.setTimeout(() => { label.textContent = before; }, 2000);
});

// The theme has buttons that are no buttons: let the keyboard reach and press them.
document.addEventListener("DOMContentLoaded", () => {
  const pressed = "a:not([href])[x-on\\:click], span[x-on\\:click], .cursor-pointer[x-on\\:click]:not(a, button, input, label)";
  document.querySelectorAll(pressed).forEach((element) => {
    element.tabIndex = 0;
    element.setAttribute("role", "button");
    element.addEventListener("keydown", (event) => {
      if (event.target !== element || (event.key !== "Enter" && event.key !== " ")) return;
      event.preventDefault();
      element.click();
    });
  });
});

// What the theme's widgets are called, for those who hear the page. They are made as the page loads, so this comes after.
window.addEventListener("load", () => window.setTimeout(() => {
  document.querySelectorAll("select.select2-hidden-accessible").forEach((select) => {
    const [label] = select.labels;
    const box = select.nextElementSibling?.querySelector("[role=combobox]");
    if (!label || !box) return;
    label.id ||= `${select.id}-label`;
    const rendered = box.querySelector(".select2-selection__rendered");
    box.setAttribute("aria-labelledby", `${label.id} ${rendered.id}`);
    rendered.removeAttribute("role");  // it holds what is chosen, and nothing is typed there
    rendered.removeAttribute("aria-readonly");
  });
  document.querySelectorAll(".help-tooltip[aria-label]").forEach((icon) => icon.setAttribute("role", "img"));
  document.querySelectorAll("[x-ref^=relatedWidgetWrapper]").forEach((more) => more.setAttribute("aria-label", "More"));
}));

// The upload page in its iframe: in the admin's own light or dark, and as high as it is.
document.addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll("iframe[data-upload]").forEach((frame) => {
    const theme = document.documentElement.classList.contains("dark") ? "dark" : "light";
    frame.src = `${frame.dataset.upload}?theme=${theme}`;
    window.addEventListener("message", (event) => {
      const { source, event: name, height_px: height } = event.data || {};
      const isIts = event.source === frame.contentWindow && event.origin === window.location.origin;
      if (isIts && source === "gilfoyle-upload" && name === "resized") frame.height = height;
    });
  });
});
