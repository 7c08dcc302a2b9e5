"use strict";

const QUESTIONS = ["instruction", "looks"];
const KEYS = { ArrowLeft: "left", ArrowRight: "right", ArrowDown: "same" };
const PAUSE = 350; // milliseconds in which a vote is seen before the next pair comes

const $ = (id) => document.getElementById(id);
let rater = localStorage.getItem("rater") || "";
let place = { number: 1, done: 0, total: 0 };
let votes = {};
let asked = QUESTIONS[0]; // what the keys answer
let underway = Promise.resolve();
let faults = 0;

async function ask(path, options) {
  const reply = await fetch(path, options);
  if (!reply.ok) throw new Error((await reply.text()).trim());
  return reply.json();
}

/** One thing after another, as long as it is about what was seen when it was asked for: what
 * was asked for before a fault was seen is not done, and a key never answers another question. */
function attempt(action) {
  const seen = where();
  underway = underway.then(async () => {
    if (where() !== seen) return;
    try {
      $("trouble").hidden = true;
      await action();
    } catch (error) {
      faults += 1;
      const isOffline = error instanceof TypeError;
      $("trouble").textContent = isOffline ? "The study cannot be reached. Is it running?" : error.message;
      $("trouble").hidden = false;
    }
  });
}

function where() {
  return [faults, rater, place.number, $("item").hidden].join("/");
}

function show(section) {
  for (const id of ["start", "item", "end"]) $(id).hidden = id !== section;
}

function showProgress() {
  $("progress").max = Math.max(1, place.total);
  $("progress").value = place.done;
  const isAsking = !$("item").hidden;
  const where = isAsking ? `Pair ${place.number} of ${place.total}, ` : "";
  $("leave").hidden = !rater;
  $("leave").textContent = rater.startsWith("anonymous-") ? "Give a name" : `I am not ${rater}`;
  $("progress-text").textContent = place.total ? `${where}${place.done} answered` : "";
}

function medium(link, words) {
  const element = document.createElement(link.video ? "video" : "img");
  if (link.video) {
    Object.assign(element, { muted: true, loop: true, autoplay: true, playsInline: true });
    element.setAttribute("aria-label", words);
    element.onloadedmetadata = () => sharpen(element, element.videoWidth);
  } else {
    element.alt = words;
    element.onload = () => sharpen(element, element.naturalWidth);
  }
  element.src = link.url;
  return element;
}

/** Pixels that are shown larger than they are stay pixels: smoothing would flatter them. */
function sharpen(element, width) {
  element.classList.toggle("small", width < element.clientWidth);
}

/** Show a pair of this rater's order; without a number, the first that is not answered. */
async function open(number) {
  const query = new URLSearchParams({ rater, ...(number ? { number } : {}) });
  const reply = await ask(`/api/item?${query}`);
  place = { number: reply.number, done: reply.done, total: reply.total };
  if (reply.item === null) return finish();
  const item = reply.item;
  votes = item.votes;
  asked = firstOpen() ?? QUESTIONS[0];
  $("prompt").textContent = item.prompt;
  $("given").hidden = item.references.length === 0;
  $("references").replaceChildren(...item.references.map((link, i) => medium(link, `given, ${i + 1}`)));
  $("left").replaceChildren(medium(item.left, "left answer"));
  $("right").replaceChildren(medium(item.right, "right answer"));
  $("back").disabled = place.number === 1;
  show("item");
  showVotes();
  window.scrollTo(0, 0);
}

function finish() {
  const left = place.total - place.done;
  $("end-text").textContent = left
    ? `${place.done} of ${place.total} pairs are answered; ${left} are still open.`
    : `All ${place.total} pairs are answered.`;
  $("review").textContent = left ? "To the open pairs" : "Back to the last pair";
  show("end");
  showProgress();
}

function firstOpen() {
  return QUESTIONS.find((question) => !(question in votes));
}

function showVotes() {
  for (const fieldset of document.querySelectorAll("fieldset")) {
    const question = fieldset.dataset.question;
    fieldset.classList.toggle("current", question === asked);
    for (const button of fieldset.querySelectorAll("button")) {
      button.setAttribute("aria-pressed", String(votes[question] === button.dataset.choice));
    }
  }
  showProgress();
}

async function vote(question, choice) {
  const wasComplete = firstOpen() === undefined;
  const reply = await ask("/api/vote", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ rater, number: place.number, question, choice }),
  });
  votes[question] = choice;
  asked = firstOpen() ?? QUESTIONS[(QUESTIONS.indexOf(question) + 1) % QUESTIONS.length];
  place.done = reply.done;
  showVotes();
  if (reply.complete && !wasComplete) {
    await new Promise((done) => setTimeout(done, PAUSE));
    await next();
  }
}

async function next() {
  if (place.number < place.total) await open(place.number + 1);
  else finish();
}

function begin(event) {
  event.preventDefault();
  rater = $("name").value.trim() || `anonymous-${crypto.randomUUID().slice(0, 13)}`;
  localStorage.setItem("rater", rater);
  attempt(open);
}

function leave() {
  localStorage.removeItem("rater");
  rater = "";
  place = { number: 1, done: 0, total: 0 };
  $("name").value = "";
  show("start");
  showProgress();
  $("name").focus();
}

function press(event) {
  if ($("item").hidden || event.ctrlKey || event.metaKey || event.altKey) return;
  const isOnButton = document.activeElement instanceof HTMLButtonElement;
  if (event.key in KEYS) attempt(() => vote(asked, KEYS[event.key]));
  else if (event.key === "Backspace" && place.number > 1) attempt(() => open(place.number - 1));
  else if (event.key === "Enter" && !isOnButton) attempt(next);
  else return;
  event.preventDefault();
}

for (const fieldset of document.querySelectorAll("fieldset")) {
  fieldset.addEventListener("click", ({ target }) => {
    const choice = target.dataset.choice;
    if (choice) attempt(() => vote(fieldset.dataset.question, choice));
  });
}
$("start").addEventListener("submit", begin);
$("back").addEventListener("click", () => attempt(() => open(place.number - 1)));
$("next").addEventListener("click", () => attempt(next));
$("review").addEventListener("click", () =>
  attempt(() => open(place.done < place.total ? undefined : place.total)),
);
$("leave").addEventListener("click", () => {
  underway = underway.then(leave);
});
document.addEventListener("keydown", press);

if (rater) attempt(open);
else {
  show("start");
  $("name").focus();
}
