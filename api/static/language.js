// Whoever changes the language comes back to the same question: the server is never told what stands behind the #.

const form = document.querySelector("form.languages");

form?.addEventListener("submit", () => {
  form.back.value = location.pathname + location.search + location.hash;
});
