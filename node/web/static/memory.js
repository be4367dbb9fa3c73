// What a reload of this tab, and no other tab, takes up again; and what is settled in this browser for good.

export function remember(name, on) {
  if (on) sessionStorage.setItem(name, "on");
  else sessionStorage.removeItem(name);
}

export const remembered = (name) => sessionStorage.getItem(name) === "on";

export const settle = (name) => localStorage.setItem(name, "on");

export const settled = (name) => localStorage.getItem(name) === "on";
