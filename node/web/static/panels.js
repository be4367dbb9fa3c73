// The drawers beside the call, one at a time, and the dialog with the invitation; and the full screen.

import { byId, setAttribute } from "./dom.js";

export class Panels {
  #opened;
  #shown = "";

  /** `opened` has for each drawer what is to be done when it opens. */
  constructor(opened) {
    this.#opened = opened;
    for (const name of Object.keys(opened)) {
      byId(`show-${name}`).addEventListener("click", () => this.toggle(name));
      byId(name).querySelector(".close").addEventListener("click", () => this.close());
    }
    const dialog = byId("invite");
    byId("show-invite").addEventListener("click", () => dialog.showModal());
    dialog.addEventListener("click", ({ target }) => (target === dialog || target.closest(".close")) && dialog.close());
    this.#fullScreen(byId("fullscreen"));
  }

  toggle(name) {
    if (this.#shown === name) this.close();
    else this.open(name);
  }

  open(name) {
    this.#show(name);
    this.#opened[name]();
  }

  close() {
    const shown = this.#shown;
    if (!shown) return;
    const inside = byId(shown).contains(document.activeElement);
    this.#show("");
    if (inside) byId(`show-${shown}`).focus();
  }

  #show(name) {
    this.#shown = name;
    document.body.toggleAttribute("data-drawer", name !== "");
    for (const each of Object.keys(this.#opened)) {
      byId(each).hidden = each !== name;
      setAttribute(byId(`show-${each}`), "aria-expanded", String(each === name));
    }
  }

  #fullScreen(button) {
    button.hidden = !document.fullscreenEnabled;
    button.addEventListener("click", () => {
      if (document.fullscreenElement) document.exitFullscreen();
      else document.documentElement.requestFullscreen().catch(() => {});
    });
    document.addEventListener("fullscreenchange", () =>
      setAttribute(button, "aria-pressed", String(document.fullscreenElement !== null)),
    );
  }
}
