// The call as the node tells it. Each event changes it; what is shown is read from it.

export const MOST_PICTURES = 60; // of a person, as many as the node keeps
export const MOST_METERS = 60; // seconds that a plot shows
export const MOST_NOTES = 20;
const MOST_TEXTS = 200;
const NOTHING = { reference: null, replay: null, you: null, notes: [], texts: null, models: null };
const UNSHOWN = { invitation: null, audience: null };

export class Call {
  run = "";
  kind = "";
  sound = { lines: 1 };
  broker = null;
  people = new Map();

  constructor() {
    Object.assign(this, NOTHING, UNSHOWN);
  }

  /** Takes an event; true if it is one that this page knows and that is about somebody who is known. */
  apply(name, data) {
    const change = CHANGES[name];
    if (change === undefined) return false;
    return change(this, data) !== false;
  }

  get others() {
    return [...this.people.values()].filter((person) => !person.you);
  }
}

const CHANGES = {
  state(call, { people, ...rest }) {
    Object.assign(call, { sound: { lines: 1 } }, NOTHING, UNSHOWN, rest);
    const before = call.people;
    call.people = new Map(people.map((person) => [person.id, { ...person, history: history(person, before) }]));
  },
  person(call, person) {
    const known = call.people.get(person.id) ?? { pictures: [], meters: null, history: [] };
    call.people.set(person.id, { ...known, ...person });
  },
  gone: (call, { person }) => call.people.delete(person),
  picture(call, { person, picture }) {
    const pictures = call.people.get(person)?.pictures;
    if (pictures === undefined) return false;
    const at = pictures.findIndex((each) => each.sequence === picture.sequence);
    if (at >= 0) pictures[at] = picture;
    else pictures.push(picture);
    pictures.splice(0, pictures.length - MOST_PICTURES);
    return true;
  },
  screen(call, { person, url }) {
    if (!call.people.has(person)) return false;
    call.people.get(person).screen = url;
    return true;
  },
  cleared(call) {
    for (const person of call.people.values()) Object.assign(person, { pictures: [], screen: null, painting: null });
  },
  meters(call, { people, models = null }) {
    call.models = models;
    for (const [id, meters] of Object.entries(people)) {
      const person = call.people.get(id);
      if (person === undefined) continue;
      person.meters = meters;
      person.history = [...person.history, meters].slice(-MOST_METERS);
    }
  },
  note(call, note) {
    call.notes = [...call.notes, note].slice(-MOST_NOTES);
  },
  /** A line that somebody typed, or what is new about it. */
  text(call, text) {
    const texts = (call.texts ??= []);
    const at = texts.findIndex((each) => each.id === text.id);
    if (at >= 0) texts[at] = text;
    else texts.push(text);
    texts.splice(0, texts.length - MOST_TEXTS);
  },
  you: replaced,
  broker: replaced,
  replay: replaced,
  invitation: replaced,
  audience: replaced,
};

function replaced(call, fields) {
  Object.assign(call, fields);
}

/** The node's own memory of a person's meters, or what this page saw of the same person before the line broke. */
function history(person, before) {
  if (person.history?.length) return person.history.slice(-MOST_METERS);
  return before.get(person.id)?.history ?? [];
}
