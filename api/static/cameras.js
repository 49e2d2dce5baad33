// The cameras page: what each camera does now, and adding, starting, stopping and removing them.

import { ask, element, send } from "/static/api.js";
import "/static/moments.js";
import { t } from "/static/words.js";

const LOOK_MS = 1500;
const PICTURE_MS = 3000;
const OPEN = ["queued", "running", "stopping"];

const list = document.getElementById("cameras");
const adding = document.getElementById("adding");
const removing = document.getElementById("removing");
const cardOf = (name) => [...list.children].find((card) => card.dataset.camera === name);
const pictured = new Map();

function stateText({ state, feed }) {
  const open = feed && OPEN.includes(feed.state);
  if (open && feed.state === "queued") return feed.error ? t("waits to try again") : t("waits for its turn");
  if (open && feed.state === "stopping") return t("stopping");
  if (open) {
    const rate = feed.rate?.toFixed(0);
    if (feed.live) return feed.rate ? t("live, {rate} frames/s", { rate }) : t("live");
    return feed.rate ? t("being ingested, {rate} frames/s", { rate }) : t("being ingested");
  }
  if (feed?.state === "failed") return t("failed");
  return {
    new: t("stopped"),
    done: t("up to date"),
    running: t("being ingested"),
    interrupted: t("interrupted"),
    failed: t("failed"),
  }[state];
}

function update(card, camera) {
  const part = (name) => card.querySelector(`[data-part="${name}"]`);
  const { feed } = camera;
  const open = Boolean(feed && OPEN.includes(feed.state));
  const kind = open ? "running" : feed?.state === "failed" ? "failed" : camera.state;
  part("state").className = `state ${kind}`;
  part("state").textContent = stateText(camera);
  part("progress").hidden = !(open && feed.total);
  if (open && feed.total) part("progress").value = feed.done / feed.total;
  part("error").textContent = feed?.error ?? "";
  part("error").hidden = !feed?.error;
  part("visits").textContent = camera.tracklets === 1 ? t("1 visit") : t("{count} visits", { count: camera.tracklets });
  for (const [what, hidden] of [["start", open && feed?.wanted], ["stop", !open]]) {
    const button = card.querySelector(`[data-do="${what}"]`);
    if (button) button.hidden = Boolean(hidden);
  }
  if (open && feed.done > 0 && Date.now() - (pictured.get(camera.camera) ?? 0) > PICTURE_MS) {
    pictured.set(camera.camera, Date.now());
    const image = element("img", { alt: "" });
    image.addEventListener("load", () => card.querySelector(".picture").replaceChildren(image));
    image.src = `/api/v1/cameras/${encodeURIComponent(camera.camera)}/frame.jpg?now=${Date.now()}`;
  }
}

async function look() {
  try {
    const { cameras } = await ask("GET", "/cameras");
    const known = [...list.children].map((card) => card.dataset.camera);
    if (known.join("\n") !== cameras.map(({ camera }) => camera).join("\n")) {
      if (!document.querySelector("dialog[open]")) return location.reload();
    }
    for (const camera of cameras) {
      const card = cardOf(camera.camera);
      if (card) update(card, camera);
    }
  } catch (error) {
    say(error.message);
  }
  setTimeout(look, document.hidden ? 5 * LOOK_MS : LOOK_MS);
}

function say(text) {
  const said = document.getElementById("said");
  said.textContent = text;
  said.hidden = !text;
}

list.addEventListener("click", async (event) => {
  const button = event.target.closest("button[data-do]");
  if (!button) return;
  const name = button.closest("[data-camera]").dataset.camera;
  if (button.dataset.do === "remove") {
    removing.querySelector("form").reset();
    document.getElementById("removing-name").textContent = name;
    document.getElementById("removing-said").textContent = "";
    removing.showModal();
    return;
  }
  button.disabled = true;
  say("");
  try {
    update(cardOf(name), await ask("POST", `/cameras/${encodeURIComponent(name)}/${button.dataset.do}`));
  } catch (error) {
    say(error.message);
  }
  button.disabled = false;
});

if (adding) {
  const form = document.getElementById("camera-form");
  const said = document.getElementById("adding-said");
  const sending = document.getElementById("sending");
  let upload = null;
  const choose = () => {
    for (const part of form.querySelectorAll("[data-kind]")) part.hidden = part.dataset.kind !== form.kind.value;
    form.source.required = form.kind.value === "source";
    form.video.required = form.kind.value === "upload";
  };
  document.getElementById("add-camera").addEventListener("click", () => {
    form.reset();
    said.textContent = "";
    choose();
    adding.showModal();
  });
  document.getElementById("adding-close").addEventListener("click", () => adding.close());
  adding.addEventListener("close", () => upload?.abort());
  form.addEventListener("change", choose);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    said.textContent = "";
    const wish = { camera: form.camera.value.trim() };
    if (form.start.value) wish.start = new Date(form.start.value).toISOString();
    const button = form.querySelector("[type=submit]");
    button.disabled = true;
    try {
      if (form.kind.value === "source") {
        wish.source = form.source.value.trim();
      } else {
        upload = new AbortController();
        sending.hidden = false;
        const body = new FormData();
        body.append("video", form.video.files[0]);
        wish.upload = (await send("/uploads", body, (share) => (sending.value = share), upload.signal)).id;
      }
      await ask("POST", "/cameras", wish);
      location.reload();
    } catch (error) {
      if (error.name !== "AbortError") said.textContent = error.message;
    }
    sending.hidden = true;
    button.disabled = false;
  });

  document.getElementById("removing-close").addEventListener("click", () => removing.close());
  document.getElementById("remove-form").addEventListener("submit", async (event) => {
    event.preventDefault();
    const name = document.getElementById("removing-name").textContent;
    const erase = event.target.erase?.checked ? "?erase=true" : "";
    try {
      await ask("DELETE", `/cameras/${encodeURIComponent(name)}${erase}`);
      location.reload();
    } catch (error) {
      document.getElementById("removing-said").textContent = error.message;
    }
  });
}

look();
