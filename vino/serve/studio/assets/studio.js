// What lists of the page report, and what happens on this side alone.
(() => {
  const prompt = () => document.querySelector("#prompt textarea");

  /** Put text where the cursor of the prompt is, apart from the words around it. */
  function insert(text) {
    const box = prompt();
    const before = box.value.slice(0, box.selectionStart), behind = box.value.slice(box.selectionEnd);
    const lead = /\w$/.test(before) ? " " : "", tail = /^\w/.test(behind) ? " " : "";
    box.setRangeText(lead + text + tail, box.selectionStart, box.selectionEnd, "end");
    box.dispatchEvent(new Event("input", { bubbles: true }));
    box.focus();
  }

  /** Report what is pressed or changed in a list: its data attributes, and a value or a form. */
  function listen(list, report) {
    list.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (!button) return;
      if ("play" in button.dataset) play(list);
      if (button.dataset.insert) insert("@" + button.dataset.insert);
      if (!button.dataset.do) return;
      event.preventDefault();
      const form = button.type === "submit" && button.form;
      report({ ...button.dataset, ...(form ? Object.fromEntries(new FormData(form)) : {}) });
    });
    list.addEventListener("change", (event) => {
      if (event.target.matches("input[data-do]")) {
        report({ ...event.target.dataset, value: event.target.value });
      }
    });
    list.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && event.target.matches("input[data-do]")) event.target.blur();
    });
    list.addEventListener("input", (event) => {
      const field = event.target;
      if ("scrub" in field.dataset) scrub(list, Number(field.value));
      if ("compare" in field.dataset) compare(field);
      if (field.form?.matches(".crop")) outline(field.form);
    });
    list.addEventListener("timeupdate", (event) => follow(list, event.target), true);
    list.addEventListener("pointerdown", (event) => draw(event));
  }

  // Clips: the timeline and the player go together.

  function play(list) {
    const video = list.querySelector("video");
    if (video.paused) video.play(); else video.pause();
  }

  function scrub(list, frame) {
    const video = list.querySelector("video");
    video.pause();
    video.currentTime = (frame + 0.5) / Number(video.dataset.fps);
    count(list, frame);
  }

  function follow(list, video) {
    const slider = list.querySelector("[data-scrub]");
    if (!slider || video.paused) return;
    const frame = Math.floor(video.currentTime * Number(video.dataset.fps));
    slider.value = frame;
    count(list, Math.min(frame, Number(slider.max)));
  }

  function count(list, frame) {
    const slider = list.querySelector("[data-scrub]");
    const said = `frame ${frame + 1} of ${Number(slider.max) + 1}`;
    slider.setAttribute("aria-valuetext", said);
    list.querySelector(".timeline output").textContent = said;
  }

  function compare(slider) {
    slider.closest(".stage").querySelector(".compare").style.setProperty("--at", slider.value + "%");
  }

  // Cropping: a box drawn on the picture and four numbers that say the same.

  const sides = (form) => ["left", "top", "right", "bottom"].map((name) => form.elements[name]);

  function outline(form) {
    const [left, top, right, bottom] = sides(form).map((field) => Number(field.value));
    form.querySelector(".box").style.inset = `${top}% ${100 - right}% ${100 - bottom}% ${left}%`;
  }

  function draw(event) {
    const canvas = event.target.closest(".canvas");
    if (!canvas) return;
    event.preventDefault();
    const form = canvas.closest("form"), area = canvas.getBoundingClientRect();
    const place = (e) => [(e.clientX - area.left) / area.width, (e.clientY - area.top) / area.height]
      .map((share) => Math.round(100 * Math.min(1, Math.max(0, share))));
    const from = place(event);
    const move = (e) => {
      const to = place(e);
      const box = [0, 1].map((i) => Math.min(from[i], to[i])).concat([0, 1].map((i) => Math.max(from[i], to[i])));
      sides(form).forEach((field, i) => { field.value = box[i]; });
      outline(form);
    };
    canvas.setPointerCapture(event.pointerId);
    canvas.addEventListener("pointermove", move);
    canvas.addEventListener("pointerup", () => canvas.removeEventListener("pointermove", move), { once: true });
  }

  // Files dropped or pasted into the prompt are added as references.

  function take(event, files) {
    const field = document.querySelector("#upload")?.parentElement.querySelector("input[type=file]");
    if (!field || !files?.length || !event.target.closest?.("#prompt")) return;
    event.preventDefault();
    event.stopPropagation();
    field.files = files;
    field.dispatchEvent(new Event("change", { bubbles: true }));
  }
  document.addEventListener("drop", (event) => take(event, event.dataTransfer.files), true);
  document.addEventListener("paste", (event) => take(event, event.clipboardData.files), true);
  document.addEventListener("dragover", (event) => {
    if (event.target.closest?.("#prompt")) event.preventDefault();
  }, true);

  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      document.querySelector("#make")?.click();
    }
  }, true);

  document.addEventListener("click", (event) => {
    if (event.target.closest("#make") && matchMedia("(max-width: 760px)").matches) {
      document.querySelector("#stage").scrollIntoView({ behavior: "smooth" });
    }
    if (event.target.closest("[data-theme-switch]")) {
      const dark = document.body.classList.toggle("dark");
      localStorage.setItem("vino-theme", dark ? "dark" : "light");
    }
  });
  document.addEventListener("DOMContentLoaded", () => {
    const chosen = localStorage.getItem("vino-theme");
    if (chosen) document.body.classList.toggle("dark", chosen === "dark");
  });

  window.vinoStudio = { listen };
})();
