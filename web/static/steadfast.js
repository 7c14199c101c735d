// Progressive enhancement only: every page works without it. Starts the design system's own components.
import { initAll } from "/static/vendor/nhsuk-frontend.min.js";

document.body.classList.add("js-enabled");
if ("noModule" in HTMLScriptElement.prototype) {
  document.body.classList.add("nhsuk-frontend-supported");
}
initAll();
