// What the page says, in its language: the server writes the translations into the page, by the English text.

const words = JSON.parse(document.getElementById("words")?.textContent ?? "{}");

// Texts are whole sentences; a name in braces is replaced by its value: t("{count} visits", { count }).
export const t = (text, values = {}) =>
  (words[text] ?? text).replace(/\{(\w+)\}/g, (whole, name) => (Object.hasOwn(values, name) ? String(values[name]) : whole));

// The viewer's own kind of the page's language (en-GB, zh-SG), for dates.
const { lang } = document.documentElement;
export const locale = navigator.languages.find((one) => one.split("-")[0] === lang.split("-")[0]) ?? lang;
