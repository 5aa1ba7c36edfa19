// @ts-check
/// <reference lib="dom" />
// Light or dark as chosen last, before anything is drawn; a plain script, so that nothing flashes.
{
  const chosen = localStorage.getItem("theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
}
