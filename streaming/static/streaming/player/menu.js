// The settings menu: one list of what can be chosen, and behind each entry a list to choose from.

const choicesOf = (list) => [...list.querySelectorAll(".player-choice")];

const sign = (name) => {
  const made = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `#sign-${name}`);
  made.setAttribute("aria-hidden", "true");
  made.append(use);
  return made;
};

export class Menu {
  // pages(): [{name, title, now, choices: [[value, label]], value, choose(value)}, …]; one without choices is pressed itself.
  constructor(button, list, pages) {
    Object.assign(this, { button, list, pages, shown: null });
    button.addEventListener("click", () => (this.isOpen ? this.close(true) : this.open()));
    list.addEventListener("keydown", (event) => this.#move(event));
    document.addEventListener("pointerdown", (event) => {
      if (this.isOpen && !list.contains(event.target) && !button.contains(event.target)) this.close(false);
    });
  }

  get isOpen() { return !this.list.hidden; }

  open() {
    this.list.hidden = false;
    this.button.setAttribute("aria-expanded", "true");
    this.#showRoot("");
  }

  close(givesBackFocus) {
    if (!this.isOpen) return;
    this.list.hidden = true;
    this.shown = null;
    this.button.setAttribute("aria-expanded", "false");
    if (givesBackFocus) this.button.focus();
  }

  // What can be chosen has changed: the list that is open follows, with the focus where it was.
  refresh() {
    if (!this.isOpen) return;
    const focused = this.list.contains(document.activeElement) ? document.activeElement.dataset.value : null;
    const page = this.pages().find((one) => one.name === this.shown);
    if (page && page.choices) this.#showPage(page, focused);
    else this.#showRoot(focused);
  }

  #fill(label, made, focused) {
    this.list.setAttribute("aria-label", label);
    this.list.replaceChildren(...made);
    const wanted = choicesOf(this.list).find((one) => one.dataset.value === focused);
    const checked = this.list.querySelector("[aria-checked=true]");
    if (focused !== null) (wanted || checked || choicesOf(this.list)[0]).focus({ preventScroll: false });
  }

  #showRoot(focused) {
    this.shown = "";
    const made = this.pages().map((page) => {
      const words = [this.#span("player-choice-title", page.title), this.#span("player-choice-now", page.now || "")];
      const one = this.#choice("menuitem", page.name, [...words, ...(page.choices ? [sign("on")] : [])]);
      if (page.choices) one.setAttribute("aria-haspopup", "menu");
      one.addEventListener("click", () => {
        if (page.choices) this.#showPage(page, "");
        else { this.close(true); page.choose(); }
      });
      return one;
    });
    this.#fill("Settings", made, focused);
  }

  #showPage(page, focused) {
    this.shown = page.name;
    const back = this.#choice("menuitem", "←", [sign("back"), this.#span("player-choice-title", page.title)]);
    back.classList.add("player-choice-back");
    back.setAttribute("aria-label", `Back from ${page.title.toLowerCase()}`);
    back.addEventListener("click", () => this.#showRoot(page.name));
    const made = page.choices.map(([value, label]) => {
      const one = this.#choice("menuitemradio", String(value), [sign("chosen"), this.#span("player-choice-title", label)]);
      one.setAttribute("aria-checked", String(value === page.value));
      one.addEventListener("click", () => {
        page.choose(value);
        this.close(true);
      });
      return one;
    });
    this.#fill(page.title, [back, ...made], focused);
  }

  #span(name, text) {
    const made = document.createElement("span");
    made.className = name;
    made.textContent = text;
    return made;
  }

  #choice(role, value, children) {
    const made = document.createElement("button");
    Object.assign(made, { type: "button", className: "player-choice", tabIndex: -1 });
    made.setAttribute("role", role);
    made.dataset.value = value;
    made.append(...children);
    return made;
  }

  #move(event) {
    const all = choicesOf(this.list);
    const at = all.indexOf(document.activeElement);
    const target = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 }[event.key];
    if (event.key === "Escape") this.close(true);
    else if (event.key === "Tab") this.close(false);
    else if (event.key === "ArrowLeft" && this.shown) all[0].click();
    else if (event.key === "ArrowRight" && all[at] && all[at].hasAttribute("aria-haspopup")) all[at].click();
    else if (target !== undefined) all[(target + all.length) % all.length].focus();
    else return;
    event.stopPropagation();
    if (event.key !== "Tab") event.preventDefault();
  }
}
