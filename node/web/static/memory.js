// What a reload of this tab, and no other tab, takes up again.

export function remember(name, on) {
  if (on) sessionStorage.setItem(name, "on");
  else sessionStorage.removeItem(name);
}

export const remembered = (name) => sessionStorage.getItem(name) === "on";
