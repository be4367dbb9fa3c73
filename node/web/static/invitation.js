// How somebody else comes into the call: its link, and the page's, each with its QR code.

import { byId, element, setText } from "./dom.js";

const KINDS = [
  ["link", "With Pictophone", "“pictophone room save NAME” asks for this link."],
  ["page", "With this page, on a phone", "Scan it, or open this address: it leads to this machine's end of the call."],
];
const AUDIENCE = "pictophone-audience:";
const SPACE = "http://www.w3.org/2000/svg";
const QUIET = 2; // modules of white around a code beside its own border: four in all, by its standard

export class Invitation {
  #shown = "";

  show({ invitation, kind }) {
    byId("show-invite").hidden = kind === "replay" || kind === "demo";
    const shown = JSON.stringify(invitation ?? null);
    if (shown === this.#shown) return;
    this.#shown = shown;
    for (const place of document.querySelectorAll(".invitation")) {
      place.replaceChildren(...KINDS.filter(([name]) => invitation?.[name]).map((each) => offer(invitation, each)));
      if (!place.childElementCount) place.append(element("p", { text: WITHOUT }));
    }
  }
}

const SELF_MADE =
  "The browser warns once, since this machine made its certificate itself. Go on if the fingerprint that it shows is this:";
const ONLY_HERE = "Its broker is on this machine: others need one that they can reach.";
const WITHOUT = "Give them the room's link: pictophone room show NAME prints it, with a QR code, in the terminal.";

function offer(invitation, [name, title, how]) {
  const address = invitation[name];
  const code = element("code", { text: address, tabindex: "0" });
  const copy = element("button", { type: "button", className: "plain", text: "Copy" });
  copy.hidden = !navigator.clipboard;
  copy.addEventListener("click", async () => {
    await navigator.clipboard.writeText(address);
    setText(copy, "Copied");
    setTimeout(() => setText(copy, "Copy"), 2000);
  });
  const told = address.startsWith(AUDIENCE) ? "“pictophone listen -” asks for this link." : how;
  const more = [];
  if (name === "page" && invitation.fingerprint) more.push(SELF_MADE, element("code", { text: invitation.fingerprint }));
  if (name === "link" && invitation.only_here) more.push(ONLY_HERE);
  const row = element("p", { className: "address" }, code, copy);
  const drawn = invitation.qr?.[name] ? [drawing(invitation.qr[name], title)] : [];
  return element("figure", {}, element("h3", { text: title }), ...drawn, element("figcaption", { text: told }), row, ...more);
}

/** A code of so many modules a side, whose dark ones are the path. */
function drawing({ size, path }, title) {
  const drawn = document.createElementNS(SPACE, "svg");
  const dark = document.createElementNS(SPACE, "path");
  dark.setAttribute("d", path);
  drawn.setAttribute("role", "img");
  drawn.setAttribute("aria-label", `QR code: ${title}`);
  drawn.setAttribute("viewBox", [-QUIET, -QUIET, size + 2 * QUIET, size + 2 * QUIET].join(" "));
  drawn.append(dark);
  return drawn;
}
