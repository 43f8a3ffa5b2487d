// Keys as viewers know them from elsewhere, the mouse and touches.

const DOUBLE_MS = 300;
const SIDE = 1 / 3; // of the picture's width, where a double touch goes back or on

export const bindKeys = (controls, byId) => {
  const { video } = controls;
  const KEYS = {
    " ": () => controls.toggle(),
    k: () => controls.toggle(),
    j: () => controls.seekBy(-10),
    l: () => controls.seekBy(10),
    ArrowLeft: () => controls.seekBy(-5),
    ArrowRight: () => controls.seekBy(5),
    ArrowUp: () => controls.changeVolume(0.05),
    ArrowDown: () => controls.changeVolume(-0.05),
    Home: () => controls.seek(0),
    End: () => controls.seek(controls.scrub.end_s),
    m: () => controls.mute(),
    c: () => controls.toggleCaptions(),
    f: () => controls.fullscreen(),
    i: () => controls.pictureInPicture(),
    "<": () => controls.changeSpeed(-1),
    ">": () => controls.changeSpeed(1),
    "?": () => controls.help(),
  };
  for (let tenth = 0; tenth <= 9; tenth += 1) KEYS[tenth] = () => controls.seek((controls.scrub.end_s * tenth) / 10);

  document.addEventListener("keydown", (event) => {
    const act = KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!act || event.ctrlKey || event.metaKey || event.altKey || byId("player").dataset.state !== "playable") return;
    const { target } = event;
    const isIn = (selector) => target instanceof Element && Boolean(target.closest(selector));
    if (isIn("dialog") || isIn("[role=menu]")) return;
    if (event.key === " " && isIn("button")) return; // it presses the button
    if (isIn("#volume") && event.key.startsWith("Arrow")) return;
    event.preventDefault();
    act();
  });
  video.addEventListener("contextmenu", (event) => event.stopPropagation());
};

export const bindTouch = (controls, byId) => {
  const surface = byId("touch");
  let last = { at: 0, side: "" };

  const sideOf = (event) => {
    const box = surface.getBoundingClientRect();
    const part = (event.clientX - box.left) / box.width;
    return part < SIDE ? "left" : part > 1 - SIDE ? "right" : "middle";
  };

  const touch = (event) => {
    const side = sideOf(event);
    const isDouble = side !== "middle" && side === last.side && event.timeStamp - last.at < DOUBLE_MS;
    last = { at: event.timeStamp, side };
    if (isDouble) controls.seekBy(side === "left" ? -10 : 10);
    else controls.touched();
  };

  let wasTouch = false;
  surface.addEventListener("pointerup", (event) => {
    wasTouch = event.pointerType !== "mouse";
    if (wasTouch) touch(event);
    else if (event.button === 0 && !controls.menu.isOpen) controls.toggle();
  });
  // Moving is noticed by all pages; a touch is not to wake what it is about to take away.
  surface.addEventListener("pointerdown", (event) => { if (event.pointerType !== "mouse") event.stopPropagation(); });
  surface.addEventListener("dblclick", () => { if (!wasTouch) controls.fullscreen(); });
};
