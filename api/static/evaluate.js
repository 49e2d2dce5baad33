// Two reports at a time can be compared.
const form = document.querySelector("#compare");
const button = form?.querySelector("button");

function check() {
  const chosen = form.querySelectorAll("input:checked").length;
  button.disabled = chosen !== 2;
  document.querySelector("#advice").hidden = chosen === 2;
}

if (button) {
  form.addEventListener("change", check);
  check();
}
