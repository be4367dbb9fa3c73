// Keys for the bar's buttons, wherever on the page no text is being written; Escape closes what is open.

import { byId } from "./dom.js";

const WRITES = "input:not([type=range]), textarea, select, dialog";

/** `buttons` names a button for each key. */
export function keys(buttons, escape) {
  document.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.repeat) return;
    if (event.key === "Escape" && !event.target.closest("dialog")) escape();
    const button = byId(buttons[event.key.toLowerCase()]);
    if (!button || button.hidden || button.disabled || event.target.closest(WRITES)) return;
    if (button.closest("[inert]")) return; // before the call and after it a click would still reach it
    event.preventDefault();
    button.click();
  });
}
