// Times of a page that the server wrote, in the zone of the viewer; and pictures that are not there.

import { instant, utc } from "/static/time.js";

for (const time of document.querySelectorAll("time[datetime]")) {
  time.textContent = instant(time.dateTime);
  time.title = utc(time.dateTime);
}

for (const image of document.querySelectorAll("img[data-missing]")) {
  const missing = () => {
    const note = document.createElement("span");
    note.className = "missing";
    note.textContent = image.dataset.missing;
    image.replaceWith(note);
  };
  if (image.complete && !image.naturalWidth && image.currentSrc) missing();
  image.addEventListener("error", missing);
}
