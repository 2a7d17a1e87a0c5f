// Shows a state and its numbers in the page. Touches only what has changed, so that screen readers stay quiet.

const element = (id) => document.getElementById(id);

const card = element("card");
const choices = element("choices");
const again = element("again");
const panel = element("panel");
const details = element("details");
const sound = element("sound");

export const stage = element("stage");
export const video = element("video");

/** `handlers`: `onChoose(id)`, `onButton()`, `onSound()`, `onPanel(isOpen)`. */
export function begin({ onChoose, onButton, onSound, onPanel }) {
  again.addEventListener("click", onButton);
  sound.addEventListener("click", onSound);
  choices.addEventListener("click", ({ target }) => {
    const { id } = target.closest("button")?.dataset ?? {};
    if (id !== undefined) onChoose(id);
  });
  const toggle = (open) => {
    panel.hidden = !open;
    details.setAttribute("aria-expanded", String(open));
    onPanel(open);
  };
  details.addEventListener("click", () => toggle(panel.hidden));
  addEventListener("keydown", ({ key }) => {
    if (key === "Escape" && !panel.hidden && document.activeElement !== stage) toggle(false);
  });
}

/** `phrase` as of words.js. */
export function showWords(phrase) {
  card.hidden = phrase === null;
  stage.classList.toggle("dimmed", phrase !== null);
  if (phrase === null) return;
  write("title", phrase.title);
  write("detail", phrase.detail);
  write("next", phrase.next);
  card.classList.toggle("busy", phrase.busy);
  again.hidden = !phrase.button;
  write("again", phrase.button || "");
  showChoices(phrase.choices);
}

export function showSound(needed) {
  sound.hidden = !needed;
}

/** The button of the panel: what carries the signalling, and how good the way is. */
export function showBadge(text, good) {
  write("badge", text);
  details.classList.toggle("good", good);
}

/** `rows` are `[name, value]`; `note` is a sentence or null. */
export function showPanel(rows, note) {
  const list = element("numbers");
  while (list.children.length < rows.length * 2) {
    list.append(document.createElement("dt"), document.createElement("dd"));
  }
  rows.flat().forEach((text, index) => put(list.children[index], text));
  write("note", note ?? "");
}

function showChoices(ids) {
  const shown = [...choices.querySelectorAll("button")].map(({ dataset }) => dataset.id);
  choices.hidden = ids.length === 0;
  if (shown.length === ids.length && shown.every((id, index) => id === ids[index])) return;
  choices.replaceChildren(...ids.map(choice));
}

function choice(id) {
  const button = document.createElement("button");
  button.type = "button";
  button.dataset.id = id;
  button.textContent = id;
  const item = document.createElement("li");
  item.append(button);
  return item;
}

function write(id, text) {
  put(element(id), text);
}

function put(node, text) {
  if (node.textContent !== text) node.textContent = text;
  if (node.tagName === "P") node.hidden = text === "";
}
