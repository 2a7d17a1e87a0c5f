// Mouse, keyboard and touch on the picture, as messages to the streamer.
//
// Keys are taken while the picture has the focus. Shift+Tab leaves it, so that nobody is caught; the browser's own
// F5, F11 and F12 stay the browser's. What is held down is released when the focus or the page goes.

import { deltaOf, Fingers, keyOf, pictureIn, pointOf } from "./input.js";

const BROWSER_KEYS = new Set(["F5", "F11", "F12"]);
const BACKSPACE = 8;
const FULL_FORCE = 255;

/**
 * Listens on `surface`, which shows `video`. `send(name, values, droppable)` is given every message. Returns a function
 * that ends it.
 */
export function listen(surface, video, send) {
  const controller = new AbortController();
  const controls = new Controls(surface, video, send);
  const on = (target, type, listener, options = {}) =>
    target.addEventListener(type, listener, { ...options, signal: controller.signal });
  controls.mouse((type, listener, options) => on(surface, type, listener, options));
  controls.touch((type, listener) => on(surface, type, listener));
  controls.keyboard((type, listener) => on(surface, type, listener));
  on(window, "mouseup", (event) => controls.mouseUp(event));
  for (const type of ["blur", "pagehide"]) on(window, type, () => controls.releaseAll());
  on(surface, "blur", () => controls.releaseKeys());
  return () => {
    controls.releaseAll();
    controller.abort();
  };
}

class Controls {
  #surface;
  #video;
  #send;
  #keys = new Set();
  #buttons = new Set();
  #fingers = new Fingers();
  #last = { x: 0, y: 0 };

  constructor(surface, video, send) {
    this.#surface = surface;
    this.#video = video;
    this.#send = send;
  }

  mouse(on) {
    on("mouseenter", () => this.#send("MouseEnter", []));
    on("mouseleave", () => this.#send("MouseLeave", []));
    on("mousemove", (event) => this.#mouseMove(event));
    on("mousedown", (event) => this.#mouseDown(event));
    on("dblclick", (event) => this.#at(event, ({ x, y }) => this.#send("MouseDouble", [event.button, x, y])));
    on("wheel", (event) => this.#wheel(event), { passive: false });
    on("contextmenu", (event) => event.preventDefault());
  }

  touch(on) {
    on("pointerdown", (event) => this.#touch("TouchStart", event));
    on("pointermove", (event) => this.#touch("TouchMove", event));
    for (const type of ["pointerup", "pointercancel"]) on(type, (event) => this.#touch("TouchEnd", event));
  }

  keyboard(on) {
    on("keydown", (event) => this.#keyDown(event));
    on("keyup", (event) => this.#keyUp(event));
    on("keypress", (event) => {
      this.#send("KeyPress", [event.charCode || event.keyCode]);
      event.preventDefault();
    });
  }

  /** Wherever it comes up: it may have gone down on the picture and left it since. */
  mouseUp(event) {
    if (!this.#buttons.delete(event.button)) return;
    this.#at(event, ({ x, y }) => this.#send("MouseUp", [event.button, x, y]));
    event.preventDefault();
  }

  releaseKeys() {
    for (const key of this.#keys) this.#send("KeyUp", [key]);
    this.#keys.clear();
  }

  releaseAll() {
    this.releaseKeys();
    for (const button of this.#buttons) this.#send("MouseUp", [button, this.#last.x, this.#last.y]);
    this.#buttons.clear();
  }

  #picture() {
    const { videoWidth: width, videoHeight: height } = this.#video;
    return width > 0 ? pictureIn(this.#surface.getBoundingClientRect(), { width, height }) : null;
  }

  /** Calls `then(point, picture)` unless there is no picture yet. */
  #at(event, then) {
    const picture = this.#picture();
    if (picture) then((this.#last = pointOf(event.clientX, event.clientY, picture)), picture);
  }

  #mouseDown(event) {
    this.#surface.focus();
    this.#at(event, ({ x, y, inside }) => {
      if (!inside) return;
      this.#buttons.add(event.button);
      this.#send("MouseDown", [event.button, x, y]);
    });
    event.preventDefault();
  }

  #mouseMove(event) {
    this.#at(event, ({ x, y }, picture) => {
      const delta = deltaOf(event.movementX, event.movementY, picture);
      this.#send("MouseMove", [x, y, delta.x, delta.y], true);
    });
  }

  #wheel(event) {
    // Unreal expects what browsers used to call wheelDelta: 120 a notch, up is positive.
    const notches = event.wheelDelta ?? -event.deltaY;
    this.#at(event, ({ x, y }) => this.#send("MouseWheel", [notches, x, y]));
    event.preventDefault();
  }

  #touch(name, event) {
    if (event.pointerType !== "touch") return;
    const finger = {
      TouchStart: () => this.#fingers.take(event.pointerId),
      TouchMove: () => this.#fingers.of(event.pointerId),
      TouchEnd: () => this.#fingers.release(event.pointerId),
    }[name]();
    // No mouse events are to follow.
    event.preventDefault();
    if (finger === null) return;
    if (name === "TouchStart") this.#surface.focus();
    const force = name === "TouchEnd" ? 0 : FULL_FORCE * (event.pressure || 1);
    this.#at(event, ({ x, y, inside }) =>
      this.#send(name, [1, x, y, finger, force, inside ? 1 : 0], name === "TouchMove"),
    );
  }

  #keyDown(event) {
    const key = keyOf(event);
    if (key === null || isBrowsers(event)) return;
    this.#keys.add(key);
    this.#send("KeyDown", [key, event.repeat ? 1 : 0]);
    // Browsers make no keypress of it, and Unreal's text fields need one.
    if (key === BACKSPACE) this.#send("KeyPress", [BACKSPACE]);
    // Keys that make characters must go on to become a keypress; the rest must not scroll or leave the page.
    if (event.key.length > 1 && event.key !== "Enter") event.preventDefault();
  }

  #keyUp(event) {
    const key = keyOf(event);
    if (key === null || !this.#keys.delete(key)) return;
    this.#send("KeyUp", [key]);
    event.preventDefault();
  }
}

function isBrowsers({ key, shiftKey }) {
  return BROWSER_KEYS.has(key) || (key === "Tab" && shiftKey);
}
